"""A variant as it is served, computed from its shipped weights by the formula of its fourth layer."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

from served import convolution, maxout

MODELS = Path(__file__).resolve().parent.parent.parent


def folder(kind):
    """The folder that the server reads."""
    return MODELS / f"fashion-{kind}"


def weights(kind, dtype=torch.float32):
    """The shipped tensors by name, converted to `dtype`."""
    tensors = load_file(folder(kind) / "model.safetensors")
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def logits(images, tensors):
    """Logits [N, 10] for normalised images [N, 1, 28, 28] of the weights' type."""
    x = functional.max_pool2d(maxout(convolution(images, tensors, "conv1")), 2)
    x = functional.max_pool2d(maxout(convolution(x, tensors, "conv2")), 2)
    x = maxout(convolution(x, tensors, "conv3"))
    if "local4.weight" in tensors:
        x = maxout(locally_connected(x, tensors["local4.weight"], tensors["local4.bias"]))
    else:
        x = maxout(tiled(x, tensors["tiled4.weight"], tensors["tiled4.bias"]))
        x = functional.max_pool2d(x, 3, 2)
    x = maxout(functional.linear(x.flatten(1), tensors["dense.weight"], tensors["dense.bias"]))
    return functional.linear(x, tensors["logits.weight"], tensors["logits.bias"])


def locally_connected(x, kernels, bias):
    """Z[o, r, c] = b[o, r, c] + sum V[i, 2r + m, 2c + n] W[o, r, c, i, m, n] for kernels 3x3."""
    windows = x.unfold(2, 3, 2).unfold(3, 3, 2)
    return torch.einsum("nircab,orciab->norc", windows, kernels) + bias


def tiled(x, kernels, bias):
    """Z[o, r, c] = b[o] + sum V[i, r + m, c + n] K[o, i, m, n, r mod t, c mod t], V with a frame."""
    windows = functional.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
    rows, columns = (torch.arange(side) % kernels.shape[-1] for side in x.shape[2:])
    spread = kernels[..., rows, :][..., columns]
    return torch.einsum("nircab,oiabrc->norc", windows, spread) + bias[:, None, None]
