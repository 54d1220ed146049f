"""Scores the shipped weights on all 10,000 test images in float32.

    python evaluate.py
"""

import numpy as np
import torch

import data
import served


def main():
    """Prints the accuracy, and how often each class is recognised."""
    tensors = served.weights()
    pixels, labels = data.load("t10k")
    guesses = []
    with torch.no_grad():
        for batch in np.array_split(pixels, 20):
            images = torch.from_numpy(data.normalise(batch))
            guesses.append(served.logits(images, tensors).argmax(1).numpy())
    right = np.concatenate(guesses) == labels
    print(f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)})")
    for index, label in enumerate(data.LABELS):
        print(f"{label:12} {right[labels == index].mean():.3f}")


if __name__ == "__main__":
    main()
