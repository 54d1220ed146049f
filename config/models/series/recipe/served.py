"""The shipped weights, and the network they make, in any precision."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

MODEL = Path(__file__).resolve().parent.parent


def weights(dtype=torch.float32):
    """Tensors by name, as the server reads them."""
    tensors = load_file(MODEL / "model.safetensors")
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def logits(series, tensors):
    """Logits [N, 9] for normalised series [N, 12, L] of one length."""
    x = series
    for index in (1, 2, 3):
        kernel, bias = tensors[f"conv{index}.weight"], tensors[f"conv{index}.bias"]
        x = functional.conv1d(x, kernel, bias, padding=kernel.shape[2] // 2)
        x = x.unflatten(1, (-1, 2)).amax(2)
    return functional.linear(x.mean(2), tensors["logits.weight"], tensors["logits.bias"])
