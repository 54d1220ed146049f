"""Writes the orbit model: a dynamical system whose weights are a rotation, nothing is trained.

    python construct.py        writes model.safetensors and check.json

Needs nothing but Python.
"""

import json
import math
import struct
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent

GAIN = 1.25
ANGLE = 0.25
BIAS = [1 / 64, 0.0]


def single(value):
    """The nearest float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


ROTATION = [
    [single(GAIN * math.cos(ANGLE)), single(-GAIN * math.sin(ANGLE))],
    [single(GAIN * math.sin(ANGLE)), single(GAIN * math.cos(ANGLE))],
]


def run(state, steps):
    """The states after each step, in float64."""
    for _ in range(steps):
        state = [math.tanh(b + row[0] * state[0] + row[1] * state[1]) for b, row in zip(BIAS, ROTATION)]
        yield state


def write_safetensors(path, tensors):
    """Writes tensors, each a shape and its elements in row-major order."""
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def check(state, steps):
    """A check vector: the states from a start that is exact in float32."""
    inputs = {"clock": {"shape": [steps, 1], "data": [0] * steps}}
    if any(state):
        inputs["units.initial_h"] = {"shape": [1, 1, 2], "data": state}
    data = [x for step in run(state, steps) for x in step]
    return {"inputs": inputs, "outputs": {"units": {"shape": [steps, 1, 2], "data": data}}}


def main():
    """Writes the model's files."""
    tensors = {
        # The clock's one input does nothing: the system runs by itself.
        "units.W": ([1, 2, 1], [0.0, 0.0]),
        "units.R": ([1, 2, 2], [*ROTATION[0], *ROTATION[1]]),
        "units.B": ([1, 4], [*BIAS, 0.0, 0.0]),
    }
    write_safetensors(FOLDER / "model.safetensors", tensors)
    checks = {"tolerance": 1e-4, "cases": [check([0.0, 0.0], 60), check([0.75, -0.5], 40)]}
    (FOLDER / "check.json").write_text(json.dumps(checks, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
