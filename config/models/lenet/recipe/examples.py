"""Writes a few test images that the network gets right as PNG files into ../examples.

    python examples.py
"""

import torch
from PIL import Image

import data
import served

CHOSEN = {"two": 2, "five": 5, "eight": 8}


def main():
    """Takes the clearest test image of each chosen digit."""
    pixels, labels = data.load("test")
    images = torch.from_numpy(data.normalise(pixels))
    answers = served.logits(images, served.weights()).softmax(1).numpy()
    folder = served.MODEL / "examples"
    folder.mkdir(exist_ok=True)
    for name, label in CHOSEN.items():
        scores = answers[:, label] * (labels == label)
        best = int(scores.argmax())
        Image.fromarray(pixels[best]).save(folder / f"{name}.png")
        print(f"{name}: test image {best}, probability {scores[best]:.4f}")


if __name__ == "__main__":
    main()
