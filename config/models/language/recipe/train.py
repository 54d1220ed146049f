"""Trains the network on the training words; an interrupted run goes on where it stopped.

    python train.py
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import words
from network import WordNetwork

BATCH = 384
PEAK_RATE = 5e-3
WARM_UP = 200
# So many words of every language make an epoch, whatever the length of its list.
DRAWN = 16_000


def rate(progress, step):
    """Learning rate after the fraction `progress` of the run: a short ramp, then half a cosine."""
    cosine = 0.5 + 0.5 * math.cos(math.pi * progress)
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * cosine + 1e-5


def encoded(part, place):
    """Words by length: for each length the tokens [T, N], and the number of their language [N]."""
    groups = {}
    for language, texts in enumerate(part):
        for text in texts:
            groups.setdefault(len(text), []).append(([place[c] for c in text], language))
    return [
        (torch.tensor([tokens for tokens, _ in group]).T, torch.tensor([n for _, n in group]))
        for group in groups.values()
    ]


def drawn(part, rng):
    """The same number of words of each language, drawn at random; a short list is repeated."""
    for texts in part:
        rounds = -(-DRAWN // len(texts))
        order = np.concatenate([rng.permutation(len(texts)) for _ in range(rounds)])[:DRAWN]
        yield [texts[index] for index in order]


def batches(groups, rng):
    """Pieces of the groups in random order; the words of a piece have one length."""
    pieces = []
    for tokens, languages in groups:
        order = torch.from_numpy(rng.permutation(len(languages)))
        pieces += [(tokens[:, some], languages[some]) for some in order.split(BATCH)]
    return [pieces[index] for index in rng.permutation(len(pieces))]


def accuracy(network, groups):
    """Share of right answers of each language, averaged over the languages."""
    right, count = torch.zeros(2, len(words.LANGUAGES))
    with torch.no_grad():
        for tokens, languages in groups:
            hits = network(tokens).argmax(1) == languages
            right.index_add_(0, languages, hits.float())
            count.index_add_(0, languages, torch.ones(len(languages)))
    return (right / count).mean().item()


def train(arguments):
    """Runs the epochs that the checkpoint has not seen, saving after each."""
    lists, _ = words.load()
    symbols = words.vocabulary(lists)
    place = {symbol: index for index, symbol in enumerate(symbols)}
    parts = [words.divided(lists[name]) for name in words.LANGUAGES]
    validation = encoded([part[1][:1000] for part in parts], place)
    network = WordNetwork(len(symbols), len(words.LANGUAGES))
    optimizer = torch.optim.Adam(network.parameters(), PEAK_RATE)
    first, seconds = 0, 0.0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        first, seconds = saved["epoch"], saved["seconds"]
    for epoch in range(first, arguments.epochs):
        began = time.monotonic()
        rng = np.random.default_rng(epoch)
        pieces = batches(encoded(drawn([part[0] for part in parts], rng), place), rng)
        total = 0.0
        for index, (tokens, languages) in enumerate(pieces):
            progress = (epoch + index / len(pieces)) / arguments.epochs
            optimizer.param_groups[0]["lr"] = rate(progress, epoch * len(pieces) + index)
            loss = functional.cross_entropy(network(tokens), languages)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        seconds += time.monotonic() - began
        saved = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "seconds": seconds,
        }
        # Written beside and renamed, so that an interruption never leaves half a file.
        fresh = arguments.checkpoint.with_suffix(".new")
        torch.save(saved, fresh)
        fresh.replace(arguments.checkpoint)
        mean, score = total / len(pieces), accuracy(network, validation)
        line = f"epoch {epoch + 1:2} loss {mean:.4f} validation {score:.4f} seconds {seconds:.0f}"
        print(line, flush=True)


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=Path("language.pt"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


if __name__ == "__main__":
    main()
