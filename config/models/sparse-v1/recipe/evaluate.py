"""Scores the dictionary on patches of the parts of the photographs it has not seen.

    python evaluate.py
"""

import numpy as np

from coding import Dictionary
from photographs import Whitening, normalised, patches

PATCHES = 20_000


def decibels(signal, rest):
    """Energy of the signal over that of what is left."""
    return 10 * np.log10((signal**2).sum() / (rest**2).sum())


def strongest(code, counts):
    """Of each row as many entries as `counts` says, the largest, the others 0."""
    order = np.argsort(-np.abs(code), 1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(code.shape[1])[None], 1)
    return np.where(ranks < counts[:, None], code, 0)


def oriented(kernels):
    """For each kernel, the share of its spectrum's energy within 22.5 degrees of its own orientation."""
    size = 32
    spectrum = np.abs(np.fft.fft2(kernels.reshape(-1, 12, 12), (size, size))) ** 2
    y, x = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    doubled = np.exp(2j * np.arctan2(y, x))
    main = np.angle((spectrum * doubled).sum((1, 2)))
    gap = np.abs(np.angle(doubled[None] * np.exp(-1j * main)[:, None, None])) / 2
    return (spectrum * (gap <= np.pi / 8)).sum((1, 2)) / spectrum.sum((1, 2))


def main():
    """Prints signal-to-noise ratios at the dictionary's own sparsity, and those of two other codes."""
    saved = np.load("dictionary.npz")
    whitening = object.__new__(Whitening)
    whitening.whiten, whitening.colour = saved["whiten"], saved["colour"]
    grey = normalised(patches(PATCHES, "test", seed=11))
    white = whitening(grey)
    learned = Dictionary(saved["atoms"], saved["bias"], saved["slab"], float(saved["precision"]))
    spikes, means = learned.infer(white, rounds=40)
    active = spikes > 0.5
    counts = active.sum(1)
    print(f"{counts.mean():.2f} of {active.shape[1]} atoms active (median {np.median(counts):.0f})")
    code = np.where(active, means, 0)

    def report(name, whitened):
        pixels = decibels(grey, grey - whitened @ whitening.colour)
        print(f"{name}: {decibels(white, white - whitened):.2f} dB whitened, {pixels:.2f} dB in pixels")

    report("dictionary", code @ learned.atoms.T)
    report("as many principal components", strongest(white, counts))
    fixed = np.where(np.arange(white.shape[1]) < round(counts.mean()), white, 0)
    report("the first principal components", fixed)
    use = active.mean(0)
    print(f"an atom is active in {use.min():.4f} to {use.max():.4f} of the patches")
    shares = oriented((saved["whiten"] @ saved["atoms"]).T)
    print(f"within 22.5 degrees: median {np.median(shares):.2f}, a tenth below {np.quantile(shares, 0.1):.2f}")


if __name__ == "__main__":
    main()
