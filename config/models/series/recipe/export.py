"""Writes what the server and its tests read: weights, check.json, examples, the test utterances.

    python export.py --checkpoint series.pt

model.json has the same mean and scale as the checkpoint; a difference is an error.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

import data
import served

HELD_OUT = served.MODEL.parents[2] / "Tests/HeldOut/japanese-vowels.json.gz"
CHECKED = (0, 100, 200, 300)
SHOWN = {"speaker-1": 0, "speaker-4": 3, "speaker-9": 8}


def tensors(state):
    """Tensors by the names of the layers in model.json."""
    result = {}
    for index in range(3):
        result[f"conv{index + 1}.weight"] = state[f"convolutions.{index}.weight"]
        result[f"conv{index + 1}.bias"] = state[f"convolutions.{index}.bias"]
    result["logits.weight"] = state["logits.weight"]
    result["logits.bias"] = state["logits.bias"]
    return {name: tensor.float().contiguous() for name, tensor in result.items()}


def cases(series, mean, scale):
    """Test utterances of several lengths with the answers of float64 arithmetic."""
    weights = served.weights(torch.float64)
    for index in CHECKED:
        values, _ = data.batch([series[index]], mean, scale)
        logits = served.logits(torch.from_numpy(values).double(), weights)
        answers = {"logits": logits, "probabilities": logits.softmax(1)}
        numbers = [float(str(value)) for value in values.flat]
        yield {
            "inputs": {"series": {"shape": list(values.shape), "data": numbers}},
            "outputs": {
                name: {"shape": [1, 9], "data": [float(f"{x:.9g}") for x in answer.numpy().flat]}
                for name, answer in answers.items()
            },
        }


def check_manifest(mean, scale):
    """Compares the normalisation with the one in model.json."""
    manifest = json.loads((served.MODEL / "model.json").read_text())
    for name, values in (("mean", mean), ("scale", scale)):
        if not np.allclose(manifest["preprocessing"][name], values, rtol=1e-6, atol=1e-7):
            raise SystemExit(f'model.json needs "{name}": {[float(f"{v:.7g}") for v in values]}')


def table(series):
    """A series [C, L] as CSV: a line for each step."""
    names = ",".join(f"lpc{channel + 1}" for channel in range(len(series)))
    lines = [",".join(f"{value:.6f}" for value in step) for step in series.T]
    return "\n".join([names, *lines]) + "\n"


def main():
    """Reads the command line and exports the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("series.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    mean, scale = np.float32(saved["mean"]), np.float32(saved["scale"])
    check_manifest(mean, scale)
    (served.MODEL / "model.safetensors").write_bytes(save(tensors(saved["network"])))
    names = "".join(f"speaker {speaker + 1}\n" for speaker in range(data.SPEAKERS))
    (served.MODEL / "labels.txt").write_text(names)
    series, speakers = data.load("TEST")
    check = {"tolerance": 1e-4, "cases": list(cases(series, mean, scale))}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    (served.MODEL / "examples").mkdir(exist_ok=True)
    for name, speaker in SHOWN.items():
        first = series[int(np.flatnonzero(speakers == speaker)[0])]
        (served.MODEL / "examples" / f"{name}.csv").write_text(table(first))
    held_out = [
        {"speaker": int(speaker), "series": [[float(f"{x:.6f}") for x in row] for row in one]}
        for one, speaker in zip(series, speakers)
    ]
    text = json.dumps(held_out, separators=(",", ":")).encode()
    HELD_OUT.write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
