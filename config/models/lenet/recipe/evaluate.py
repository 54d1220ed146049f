"""Scores the shipped weights on the 1,000 test images in float32.

    python evaluate.py
"""

import torch

import data
import served


def main():
    """Prints the accuracy, and how often each digit is recognised."""
    pixels, labels = data.load("test")
    images = torch.from_numpy(data.normalise(pixels))
    with torch.no_grad():
        guesses = served.logits(images, served.weights()).argmax(1).numpy()
    right = guesses == labels
    print(f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)})")
    for index, label in enumerate(data.LABELS):
        print(f"{label} {right[labels == index].mean():.2f}")


if __name__ == "__main__":
    main()
