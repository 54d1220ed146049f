"""Trains the network on the 270 training utterances, or compares settings on them.

    python train.py --cross-validate    # prints the accuracy of each setting, five folds
    python train.py                     # trains the chosen one on all and writes series.pt
"""

import argparse
import copy
import time

import numpy as np
import torch
from torch.nn import functional

import data
from network import SeriesNetwork

SETTINGS = {
    "width 32": dict(width=32),
    "width 32, dropout 0.15": dict(width=32, dropout=0.15),
    "width 64": dict(width=64),
    "width 48, kernels 7 5 5": dict(width=48, kernels=(7, 5, 5)),
}
CHOSEN = "width 48, kernels 7 5 5"
EPOCHS = 300
BATCH = 30


def augmented(one, rng):
    """A series with a little noise, another level and gain per channel, a piece of it, another speed."""
    length = one.shape[1]
    kept = rng.integers(max(6, int(0.75 * length)), length + 1)
    first = rng.integers(0, length - kept + 1)
    piece = one[:, first : first + kept]
    steps = max(6, round(kept * rng.uniform(0.85, 1.15)))
    times = np.linspace(0, kept - 1, steps)
    warped = np.stack([np.interp(times, np.arange(kept), channel) for channel in piece])
    gain = rng.normal(1, 0.05, (len(one), 1))
    level = rng.normal(0, 0.15, (len(one), 1))
    return (gain * warped + level + rng.normal(0, 0.1, warped.shape)).astype(np.float32)


def train(series, speakers, setting, seed=1, epochs=EPOCHS):
    """The running mean of a network's weights over its training."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, scale = data.normalisation(series)
    normal = [(one - mean[:, None]) / scale[:, None] for one in series]
    network = SeriesNetwork(**setting)
    averaged = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    batches = -(-len(series) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        for chosen in np.array_split(rng.permutation(len(series)), batches):
            values, mask = data.batch(
                [augmented(normal[index], rng) for index in chosen], mean * 0, scale * 0 + 1
            )
            answer = network(torch.from_numpy(values), torch.from_numpy(mask))
            target = torch.from_numpy(speakers[chosen])
            loss = functional.cross_entropy(answer, target, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            with torch.no_grad():
                for mine, its in zip(averaged.parameters(), network.parameters()):
                    mine.lerp_(its, 0.005)
    return averaged.eval(), mean, scale


def right(network, mean, scale, series, speakers):
    """How many series are recognised."""
    values, mask = data.batch(series, mean, scale)
    with torch.no_grad():
        guesses = network(torch.from_numpy(values), torch.from_numpy(mask)).argmax(1).numpy()
    return int((guesses == speakers).sum())


def cross_validate(series, speakers, folds=5):
    """Prints how many of the training utterances each setting recognises when it has not seen them."""
    fold = np.empty(len(series), int)
    rng = np.random.default_rng(7)
    for speaker in range(data.SPEAKERS):
        members = rng.permutation(np.flatnonzero(speakers == speaker))
        fold[members] = np.arange(len(members)) % folds
    for name, setting in SETTINGS.items():
        total = 0
        for held in range(folds):
            kept, out = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
            trained = train([series[i] for i in kept], speakers[kept], setting, epochs=150)
            total += right(*trained, [series[i] for i in out], speakers[out])
        print(f"{name}: {total} of {len(series)}", flush=True)


def main():
    """Reads the command line and trains or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cross-validate", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    series, speakers = data.load("TRAIN")
    if arguments.cross_validate:
        return cross_validate(series, speakers)
    start = time.monotonic()
    network, mean, scale = train(series, speakers, SETTINGS[CHOSEN])
    state = {"network": network.state_dict(), "mean": mean.tolist(), "scale": scale.tolist()}
    torch.save(state | {"setting": SETTINGS[CHOSEN]}, "series.pt")
    recognised = right(network, mean, scale, series, speakers)
    print(f"{recognised} of {len(series)} training utterances, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
