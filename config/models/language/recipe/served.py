"""The network as it is served, in numpy, from the shipped weights in ONNX's layout."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

# The folder that the server reads.
MODEL = Path(__file__).resolve().parent.parent


class Served:
    """The shipped network, computing in `dtype`."""

    def __init__(self, dtype):
        """Loads the weights and the vocabulary."""
        tensors = load_file(MODEL / "model.safetensors")
        self.tensors = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
        symbols = json.loads((MODEL / "vocabulary.json").read_text())
        self.place = {symbol: index for index, symbol in enumerate(symbols)}

    def encoded(self, words):
        """Tokens [T, B] for B words of T characters each."""
        return np.array([[self.place[character] for character in word] for word in words]).T

    def logits(self, tokens):
        """Logits [B, K] for tokens [T, B]."""
        inputs = np.eye(len(self.place), dtype=self.tensors["logits.bias"].dtype)[tokens]
        states = np.concatenate([self.states("lower", inputs, n) for n in (0, 1)], 2)
        # What the upper layer returns: each direction's state after it has read everything.
        last = [self.states("upper", states, 0)[-1], self.states("upper", states, 1)[0]]
        return (
            np.concatenate(last, 1) @ self.tensors["logits.weight"].T + self.tensors["logits.bias"]
        )

    def states(self, layer, inputs, direction):
        """States [T, B, H] of one direction of a GRU layer; 0 reads forward, 1 in reverse.

        ONNX's order of the gates: update z, reset r, candidate h; `linear_before_reset` is 1.
        """
        weights, recurrent, bias = (
            self.tensors[f"{layer}.{part}"][direction] for part in ("W", "R", "B")
        )
        bias, recurrent_bias = np.split(bias, 2)
        state = np.zeros((inputs.shape[1], recurrent.shape[1]), inputs.dtype)
        states = np.empty((*inputs.shape[:2], recurrent.shape[1]), inputs.dtype)
        order = range(len(inputs))
        for step in reversed(order) if direction else order:
            pushed = np.split(inputs[step] @ weights.T + bias, 3, 1)
            fed = np.split(state @ recurrent.T + recurrent_bias, 3, 1)
            update, reset = sigmoid(pushed[0] + fed[0]), sigmoid(pushed[1] + fed[1])
            candidate = np.tanh(pushed[2] + reset * fed[2])
            state = (1 - update) * candidate + update * state
            states[step] = state
        return states


def sigmoid(x):
    """1 / (1 + exp(-x)), by way of tanh, which overflows nowhere."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def softmax(logits):
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
