"""Whitened patches of photographs.

The photographs are those of the wheel scikit-image 0.26.0, all public domain or CC0: astronaut
(NASA), camera (Lav Varshney), chelsea (Stefan van der Walt) and coffee (Rachel Michetti).
"""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "skimage/data"
NAMES = ("astronaut", "camera", "chelsea", "coffee")
SIDE = 12
COMPONENTS = 100
CONTRAST = 0.04
FLOOR = 0.01


def pictures():
    """Grey photographs 0 … 1: as they are, and at half size."""
    for name in NAMES:
        path = FOLDER / f"{name}.png"
        if not path.exists():
            raise SystemExit(
                "first: pip download --no-deps scikit-image==0.26.0 && "
                "unzip scikit_image-*.whl 'skimage/data/*'"
            )
        picture = Image.open(path).convert("L")
        for size in (1, 2):
            small = picture.resize((picture.width // size, picture.height // size), Image.BOX)
            yield np.asarray(small, np.float32) / 255


def patches(count, part, seed):
    """`count` patches [count, 144]; those to learn from lie in the left three quarters of a picture."""
    rng = np.random.default_rng(seed)
    sources = list(pictures())
    areas = np.array([source.size for source in sources], float)
    result = np.empty((count, SIDE * SIDE), np.float32)
    for index, choice in enumerate(rng.choice(len(sources), count, p=areas / areas.sum())):
        picture = sources[choice]
        height, width = picture.shape
        border = 3 * width // 4
        left, right = (0, border - SIDE) if part == "learn" else (border, width - SIDE)
        row, column = rng.integers(height - SIDE + 1), rng.integers(left, right + 1)
        result[index] = picture[row : row + SIDE, column : column + SIDE].ravel()
    return result


def normalised(patches):
    """Patches without their mean, brought to a like contrast; faint ones stay fainter."""
    centred = patches - patches.mean(1, keepdims=True)
    return centred / np.sqrt(centred.var(1, keepdims=True) + CONTRAST**2)


class Whitening:
    """Normalised patches to uncorrelated numbers and back.

    Of a patch's principal components the first 100 are brought to about variance 1: each is
    divided by the root of its variance and a floor, so that the finest detail is not blown up.
    """

    def __init__(self, learned):
        """Measures the components of normalised patches [N, 144]."""
        variances, axes = np.linalg.eigh(np.cov(learned.T))
        variances, axes = variances[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
        gains = np.sqrt(variances + FLOOR * variances[0])
        self.whiten = (axes / gains).astype(np.float32)
        self.colour = (axes * gains).T.astype(np.float32)

    def __call__(self, patches):
        """Whitened patches [N, 100]."""
        return patches @ self.whiten
