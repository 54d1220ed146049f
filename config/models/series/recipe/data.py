"""The Japanese Vowels: utterances of nine speakers as series [12, 7…29].

The files are those of the wheel aeon 1.6.0; without them, `load` says how to bring them here.
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "aeon/datasets/data/JapaneseVowels"
CHANNELS = 12
SPEAKERS = 9


def load(part):
    """Utterances as float32 arrays [12, length], and speakers 0…8; `part` is TRAIN or TEST."""
    path = FOLDER / f"JapaneseVowels_{part}.ts"
    if not path.exists():
        raise SystemExit(
            "first: pip download --no-deps aeon==1.6.0 && "
            "unzip aeon-*.whl 'aeon/datasets/data/JapaneseVowels/*'"
        )
    series, speakers = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#@":
            *channels, speaker = line.split(":")
            series.append(np.array([row.split(",") for row in channels], np.float32))
            speakers.append(int(speaker) - 1)
    return series, np.array(speakers)


def normalisation(series):
    """Mean and standard deviation of each channel over all time steps of all series."""
    steps = np.concatenate(series, 1).astype(np.float64)
    return steps.mean(1).astype(np.float32), steps.std(1).astype(np.float32)


def batch(series, mean, scale):
    """Normalised series side by side [N, 12, longest], zeros behind their ends, and a mask [N, 1, longest]."""
    longest = max(one.shape[1] for one in series)
    values = np.zeros((len(series), CHANNELS, longest), np.float32)
    mask = np.zeros((len(series), 1, longest), np.float32)
    for index, one in enumerate(series):
        values[index, :, : one.shape[1]] = (one - mean[:, None]) / scale[:, None]
        mask[index, :, : one.shape[1]] = 1
    return values, mask
