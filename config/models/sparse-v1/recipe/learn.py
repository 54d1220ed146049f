"""Learns the dictionary and writes dictionary.npz.

    python learn.py
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import numpy as np

from coding import Learner
from photographs import COMPONENTS, Whitening, normalised, patches

ATOMS = 144
TARGET = 4
STEPS = 3000
BATCH = 500
PATCHES = 100_000


def main():
    """Runs stochastic EM with a falling rate."""
    start = time.monotonic()
    learned = normalised(patches(PATCHES, "learn", seed=1))
    whitening = Whitening(learned)
    white = whitening(learned)
    learner = Learner(COMPONENTS, ATOMS, TARGET, seed=2)
    rng = np.random.default_rng(3)
    for step in range(STEPS):
        batch = white[rng.integers(len(white), size=BATCH)]
        learner.step(batch, rate=max(0.005, 0.5 / (1 + step / 5)))
        if step % 500 == 499:
            use, seconds = learner.use.sum(), time.monotonic() - start
            print(
                f"step {step + 1}: {use:.1f} active, error {learner.error:.3f}, "
                f"slab {1 / learner.dictionary.slab.mean():.2f}, {seconds:.0f} s",
                flush=True,
            )
    d = learner.dictionary
    np.savez(
        "dictionary.npz",
        atoms=d.atoms, use=learner.use, bias=d.bias, slab=d.slab, precision=d.precision,
        whiten=whitening.whiten, colour=whitening.colour,
    )


if __name__ == "__main__":
    main()
