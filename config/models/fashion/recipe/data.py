"""Fashion-MNIST as arrays, and the preprocessing that the network expects."""

import gzip
from pathlib import Path

import numpy as np

# Where the Debian package dataset-fashion-mnist puts its files.
FOLDER = Path("/usr/share/datasets/fashion-mnist")

# Mean and standard deviation of the training pixels, scaled to 0…1.
MEAN, SCALE = 0.286, 0.353

LABELS = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]


def load(part):
    """Images [N, 28, 28] and labels [N], both uint8; `part` is "train" or "t10k"."""
    images = gzip.decompress((FOLDER / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((FOLDER / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    # The IDX headers are 16 bytes for images and 8 for labels.
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pixels, np.frombuffer(labels, np.uint8, offset=8)


def normalise(pixels):
    """Network input [N, 1, 28, 28] in float32 for uint8 images [N, 28, 28]."""
    scaled = (pixels.astype(np.float32) / np.float32(255) - np.float32(MEAN)) / np.float32(SCALE)
    return scaled[:, None]
