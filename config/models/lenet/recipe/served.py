"""The network as it is served, computed from the shipped weights and the shipped table."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

# The folder that the server reads.
MODEL = Path(__file__).resolve().parent.parent


def weights(dtype=torch.float32):
    """The shipped tensors by name, converted to `dtype`."""
    tensors = load_file(MODEL / "model.safetensors")
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def connections():
    """For each output channel of `conv3`, the channels that it sees, as model.json has them."""
    layers = json.loads((MODEL / "model.json").read_text())["layers"]
    return next(layer["connections"] for layer in layers if layer["name"] == "conv3")


def logits(images, tensors):
    """Logits [N, 10] for normalised images [N, 1, 28, 28] of the weights' type."""
    x = functional.conv2d(images, tensors["conv1.weight"], tensors["conv1.bias"], padding=2)
    x = functional.avg_pool2d(x.tanh(), 2)
    x = connected(x, tensors["conv3.weight"], tensors["conv3.bias"])
    x = functional.avg_pool2d(x.tanh(), 2)
    x = functional.conv2d(x, tensors["conv5.weight"], tensors["conv5.bias"]).tanh().flatten(1)
    x = functional.linear(x, tensors["dense.weight"], tensors["dense.bias"]).tanh()
    return functional.linear(x, tensors["logits.weight"], tensors["logits.bias"])


def connected(x, kernels, bias):
    """A valid convolution in which each output channel sees only the channels of its list.

    `kernels` [60, 5, 5] holds the kernels of one output channel after the other.
    """
    lists = connections()
    pieces = kernels.split([len(sources) for sources in lists])
    outputs = [functional.conv2d(x[:, s], piece[None]) for s, piece in zip(lists, pieces)]
    return torch.cat(outputs, 1) + bias[:, None, None]
