"""Lets the shipped network go on from a beginning, to see what it has learned.

    python sample.py "In the beginning"
"""

import sys

import numpy as np

import served

LENGTH = 300
TEMPERATURE = 0.6


def main():
    """Prints the beginning and what the network makes of it."""
    beginning = sys.argv[1] if len(sys.argv) > 1 else "In the beginning"
    network = served.Served(np.float32)
    symbols = list(network.place)
    rng = np.random.default_rng(1)
    for character in beginning:
        answer = network.advance(network.place[character])
    continuation = []
    for _ in range(LENGTH):
        weights = np.exp(answer.astype(np.float64) / TEMPERATURE)
        token = rng.choice(len(symbols), p=weights / weights.sum())
        continuation.append(symbols[token])
        answer = network.advance(token)
    print(beginning + "".join(continuation))


if __name__ == "__main__":
    main()
