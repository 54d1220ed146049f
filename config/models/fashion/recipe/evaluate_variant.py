"""Scores a variant's shipped weights on all 10,000 test images in float32.

    python evaluate_variant.py local
"""

import argparse

import numpy as np
import torch

import data
import served_variant
from variants import KINDS


def main():
    """Prints the accuracy, and how often each class is recognised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    tensors = served_variant.weights(parser.parse_args().kind)
    pixels, labels = data.load("t10k")
    guesses = []
    with torch.no_grad():
        for batch in np.array_split(pixels, 50):
            images = torch.from_numpy(data.normalise(batch))
            guesses.append(served_variant.logits(images, tensors).argmax(1).numpy())
    right = np.concatenate(guesses) == labels
    print(f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)})")
    print(f"{sum(tensor.numel() for tensor in tensors.values())} weights")
    for index, label in enumerate(data.LABELS):
        print(f"{label:12} {right[labels == index].mean():.3f}")


if __name__ == "__main__":
    main()
