"""Trains a variant of the network, beginning with the trained narrow one; goes on if interrupted.

    python train_variant.py local     the weights of ../../fashion-local
    python train_variant.py tiled     the weights of ../../fashion-tiled
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
from train import BATCH, HELD_OUT, accuracy, augmented, average
from variants import KINDS, Variant

PEAK_RATE = 0.04
WARM_UP = 0.05


def rate(progress):
    """Learning rate after the fraction `progress` of the run: a short ramp, then half a cosine."""
    ramp = min(1.0, progress / WARM_UP)
    cosine = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (progress - WARM_UP) / (1 - WARM_UP)))
    return PEAK_RATE * ramp * cosine + 1e-5


class Run:
    """A network in training, with all that a checkpoint holds."""

    def __init__(self, arguments):
        """Begins with the narrow network, or where the checkpoint stopped."""
        self.arguments = arguments
        narrow = torch.load(arguments.narrow)["mean"]
        network = Variant(KINDS[arguments.kind], narrow).to(memory_format=torch.channels_last)
        self.network, self.mean = network, copy.deepcopy(network)
        self.optimizer = torch.optim.SGD(
            network.parameters(), PEAK_RATE, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        self.epoch, self.seconds = 0, 0.0
        if arguments.checkpoint.exists():
            saved = torch.load(arguments.checkpoint)
            for name in ("network", "mean", "optimizer"):
                getattr(self, name).load_state_dict(saved[name])
            self.epoch, self.seconds = saved["epoch"], saved["seconds"]

    def step(self, images, answers, progress, count):
        """One step of the optimizer; `count` are the steps before it. Returns the loss."""
        self.optimizer.param_groups[0]["lr"] = rate(progress)
        with torch.autocast("cpu", torch.bfloat16):
            guesses = self.network(images).float()
        loss = functional.cross_entropy(guesses, answers, label_smoothing=0.05)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        average(self.mean, self.network, count)
        return loss.item()

    def advance(self, pixels, labels):
        """One epoch over uint8 images and labels. Returns the mean loss."""
        began = time.monotonic()
        torch.manual_seed(self.epoch)
        rng = np.random.default_rng(self.epoch)
        order, batches, total = rng.permutation(len(pixels)), len(pixels) // BATCH, 0.0
        self.network.train()
        for batch in range(batches):
            count = self.epoch * batches + batch
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            answers = torch.from_numpy(labels[chosen].astype(np.int64))
            progress = count / (self.arguments.epochs * batches)
            total += self.step(augmented(pixels[chosen], rng), answers, progress, count)
        self.epoch, self.seconds = self.epoch + 1, self.seconds + time.monotonic() - began
        return total / batches

    def save(self):
        """Writes the checkpoint beside and renames it, so that half a file is never left."""
        saved = {n: getattr(self, n).state_dict() for n in ("network", "mean", "optimizer")}
        fresh = self.arguments.checkpoint.with_suffix(".new")
        torch.save(saved | {"epoch": self.epoch, "seconds": self.seconds}, fresh)
        fresh.replace(self.arguments.checkpoint)


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--narrow", type=Path, default=Path("narrow.pt"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    arguments.checkpoint = arguments.checkpoint or Path(f"fashion-{arguments.kind}.pt")
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    pixels, labels = data.load("train")
    kept = len(pixels) - (HELD_OUT if arguments.hold_out else 0)
    run = Run(arguments)
    while run.epoch < arguments.epochs:
        loss = run.advance(pixels[:kept], labels[:kept])
        run.save()
        line = f"epoch {run.epoch:2} loss {loss:.4f} seconds {run.seconds:.0f}"
        if arguments.hold_out:
            line += f" held out {accuracy(run.mean, pixels[kept:], labels[kept:]):.4f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
