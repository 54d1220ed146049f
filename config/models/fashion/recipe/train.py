"""Trains the network on Fashion-MNIST; a run that was interrupted goes on where it stopped.

    python train.py                                a narrow network, in narrow.pt
    python train.py --widen narrow.pt              a wider one, which begins with its weights
    python train.py --widen wide.pt --polish       the shipped one: another round, without holes
    python train.py --epochs 12 --hold-out         a trial, scored on 5,000 images kept back
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
from network import NARROW, WIDE, MaxoutNetwork, widened

BATCH = 128
WARM_UP = 0.05
SHIFT = 2
HOLE = 8
HELD_OUT = 5000


def augmented(pixels, rng, holes=0.5):
    """Normalised images, shifted by up to 2 pixels, half mirrored, a share of them with a hole."""
    count = len(pixels)
    padded = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (28, 28), axis=(1, 2))
    rows, columns = rng.integers(0, 2 * SHIFT + 1, (2, count))
    images = data.normalise(windows[np.arange(count), rows, columns])
    mirrored = rng.random(count) < 0.5
    images[mirrored] = images[mirrored, :, :, ::-1]
    for index in np.flatnonzero(rng.random(count) < holes):
        top, left = rng.integers(0, 28 - HOLE // 2, 2)
        images[index, 0, top : top + HOLE, left : left + HOLE] = 0
    return torch.from_numpy(images)


def rate(peak, progress):
    """Learning rate after the fraction `progress` of the run: a short ramp, then half a cosine."""
    ramp = min(1.0, progress / WARM_UP)
    cosine = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (progress - WARM_UP) / (1 - WARM_UP)))
    return peak * ramp * cosine + 1e-5


def average(mean, network, step):
    """Moves the running mean of the weights a little towards the network's present ones."""
    decay = min(0.998, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, fresh in zip(mean.state_dict().values(), network.state_dict().values()):
            if kept.dtype.is_floating_point:
                kept.lerp_(fresh, 1 - decay)
            else:
                kept.copy_(fresh)


def accuracy(network, pixels, labels):
    """Share of images whose largest logit is the right one."""
    network.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(pixels), 1000):
            images = torch.from_numpy(data.normalise(pixels[start : start + 1000]))
            guesses = network(images).argmax(1).numpy()
            right += int((guesses == labels[start : start + 1000]).sum())
    return right / len(pixels)


def train(arguments):
    """Runs the epochs that the checkpoint has not seen, saving after each."""
    pixels, labels = data.load("train")
    kept = len(pixels) - (HELD_OUT if arguments.hold_out else 0)
    network = MaxoutNetwork(WIDE if arguments.widen else NARROW)
    if arguments.widen:
        network = widened(torch.load(arguments.widen)["mean"], network)
    network = network.to(memory_format=torch.channels_last)
    peak = 0.03 if arguments.polish else 0.06 if arguments.widen else 0.1
    holes = 0 if arguments.polish else 0.5
    mean = copy.deepcopy(network)
    optimizer = torch.optim.SGD(
        network.parameters(), peak, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    first, seconds = 0, 0.0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint)
        network.load_state_dict(saved["network"])
        mean.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        first, seconds = saved["epoch"], saved["seconds"]
    batches = kept // BATCH
    for epoch in range(first, arguments.epochs):
        began = time.monotonic()
        torch.manual_seed(epoch)
        rng = np.random.default_rng(epoch)
        order = rng.permutation(kept)
        total = 0.0
        network.train()
        for batch in range(batches):
            step = epoch * batches + batch
            optimizer.param_groups[0]["lr"] = rate(
                peak, step / (arguments.epochs * batches)
            )
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            answers = torch.from_numpy(labels[chosen].astype(np.int64))
            with torch.autocast("cpu", torch.bfloat16):
                guesses = network(augmented(pixels[chosen], rng, holes)).float()
            loss = functional.cross_entropy(guesses, answers, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            average(mean, network, step)
            total += loss.item()
        seconds += time.monotonic() - began
        saved = {
            "network": network.state_dict(),
            "mean": mean.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "seconds": seconds,
        }
        # Written beside and renamed, so that an interruption never leaves half a file.
        fresh = arguments.checkpoint.with_suffix(".new")
        torch.save(saved, fresh)
        fresh.replace(arguments.checkpoint)
        line = f"epoch {epoch + 1:2} loss {total / batches:.4f} seconds {seconds:.0f}"
        if arguments.hold_out:
            line += f" held out {accuracy(mean, pixels[kept:], labels[kept:]):.4f}"
        print(line, flush=True)


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widen", type=Path)
    parser.add_argument("--polish", action="store_true")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    name, epochs = "narrow.pt", 36
    if arguments.widen:
        name, epochs = ("fashion.pt", 8) if arguments.polish else ("wide.pt", 14)
    arguments.epochs = arguments.epochs or epochs
    arguments.checkpoint = arguments.checkpoint or Path(name)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


if __name__ == "__main__":
    main()
