"""Writes what the server reads, model.safetensors and check.json, from dictionary.npz.

    python export.py
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from photographs import SIDE

MODEL = Path(__file__).resolve().parent.parent


def filters():
    """Kernels [K, 1, 12, 12]: what a grey patch is multiplied with to get W^T v, the most used first."""
    learned = np.load("dictionary.npz")
    order = np.argsort(-learned["use"])
    kernels = (learned["whiten"] @ learned["atoms"])[:, order].T
    return kernels.reshape(-1, 1, SIDE, SIDE).astype(np.float32)


def responses(picture, kernels):
    """Maps [K, H, W] of a picture [H, W] in float64; 5 rows and columns of padding before it, 6 behind."""
    before = (SIDE - 1) // 2
    padded = np.pad(picture, (before, SIDE - 1 - before))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))
    return np.einsum("kij,yxij->kyx", kernels[:, 0].astype(np.float64), windows)


def tensor(values):
    """A batch of one."""
    data = [float(f"{value:.7g}") for value in values.flat]
    return {"shape": [1, *values.shape], "data": data}


def cases(kernels):
    """Small pictures with the maps before and after rectification."""
    rng = np.random.default_rng(1)
    for size in ((5, 6), (1, 1)):
        # In steps of 1/64, so that few digits give the pixels exactly.
        picture = np.round(rng.uniform(-0.5, 0.5, size) * 64) / 64
        maps = responses(picture, kernels)
        outputs = {"dictionary": tensor(maps), "cells": tensor(np.maximum(maps, 0))}
        yield {"inputs": {"image": tensor(picture[None])}, "outputs": outputs}


def main():
    """Writes the files."""
    save_file({"dictionary.weight": filters()}, MODEL / "model.safetensors")
    kernels = load_file(MODEL / "model.safetensors")["dictionary.weight"]
    check = {"tolerance": 1e-4, "cases": list(cases(kernels))}
    (MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
