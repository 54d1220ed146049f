"""Writes the windows model's weights and check vectors: two derivative filters, nothing is trained.

    python construct.py        writes model.safetensors and check.json
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

FOLDER = Path(__file__).resolve().parent.parent
CONVOLUTIONS = {"valid": (0, 1), "same": (2, 1), "full": (4, 1), "strided": (2, 2)}


def kernels():
    """Smoothed derivatives to the right and downwards, [2, 1, 5, 5]; multiples of 1/64."""
    smooth = np.array([1, 4, 6, 4, 1]) / 16
    slope = np.array([-1, -2, 0, 2, 1]) / 4
    right = np.outer(smooth, slope)
    return np.stack([right, right.T])[:, None].astype(np.float64)


def convolution(image, padding, stride):
    """The definition, in float64: [1, 2, rows, columns] for an image [rows, columns]."""
    padded = np.pad(image, padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))[::stride, ::stride]
    return np.einsum("jkmn,imn->ijk", windows, kernels()[:, 0])[None]


def windows(length, size, stride):
    """Beginnings of the windows along one side, a last one that hangs over included."""
    count = -(-(length - size) // stride) + 1
    return [index * stride for index in range(count) if index * stride < length]


def pooled(maps, size, stride, reduce):
    """Windows that may hang over the end, where only what is there counts."""
    rows, columns = (windows(length, size, stride) for length in maps.shape[2:])
    return np.array(
        [
            [[reduce(part[r : r + size, c : c + size]) for c in columns] for r in rows]
            for part in maps[0]
        ]
    )[None]


def entry(values):
    """A tensor as check.json has it."""
    data = [float(f"{value:.9g}") for value in values.flat]
    return {"shape": list(values.shape), "data": data}


def main():
    """Writes both files."""
    weights = {f"{name}.weight": kernels().astype(np.float32) for name in CONVOLUTIONS}
    (FOLDER / "model.safetensors").write_bytes(save(weights))
    image = np.random.default_rng(1).integers(-8, 9, (10, 13)) / 16
    outputs = {
        name: convolution(image, padding, stride)
        for name, (padding, stride) in CONVOLUTIONS.items()
    }
    same = outputs["same"]
    outputs["largest"] = pooled(same, 3, 2, np.max)
    outputs["mean"] = pooled(same, 4, 4, np.mean)
    outputs["norm"] = pooled(same, 4, 4, lambda part: np.sqrt((part**2).sum()))
    case = {
        "inputs": {"image": entry(image[None, None])},
        "outputs": {name: entry(values) for name, values in outputs.items()},
    }
    check = {"tolerance": 1e-5, "cases": [case]}
    (FOLDER / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
