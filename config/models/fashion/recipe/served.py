"""The network as it is served: folded, with neighbouring maxout pairs, from the shipped weights."""

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


def logits(images, tensors):
    """Logits [N, 10] for normalised images [N, 1, 28, 28] of the weights' type."""
    x = functional.max_pool2d(maxout(convolution(images, tensors, "conv1")), 2)
    x = functional.max_pool2d(maxout(convolution(x, tensors, "conv2")), 2)
    x = maxout(convolution(x, tensors, "conv3"))
    x = functional.max_pool2d(maxout(convolution(x, tensors, "conv4")), 3, 2)
    x = maxout(functional.linear(x.flatten(1), tensors["dense.weight"], tensors["dense.bias"]))
    return functional.linear(x, tensors["logits.weight"], tensors["logits.bias"])


def convolution(x, tensors, layer):
    """A convolution that keeps the size of its input."""
    kernels = tensors[f"{layer}.weight"]
    return functional.conv2d(x, kernels, tensors[f"{layer}.bias"], padding=kernels.shape[-1] // 2)


def maxout(x):
    """The larger of each two neighbouring channels."""
    return x.unflatten(1, (-1, 2)).amax(2)
