"""Writes check.json: small images with the answers of the cells in float64.

    python check.py
"""

import json

import numpy as np

import cells


def images():
    """Normalised images [H, W]: a grating, noise, a line and a single pixel."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:20, :24]
    yield 0.5 * np.cos(1.1107 * (x * np.cos(0.4) + y * np.sin(0.4)) + 0.3)
    yield rng.uniform(-0.5, 0.5, (7, 9))
    yield np.where(np.arange(16)[None] == 8, 0.5, -0.5)
    yield rng.uniform(-0.5, 0.5, (5, 1))
    yield np.full((1, 1), 0.5)


def tensor(values):
    """A batch of one with seven significant digits."""
    data = [float(f"{value:.7g}") for value in values.flat]
    return {"shape": [1, *values.shape], "data": data}


def case(image):
    """One image with the complex cells' answers, and if it is small the simple cells' too."""
    # In steps of 1/64, so that seven digits give the pixels exactly.
    pixels = np.round(image * 64) / 64
    responses = cells.simple(pixels)
    outputs = {"complex": tensor(cells.energy(responses))}
    if image.size < 100:
        outputs["simple"] = tensor(responses)
    return {"inputs": {"image": tensor(pixels[None])}, "outputs": outputs}


def main():
    """Computes and writes the cases."""
    cases = [case(image) for image in images()]
    check = {"tolerance": 1e-4, "cases": cases}
    (cells.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
