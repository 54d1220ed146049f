"""Lets a shipped network go on from a beginning, to see what it has learned.

    python sample.py gru "In the beginning"
"""

import argparse

import numpy as np

import served

LENGTH = 300
TEMPERATURE = 0.6


def main():
    """Prints the beginning and what the network makes of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cell", choices=["rnn", "gru", "lstm", "jordan"], nargs="?", default="rnn")
    parser.add_argument("beginning", nargs="?", default="In the beginning")
    arguments = parser.parse_args()
    network = served.Served(arguments.cell, np.float32)
    symbols = list(network.place)
    rng = np.random.default_rng(1)
    for character in arguments.beginning:
        answer = network.advance(network.place[character])
    continuation = []
    for _ in range(LENGTH):
        weights = np.exp(answer.astype(np.float64) / TEMPERATURE)
        token = rng.choice(len(symbols), p=weights / weights.sum())
        continuation.append(symbols[token])
        answer = network.advance(token)
    print(arguments.beginning + "".join(continuation))


if __name__ == "__main__":
    main()
