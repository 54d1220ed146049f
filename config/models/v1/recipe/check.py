"""Writes check.json: small images with the float64 answers of the complex cells.

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


def main():
    """Computes and writes the cases."""
    cases = []
    for image in images():
        pixels = image.astype(np.float32)
        answer = cells.energy(cells.simple(pixels))
        cases.append(
            {
                "inputs": {
                    "image": {
                        "shape": [1, 1, *pixels.shape],
                        "data": [float(str(value)) for value in pixels.flat],
                    }
                },
                "outputs": {
                    "complex": {
                        "shape": [1, *answer.shape],
                        "data": [float(f"{value:.7g}") for value in answer.flat],
                    }
                },
            }
        )
    check = {"tolerance": 1e-4, "cases": cases}
    (cells.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
