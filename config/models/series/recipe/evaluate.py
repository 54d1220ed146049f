"""Scores the shipped weights on all 370 test utterances in float32, each in its own length.

    python evaluate.py
"""

import json

import numpy as np
import torch

import data
import served


def main():
    """Prints the accuracy, and how often each speaker is recognised."""
    manifest = json.loads((served.MODEL / "model.json").read_text())["preprocessing"]
    mean, scale = np.float32(manifest["mean"]), np.float32(manifest["scale"])
    tensors = served.weights()
    series, speakers = data.load("TEST")
    guesses = []
    for one in series:
        values, _ = data.batch([one], mean, scale)
        guesses.append(int(served.logits(torch.from_numpy(values), tensors).argmax()))
    right = np.array(guesses) == speakers
    print(f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)})")
    for speaker in range(data.SPEAKERS):
        mine = speakers == speaker
        print(f"speaker {speaker + 1}: {right[mine].sum()} of {mine.sum()}")


if __name__ == "__main__":
    main()
