"""Trains a network on the training chapters; an interrupted run goes on where it stopped.

    python train.py --cell gru --hidden 352
"""

import argparse
import math
import time
from pathlib import Path

import torch
from torch.nn import functional

import text
from network import make

STREAMS = 64
STEPS = 100
PEAK_RATE = {"rnn": 2e-3, "gru": 4e-3, "lstm": 4e-3, "jordan": 3e-3}
WARM_UP = 300


def rate(peak, step, steps):
    """Learning rate: a short ramp, then half a cosine down to almost nothing."""
    return peak * min(1.0, (step + 1) / WARM_UP) * (
        0.5 + 0.5 * math.cos(math.pi * step / steps)
    ) + 1e-5


def streams(tokens, epoch):
    """The text cut into parallel streams [T, B], from another beginning in every epoch."""
    start = torch.randint(0, STEPS * STREAMS, (), generator=torch.Generator().manual_seed(epoch))
    usable = tokens[int(start) :]
    length = len(usable) // STREAMS
    return usable[: length * STREAMS].view(STREAMS, length).T.contiguous()


def bits(network, tokens):
    """Bits per character on a text, read in 16 pieces side by side."""
    length = len(tokens) // 16
    cut = tokens[: 16 * length].view(16, length).T
    state, nats = torch.tensor(0.0), 0.0
    with torch.no_grad():
        for start in range(0, length - 1, 500):
            window = cut[start : start + 501]
            logits, state = network(window[:-1], state)
            nats += functional.cross_entropy(
                logits.flatten(0, 1), window[1:].flatten(), reduction="sum"
            ).item()
    return nats / (16 * (length - 1)) / math.log(2)


def train(arguments):
    """Runs the epochs that the checkpoint has not seen, saving after each."""
    texts = text.load()
    symbols = text.vocabulary(texts)
    place = {symbol: index for index, symbol in enumerate(symbols)}
    tokens, validation, _ = (torch.tensor([place[symbol] for symbol in part]) for part in texts)
    network = make(arguments.cell, len(symbols), arguments.hidden)
    peak = PEAK_RATE[arguments.cell]
    optimizer = torch.optim.Adam(network.parameters(), peak)
    first, seconds = 0, 0.0
    if arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        first, seconds = saved["epoch"], saved["seconds"]
    # Whichever beginning an epoch draws, it has this many whole pieces.
    pieces = (len(tokens) // STREAMS - STEPS - 1) // STEPS
    for epoch in range(first, arguments.epochs):
        began = time.monotonic()
        cut = streams(tokens, epoch)
        state = torch.tensor(0.0)
        total = 0.0
        for piece in range(pieces):
            step = epoch * pieces + piece
            optimizer.param_groups[0]["lr"] = rate(peak, step, arguments.epochs * pieces)
            window = cut[piece * STEPS : (piece + 1) * STEPS + 1]
            logits, state = network(window[:-1], state)
            loss = functional.cross_entropy(logits.flatten(0, 1), window[1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        seconds += time.monotonic() - began
        saved = {
            "cell": arguments.cell,
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "seconds": seconds,
        }
        # Written beside and renamed, so that an interruption never leaves half a file.
        fresh = arguments.checkpoint.with_suffix(".new")
        torch.save(saved, fresh)
        fresh.replace(arguments.checkpoint)
        print(
            f"epoch {epoch + 1:2} training bits {total / pieces / math.log(2):.4f}"
            f" validation bits {bits(network, validation):.4f} seconds {seconds:.0f}",
            flush=True,
        )


def main():
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", choices=PEAK_RATE, default="rnn")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--hidden", type=int, default=624)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, default=Path("scripture.pt"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    train(arguments)


if __name__ == "__main__":
    main()
