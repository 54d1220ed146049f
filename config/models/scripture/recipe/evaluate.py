"""Scores shipped weights on the held-out chapters in float32, in one pass from a zero state.

    python evaluate.py gru
"""

import argparse
import math

import numpy as np

import served
import text


def main():
    """Prints bits per character, perplexity, and how often the likeliest character is right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cell", choices=["rnn", "gru", "lstm", "jordan"], nargs="?", default="rnn")
    network = served.Served(parser.parse_args().cell, np.float32)
    held_out = text.load()[2]
    tokens = [network.place[character] for character in held_out]
    nats, right = 0.0, 0
    for token, following in zip(tokens, tokens[1:]):
        answer = network.advance(token)
        nats -= float(answer[following])
        right += int(answer.argmax()) == following
    count = len(tokens) - 1
    bits = nats / count / math.log(2)
    print(f"{bits:.4f} bits per character over {count} predictions")
    print(f"perplexity {2 ** bits:.3f}, likeliest character right {right / count:.4f}")


if __name__ == "__main__":
    main()
