"""Trains the network on expressions that are nested up to four deep.

    python train.py
"""

import argparse
import math
import random
import time
from pathlib import Path

import torch
from torch.nn import functional

import expressions
from network import RecursiveNetwork
from trees import NONE, Batch, Tree

# How many expressions of each depth are trained on.
COUNTS = {1: 8000, 2: 8000, 3: 8000, 4: 8000}
BATCH = 128
PEAK_RATE = 2e-3
WARM_UP = 200
NOISE = 0.15


def rate(progress, step):
    """Learning rate after the fraction `progress` of the run: a short ramp, then half a cosine."""
    cosine = 0.5 + 0.5 * math.cos(math.pi * progress)
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * cosine + 1e-6


def loss(network, forest):
    """Cross-entropy of every node that has a value: each digit and each beginning of a list."""
    values = torch.from_numpy(forest.value)
    known = values != NONE
    return functional.cross_entropy(network.logits(network(forest)[known]), values[known])


def accuracy(network, forests):
    """Share of trees whose root is right."""
    network.eval()
    right = count = 0
    with torch.no_grad():
        for forest in forests:
            guesses = network.logits(network(forest)[forest.roots]).argmax(1).numpy()
            right += (guesses == forest.value[forest.roots]).sum()
            count += len(guesses)
    network.train()
    return right / count


def train(arguments):
    """Runs all epochs, prints the score of the validation after each, saves at the end."""
    began = time.monotonic()
    trees, validation = [], {}
    for depth, count in COUNTS.items():
        trees += [Tree(e) for e in expressions.sample(depth, count, seed=depth, test=False)]
    for depth in (4, 7):
        # Another seed; of depth 4 a few may be in the training part, of depth 7 none can be.
        others = expressions.sample(depth, 500, seed=100 + depth, test=False)
        validation[depth] = [Batch([Tree(expression) for expression in others])]
    network = RecursiveNetwork(len(expressions.SYMBOLS), noise=NOISE)
    optimizer = torch.optim.Adam(network.parameters(), PEAK_RATE)
    batches = len(trees) // BATCH
    for epoch in range(arguments.epochs):
        random.Random(epoch).shuffle(trees)
        total = 0.0
        for batch in range(batches):
            progress = (epoch + batch / batches) / arguments.epochs
            optimizer.param_groups[0]["lr"] = rate(progress, epoch * batches + batch)
            forest = Batch(trees[batch * BATCH : (batch + 1) * BATCH])
            error = loss(network, forest)
            optimizer.zero_grad()
            error.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += error.item()
        scores = [f"depth {d} {accuracy(network, f):.4f}" for d, f in validation.items()]
        seconds = time.monotonic() - began
        line = f"epoch {epoch + 1:2} loss {total / batches:.5f} {' '.join(scores)}"
        print(f"{line} seconds {seconds:.0f}", flush=True)
        saved = {"network": network.state_dict(), "epoch": epoch + 1, "seconds": seconds}
        torch.save(saved, arguments.checkpoint)


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=Path("listops.pt"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


if __name__ == "__main__":
    main()
