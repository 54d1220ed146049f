"""Writes the example picture, and if asked the kernels and what the cells make of it.

    python examples.py
    python examples.py --kernels kernels.png --maps maps.png
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

import cells


def sheet(pictures, columns):
    """Pictures [N, H, W] side by side in one grey image, each stretched to the full range."""
    height, width = pictures.shape[1:]
    rows = -(-len(pictures) // columns)
    page = np.zeros((rows * (height + 2), columns * (width + 2)), np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + 2), index % columns * (width + 2)
        span = picture.max() - picture.min()
        scaled = (picture - picture.min()) / span * 255
        page[top : top + height, left : left + width] = scaled.astype(np.uint8)
    return Image.fromarray(page)


def main():
    """Reads the command line, writes the example, and the maps where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=Path)
    parser.add_argument("--kernels", type=Path)
    arguments = parser.parse_args()
    picture = Image.fromarray(data.camera()).reduce(2)
    folder = cells.MODEL / "examples"
    folder.mkdir(exist_ok=True)
    picture.save(folder / "camera.png", optimize=True)
    if arguments.kernels:
        sheet(cells.kernels(), 16).save(arguments.kernels)
    if arguments.maps:
        normalised = np.asarray(picture, np.float64) / 255 - 0.5
        sheet(cells.energy(cells.simple(normalised)), 8).save(arguments.maps)


if __name__ == "__main__":
    main()
