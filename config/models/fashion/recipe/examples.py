"""Writes a few test images that the network gets right as PNG files into ../examples.

    python examples.py
"""

import torch
from PIL import Image

import data
import served

CHOSEN = {"shirt": 6, "sneaker": 7, "bag": 8}


def main():
    """Takes, of the first 1,000 test images, the clearest of each chosen class."""
    pixels, labels = data.load("t10k")
    images = torch.from_numpy(data.normalise(pixels[:1000]))
    answers = served.logits(images, served.weights()).softmax(1).numpy()
    folder = served.MODEL / "examples"
    folder.mkdir(exist_ok=True)
    for name, label in CHOSEN.items():
        scores = answers[:, label] * (labels[:1000] == label)
        best = int(scores.argmax())
        Image.fromarray(pixels[best]).save(folder / f"{name}.png")
        print(f"{name}: test image {best}, probability {scores[best]:.4f}")


if __name__ == "__main__":
    main()
