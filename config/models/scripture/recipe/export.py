"""Writes what the server reads: model.safetensors, vocabulary.json and check.json.

    python export.py --checkpoint scripture.pt
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

import served
import text

CHECKED = [
    "In the beginning God created the heav",
    "\n",
    "And it came to pass",
    "Jesus wept.\n",
    "(selah) What; say I: 'No-one!'?",
]


def tensors(network):
    """Tensors by name, the recurrent ones in the layout of the ONNX operator RNN."""
    bias = network["bias"]
    return {
        "hidden.W": network["input"].T[None],
        "hidden.R": network["recurrent"][None],
        "hidden.B": torch.cat([bias, torch.zeros_like(bias)])[None],
        "logits.weight": network["readout.weight"],
        "logits.bias": network["readout.bias"],
    }


def cases():
    """Texts with the probabilities that float64 arithmetic gives for the shipped weights."""
    for phrase in CHECKED:
        network = served.Served(np.float64)
        tokens = [network.place[character] for character in phrase]
        answers = np.exp([network.advance(token) for token in tokens])
        data = [float(f"{value:.9g}") for value in answers.flat]
        shape = [len(tokens), 1, answers.shape[1]]
        yield {
            "inputs": {"tokens": {"shape": [len(tokens), 1], "data": tokens}},
            "outputs": {"probabilities": {"shape": shape, "data": data}},
        }


def main():
    """Reads the command line and exports the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("scripture.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    arrays = {
        name: np.ascontiguousarray(tensor.numpy())
        for name, tensor in tensors(saved["network"]).items()
    }
    (served.MODEL / "model.safetensors").write_bytes(save(arrays))
    vocabulary = json.dumps(text.vocabulary(text.load()))
    (served.MODEL / "vocabulary.json").write_text(vocabulary + "\n")
    check = {"tolerance": 1e-4, "cases": list(cases())}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
