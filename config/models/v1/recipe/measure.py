"""Measures what the cells promise: unit norm, decay, tuning, and indifference to small shifts.

    python measure.py
"""

import numpy as np

import cells


def grating(frequency, orientation, shift, size=64):
    """A cosine grating of contrast 1 around 0, moved by `shift` pixels along its own normal."""
    y, x = np.mgrid[:size, :size] - size / 2
    along = x * np.cos(orientation) + y * np.sin(orientation)
    return 0.5 * np.cos(frequency * (along - shift))


def change(before, after):
    """Relative change of a response map."""
    return np.linalg.norm(after - before) / np.linalg.norm(before)


def main():
    """Prints the measurements for each of the three frequencies."""
    bank = cells.kernels()
    norms = np.sqrt((bank**2).sum((1, 2)))
    rim = np.concatenate([bank[:, [0, -1]], bank[:, :, [0, -1]].swapaxes(1, 2)], 1)
    print(f"norms {norms.min():.5f} to {norms.max():.5f}")
    share = np.abs(rim).max((1, 2)) / np.abs(bank).max((1, 2))
    print(f"largest value at the rim, as a share of the peak {share.max():.4f}")
    for block, (frequency, constant) in enumerate(
        zip([np.pi / 2, np.pi / 2**1.5, np.pi / 4], np.abs(bank.sum((1, 2))).reshape(3, 16).max(1))
    ):
        channel = block * 8 + 2
        still = cells.simple(grating(frequency, np.pi / 4, 0))
        tuned = cells.energy(still)[:, 16:-16, 16:-16].mean((1, 2)).argmax()
        print(f"frequency {frequency:.4f}: answers loudest {tuned} (meant {channel}), ", end="")
        print(f"largest response to constant 1 {constant:.4f}")
        for shift in range(1, 5):
            moved = cells.simple(grating(frequency, np.pi / 4, shift))
            inner = (slice(16, -16), slice(16, -16))
            simple = change(still[2 * channel][inner], moved[2 * channel][inner])
            energy = change(
                cells.energy(still)[channel][inner], cells.energy(moved)[channel][inner]
            )
            print(f"  shift {shift}: simple {simple:.3f}, complex {energy:.4f}")


if __name__ == "__main__":
    main()
