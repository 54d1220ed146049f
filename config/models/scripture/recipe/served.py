"""The network as it is served, in numpy, from the shipped weights."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

# The folder that the server reads.
MODEL = Path(__file__).resolve().parent.parent


class Served:
    """The shipped network with its state, computing in `dtype`."""

    def __init__(self, dtype):
        """Loads the weights; the state begins with zeros."""
        tensors = load_file(MODEL / "model.safetensors")
        tensors = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
        symbols = json.loads((MODEL / "vocabulary.json").read_text())
        self.place = {symbol: index for index, symbol in enumerate(symbols)}
        self.input, self.recurrent = tensors["hidden.W"][0], tensors["hidden.R"][0]
        # ONNX has a bias for the input and one for the recurrence; both are added.
        self.bias = tensors["hidden.B"][0].reshape(2, -1).sum(0)
        self.readout, self.offset = tensors["logits.weight"], tensors["logits.bias"]
        self.state = np.zeros(len(self.bias), dtype)

    def advance(self, token):
        """Log probabilities [V] of the character after `token`, the one at that place."""
        drive = self.input[:, token] + self.bias
        self.state = np.tanh(drive + self.recurrent @ self.state)
        logits = self.readout @ self.state + self.offset
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())
