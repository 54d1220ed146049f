"""Writes what the server reads: model.safetensors, vocabulary.json and check.json.

    python export.py --checkpoint gru.pt

The folder is the one of the checkpoint's cell: scripture, or one of its siblings beside it.
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


def gated(network):
    """Tensors by name, the recurrent ones in the layout of the ONNX operators RNN, GRU and LSTM."""
    bias = network["bias"]
    recurrent = torch.zeros_like(bias)
    # Only a GRU's candidate has a bias within the product that the reset gate scales.
    hidden = network["recurrent"].shape[1]
    if len(bias) == 3 * hidden:
        recurrent[2 * hidden :] = network["candidate_bias"]
    return {
        "hidden.W": network["input"].T[None],
        "hidden.R": network["recurrent"][None],
        "hidden.B": torch.cat([bias, recurrent])[None],
        "logits.weight": network["readout.weight"],
        "logits.bias": network["readout.bias"],
    }


def jordan(network):
    """Tensors by name of the layer whose output is fed back."""
    return {
        "output.W": network["input"].T,
        "output.R": network["recurrent"],
        "output.B": network["bias"],
        "output.V": network["readout.weight"],
        "output.C": network["readout.bias"],
    }


def cases(cell):
    """Texts with the probabilities that float64 arithmetic gives for the shipped weights."""
    for phrase in CHECKED:
        network = served.Served(cell, np.float64)
        tokens = [network.place[character] for character in phrase]
        answers = np.exp([network.advance(token) for token in tokens])
        data = [float(f"{value:.7g}") for value in answers.flat]
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
    cell, folder = saved["cell"], served.folder(saved["cell"])
    tensors = (jordan if cell == "jordan" else gated)(saved["network"])
    arrays = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in tensors.items()}
    (folder / "model.safetensors").write_bytes(save(arrays))
    vocabulary = json.dumps(text.vocabulary(text.load()))
    (folder / "vocabulary.json").write_text(vocabulary + "\n")
    check = {"tolerance": 1e-4, "cases": list(cases(cell))}
    (folder / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    weights = sum(array.size for array in arrays.values())
    print(f"{weights} weights after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
