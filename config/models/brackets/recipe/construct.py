"""Writes the brackets model: weights chosen by hand as fractions, nothing is trained.

    python construct.py        writes model.safetensors, vocabulary.json, labels.txt and check.json

Needs nothing but Python. Every weight is checked to be exact in float32.
"""

import json
import struct
from fractions import Fraction
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent

# One bracket of depth. 2^20 of them are 1, where the unit saturates.
STEP = Fraction(1, 2**20)
# A margin of 200 between the logits: e^-200 is 0 in float32, so probabilities are exactly 0 and 1.
MARGIN = Fraction(200)

# The brackets, and characters that change nothing: their columns are zero.
OTHERS = [chr(code) for code in range(32, 127) if chr(code) not in "()"] + ["\n", "\t"]
VOCABULARY = ["(", ")"] + OTHERS
LABELS = ["balanced", "unbalanced"]

# Rows: depth, fault. Columns: the inputs "(" and ")", then the states depth and fault.
FROM_INPUT = [[STEP, -STEP], [Fraction(0), Fraction(1)]]
FROM_STATE = [[Fraction(1), Fraction(0)], [-1 / STEP, 2 / STEP]]
# Rows: balanced, unbalanced. Columns: depth, fault.
READOUT = [[-MARGIN / STEP, -MARGIN], [MARGIN / STEP, MARGIN]]
READOUT_BIAS = [MARGIN / 2, -MARGIN / 2]

CHECKS = ["()", "(()())", "(()", "())(", ")(", "f(x, g(y))", "((((((((()))))))))", "(((((((((())))))))"]


def saturate(x):
    """min(1, max(0, x)), exactly."""
    return min(Fraction(1), max(Fraction(0), x))


def states(text):
    """The network's two units after each character, in exact arithmetic."""
    depth, fault = Fraction(0), Fraction(0)
    for letter in text:
        opens, closes = Fraction(letter == "("), Fraction(letter == ")")
        sums = [
            row[0] * opens + row[1] * closes + state[0] * depth + state[1] * fault
            for row, state in zip(FROM_INPUT, FROM_STATE)
        ]
        depth, fault = map(saturate, sums)
        yield depth, fault


def verdict(depth, fault):
    """1 for the label that wins, 0 for the other."""
    logits = [row[0] * depth + row[1] * fault + b for row, b in zip(READOUT, READOUT_BIAS)]
    assert abs(logits[0] - logits[1]) >= MARGIN
    return [float(logits[0] > logits[1]), float(logits[1] > logits[0])]


def exact(value):
    """The value as float32 bytes; refuses one that float32 cannot hold."""
    data = struct.pack("<f", float(value))
    assert Fraction(struct.unpack("<f", data)[0]) == value, f"{value} is not exact in float32"
    return data


def write_safetensors(path, tensors):
    """Writes tensors, each a shape and its elements in row-major order."""
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = b"".join(exact(value) for value in values)
        header[name] = {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def check(text):
    """A check vector: the states and the verdict after every character."""
    steps = list(states(text))
    tokens = [VOCABULARY.index(letter) for letter in text]
    count = len(tokens)
    return {
        "inputs": {"tokens": {"shape": [count, 1], "data": tokens}},
        "outputs": {
            "counter": {"shape": [count, 1, 2], "data": [float(x) for step in steps for x in step]},
            "verdict": {"shape": [count, 1, 2], "data": [p for step in steps for p in verdict(*step)]},
        },
    }


def main():
    """Writes the model's files."""
    zeros = [Fraction(0)] * len(OTHERS)
    flat = lambda rows: [value for row in rows for value in row]  # noqa: E731
    tensors = {
        "counter.W": ([1, 2, len(VOCABULARY)], flat(row + zeros for row in FROM_INPUT)),
        "counter.R": ([1, 2, 2], flat(FROM_STATE)),
        "logits.weight": ([2, 2], flat(READOUT)),
        "logits.bias": ([2], READOUT_BIAS),
    }
    write_safetensors(FOLDER / "model.safetensors", tensors)
    (FOLDER / "vocabulary.json").write_text(json.dumps(VOCABULARY) + "\n")
    (FOLDER / "labels.txt").write_text("\n".join(LABELS) + "\n")
    checks = {"tolerance": 0, "cases": [check(text) for text in CHECKS]}
    (FOLDER / "check.json").write_text(json.dumps(checks, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
