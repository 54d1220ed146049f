"""The network as it is served, in numpy, from the shipped weights, one node at a time."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

# The folder that the server reads.
MODEL = Path(__file__).resolve().parent.parent


class Served:
    """The three pieces of the shipped network, computing in `dtype`."""

    def __init__(self, dtype):
        """Loads the weights and the vocabulary."""
        tensors = load_file(MODEL / "model.safetensors")
        self.tensors = {name: tensor.astype(dtype) for name, tensor in tensors.items()}
        symbols = json.loads((MODEL / "vocabulary.json").read_text())
        self.place = {symbol: index for index, symbol in enumerate(symbols)}

    def embedded(self, tokens):
        """A leaf's vector [..., W] for each token."""
        return self.tensors["embedded.weight"][tokens]

    def composed(self, children):
        """The vector [N, W] of nodes whose children lie side by side in [N, 2W]."""
        return np.tanh(self.connected("mixed", np.maximum(self.connected("hidden", children), 0)))

    def logits(self, nodes):
        """Logits [N, 10] for the vectors [N, W] of nodes."""
        return self.connected("logits", nodes)

    def connected(self, layer, x):
        """A fully connected layer."""
        return x @ self.tensors[f"{layer}.weight"].T + self.tensors[f"{layer}.bias"]

    def vector(self, expression):
        """The vector [W] of an expression: its list folded from the left."""
        if not isinstance(expression, list):
            return self.embedded(self.place[str(expression)])
        vectors = [self.vector(item) for item in expression]
        result = vectors[0]
        for following in vectors[1:]:
            result = self.composed(np.concatenate([result, following])[None])[0]
        return result


def softmax(logits):
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
