"""Scores the network and its variants on test images that are moved sideways.

    python shifted.py
"""

import numpy as np
import torch

import data
import served
import served_variant
from variants import KINDS

MOVES = (0, 2, 4)


def moved(pixels, columns):
    """Images [N, 28, 28] moved to the right by so many columns, to the left if negative."""
    result = np.roll(pixels, columns, 2)
    result[:, :, slice(0, columns) if columns >= 0 else slice(columns, None)] = 0
    return result


def accuracy(logits, tensors, pixels, labels):
    """Share of images whose largest logit is the right one."""
    guesses = []
    with torch.no_grad():
        for batch in np.array_split(pixels, 50):
            images = torch.from_numpy(data.normalise(batch))
            guesses.append(logits(images, tensors).argmax(1).numpy())
    return (np.concatenate(guesses) == labels).mean()


def main():
    """Prints the accuracy for each distance, the mean of both directions."""
    torch.set_num_threads(1)
    pixels, labels = data.load("t10k")
    networks = {"fashion": (served.logits, served.weights())}
    for kind in KINDS:
        networks[f"fashion-{kind}"] = (served_variant.logits, served_variant.weights(kind))
    for name, (logits, tensors) in networks.items():
        scores = [
            np.mean([accuracy(logits, tensors, moved(pixels, c), labels) for c in {move, -move}])
            for move in MOVES
        ]
        print(name, *(f"{score:.4f}" for score in scores))


if __name__ == "__main__":
    main()
