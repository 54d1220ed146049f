"""Trains the network on 4,000 handwritten digits.

    python train.py                the shipped weights: all 4,000 training images
    python train.py --hold-out     a trial, scored on every eighth of them, kept back
"""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import data
from network import LeNet

BATCH = 64
PEAK_RATE = 2e-3
WEIGHT_DECAY = 0.05
# Largest turn in radians, shear, change of size, and shift in halves of the picture's side.
TURN, SHEAR, GROWTH, SHIFT = 0.2, 0.15, 0.1, 0.08
# Largest displacement of a bent stroke, in halves of the picture's side.
BEND = 0.08


def distorted(images, generator):
    """Images [N, 1, 28, 28], each turned, sheared, resized, shifted and bent at random."""
    count = len(images)

    def draw(*shape):
        return 2 * torch.rand(count, *shape, generator=generator) - 1

    angle, sizes = TURN * draw(), 1 + GROWTH * draw(2)
    cosine, sine = angle.cos(), angle.sin()
    turn = torch.stack([cosine, -sine, sine, cosine], 1).view(count, 2, 2)
    shear = torch.eye(2).repeat(count, 1, 1)
    shear[:, 0, 1] = SHEAR * draw()
    matrix = turn @ shear * sizes[:, None]
    maps = torch.cat([matrix, SHIFT * draw(2, 1)], 2)
    grid = functional.affine_grid(maps, images.shape, align_corners=False)
    # A coarse field of displacements, smoothly enlarged, bends the strokes.
    field = functional.interpolate(BEND * draw(2, 4, 4), 28, mode="bicubic", align_corners=True)
    return functional.grid_sample(images, grid + field.movedim(1, 3), align_corners=False)


def average(mean, network, step):
    """Moves the running mean of the weights a little towards the network's present ones."""
    decay = min(0.998, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, fresh in zip(mean.parameters(), network.parameters()):
            kept.lerp_(fresh, 1 - decay)


def accuracy(network, images, labels):
    """Share of images whose largest logit is the right one."""
    with torch.no_grad():
        return (network(images).argmax(1) == labels).float().mean().item()


def train(arguments):
    """Runs all epochs and saves the averaged weights at the end."""
    pixels, labels = data.load("train")
    images = torch.from_numpy(data.normalise(pixels))
    labels = torch.from_numpy(labels.astype(np.int64))
    held = torch.arange(len(labels)) % 8 == 0
    kept = (~held if arguments.hold_out else torch.ones(len(labels), dtype=bool)).nonzero()[:, 0]
    network = LeNet()
    mean = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=WEIGHT_DECAY)
    generator = torch.Generator().manual_seed(1)
    batches = len(kept) // BATCH
    began = time.monotonic()
    for epoch in range(arguments.epochs):
        order = kept[torch.randperm(len(kept), generator=generator)]
        total = 0.0
        for batch, chosen in enumerate(order[: batches * BATCH].split(BATCH)):
            progress = (epoch + batch / batches) / arguments.epochs
            rate = PEAK_RATE * (0.5 + 0.5 * math.cos(math.pi * progress)) + 1e-6
            optimizer.param_groups[0]["lr"] = rate
            guesses = network(distorted(images[chosen], generator))
            loss = functional.cross_entropy(guesses, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average(mean, network, epoch * batches + batch)
            total += loss.item()
        line = f"epoch {epoch + 1} loss {total / batches:.4f} seconds {time.monotonic() - began:.0f}"
        if arguments.hold_out:
            line += f" held out {accuracy(mean, images[held], labels[held]):.4f}"
        print(line, flush=True)
    saved = {"mean": mean.state_dict(), "epoch": arguments.epochs}
    torch.save(saved | {"seconds": time.monotonic() - began}, arguments.checkpoint)


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=90)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=Path("lenet.pt"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


if __name__ == "__main__":
    main()
