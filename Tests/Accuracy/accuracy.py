"""Errors of Striate's kernels and onnxruntime's against float64, on the same inputs and weights.

    accuracy.py BINARY [--kernels NAME] [--draws N]

Printed is the greatest and the root mean square of |y - y64| / max |y64|, over all draws. Numerics are those of
model.json: "precise" computes every sum directly, "fast" may use Winograd's minimal filtering.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import save_file

from families import cases

FIRST_SEED = 20


def ours(binary, folder, case, kernels, numerics):
    """Striate's answer, from the ONNX file or as a layer of model.json."""
    if numerics == "precise" or not case.reads_onnx:
        model = folder / numerics
        model.mkdir(exist_ok=True)
        _, channels, height, width = case.x.shape
        manifest = {
            "name": "case", "task": "image-features", "numerics": numerics,
            "input": {"name": "x", "channels": channels, "height": height, "width": width},
            "layers": [{"name": "y", **case.layer}], "outputs": ["y"],
        }
        (model / "model.json").write_text(json.dumps(manifest))
        save_file(
            {key: np.ascontiguousarray(value) for key, value in case.layer_weights.items()},
            model / "model.safetensors",
        )
    else:
        model = folder / "case.onnx"
    command = [binary, "bench", "engine", "--model", model, "--input", f"x={folder / 'x.npy'}"]
    command += ["--output", folder / "y.npy"] + (["--kernels", kernels] if kernels else [])
    subprocess.run(command, input="run 1\nquit\n", text=True, check=True, stdout=subprocess.DEVNULL)
    return np.load(folder / "y.npy")


def error(answer, case):
    """Greatest and root mean square difference, relative to the greatest value."""
    difference = np.abs(answer.reshape(case.answer.shape).astype(np.float64) - case.answer)
    scale = np.abs(case.answer).max()
    return difference.max() / scale, np.sqrt((difference**2).mean()) / scale


def measure(binary, case, kernels):
    """Errors by engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        onnx.save(case.model(), folder / "case.onnx")
        np.save(folder / "x.npy", case.x)
        session = onnxruntime.InferenceSession(folder / "case.onnx", providers=["CPUExecutionProvider"])
        errors = {"onnxruntime": error(session.run(None, {"x": case.x})[0], case)}
        errors["fast"] = error(ours(binary, folder, case, kernels, "fast"), case)
        if case.layer:
            errors["precise"] = error(ours(binary, folder, case, kernels, "precise"), case)
        else:
            # Numerics are a matter of convolutions; the rest has one kernel.
            errors["precise"] = errors["fast"]
        return errors


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--kernels", default="")
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    rows = {}
    for draw in range(options.draws):
        for case in cases(np.random.default_rng(FIRST_SEED + draw)):
            for engine, pair in measure(options.binary.resolve(), case, options.kernels).items():
                rows.setdefault(case.name, {}).setdefault(engine, []).append(pair)
    print("| kernels | precise: max | rms | fast: max | rms | onnxruntime: max | rms |")
    print("|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        cells = []
        for engine in ("precise", "fast", "onnxruntime"):
            pairs = np.array(row[engine])
            cells += [f"{pairs[:, 0].max():.1e}", f"{np.sqrt((pairs[:, 1] ** 2).mean()):.1e}"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nonnxruntime {onnxruntime.__version__}, {options.draws} draws, seeds from {FIRST_SEED}.")


if __name__ == "__main__":
    sys.exit(main())
