"""The networks as they are served, in numpy, from the shipped weights."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

# The folder of this model; the models scripture-… lie beside it.
MODEL = Path(__file__).resolve().parent.parent


def folder(cell):
    """Where the model of a cell lies."""
    return MODEL if cell == "rnn" else MODEL.with_name(f"{MODEL.name}-{cell}")


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


class Served:
    """A shipped network with its state, computing in `dtype`."""

    def __init__(self, cell, dtype):
        """Loads the weights; the state begins with zeros."""
        self.cell = cell
        tensors = load_file(folder(cell) / "model.safetensors")
        self.tensors = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
        symbols = json.loads((folder(cell) / "vocabulary.json").read_text())
        self.place = {symbol: index for index, symbol in enumerate(symbols)}
        # A Jordan network remembers its outputs, the others their hidden units.
        recurrent = self.tensors["output.R" if cell == "jordan" else "hidden.R"]
        self.state = self.memory = np.zeros(recurrent.shape[-1], dtype)

    def advance(self, token):
        """Log probabilities [V] of the character after `token`, the one at that place."""
        logits = getattr(self, self.cell)(token)
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())

    def sums(self, token):
        """What the input and the state add to every gate; ONNX has a bias for each."""
        weights, bias = self.tensors["hidden.W"][0], self.tensors["hidden.B"][0].reshape(2, -1)
        return weights[:, token] + bias[0], self.tensors["hidden.R"][0] @ self.state + bias[1]

    def readout(self):
        """The logits for the hidden state."""
        return self.tensors["logits.weight"] @ self.state + self.tensors["logits.bias"]

    def rnn(self, token):
        """h = tanh(b + W x + R h')."""
        pushed, recurrent = self.sums(token)
        self.state = np.tanh(pushed + recurrent)
        return self.readout()

    def gru(self, token):
        """Gates z, r, h with linear_before_reset = 1."""
        pushed, recurrent = (sums.reshape(3, -1) for sums in self.sums(token))
        update, reset = sigmoid(pushed[:2] + recurrent[:2])
        candidate = np.tanh(pushed[2] + reset * recurrent[2])
        self.state = (1 - update) * candidate + update * self.state
        return self.readout()

    def lstm(self, token):
        """Gates i, o, f, c."""
        entry, out, keep, candidate = np.add(*self.sums(token)).reshape(4, -1)
        self.memory = sigmoid(keep) * self.memory + sigmoid(entry) * np.tanh(candidate)
        self.state = sigmoid(out) * np.tanh(self.memory)
        return self.readout()

    def jordan(self, token):
        """h = tanh(b + W x + R o'), o = c + V h; the state is the output."""
        tensors = self.tensors
        pushed = tensors["output.W"][:, token] + tensors["output.B"]
        fed_back = tensors["output.R"] @ self.state
        self.state = tensors["output.C"] + tensors["output.V"] @ np.tanh(pushed + fed_back)
        return self.state
