"""The cells of the model in float64, made from model.json."""

import json
from pathlib import Path

import numpy as np
from scipy.signal import correlate

# The folder that the server reads.
MODEL = Path(__file__).resolve().parent.parent


def gabor(size, alpha, beta_x, beta_y, frequency, phase, orientation):
    """A kernel [size, size]: a cosine along x', under a Gaussian envelope at the centre.

    x grows to the right and y downwards; x' and y' are turned by `orientation` radians, and
    `frequency` is in radians per pixel.
    """
    middle = (size - 1) / 2
    y, x = np.mgrid[:size, :size] - middle
    along = x * np.cos(orientation) + y * np.sin(orientation)
    across = y * np.cos(orientation) - x * np.sin(orientation)
    envelope = alpha * np.exp(-beta_x * along**2 - beta_y * across**2)
    return envelope * np.cos(frequency * along + phase)


def kernels():
    """The bank [48, size, size]: by frequency, then orientation, then phase."""
    layer = json.loads((MODEL / "model.json").read_text())["layers"][0]
    bank = layer["bank"]
    count = bank["orientations"]
    envelopes = zip(bank["frequencies"], bank["alpha"], bank["beta_x"], bank["beta_y"])
    return np.stack(
        [
            gabor(layer["kernel"][0], alpha, beta_x, beta_y, frequency, phase, turn * np.pi / count)
            for frequency, alpha, beta_x, beta_y in envelopes
            for turn in range(count)
            for phase in bank["phases"]
        ]
    )


def simple(image):
    """Responses [48, H, W] of the simple cells to a normalised image [H, W]."""
    bank = kernels()
    margin = bank.shape[-1] // 2
    padded = np.pad(image.astype(np.float64), margin)
    return np.stack([correlate(padded, kernel, "valid", "direct") for kernel in bank])


def energy(responses):
    """Responses [24, H, W] of the complex cells: the root of the energy of each pair."""
    return np.hypot(responses[0::2], responses[1::2])
