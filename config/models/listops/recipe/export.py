"""Writes what the server reads: weights, vocabulary.json, labels.txt and check.json.

    python export.py --checkpoint listops.pt
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

import expressions
import served

# The vectors of the left and the right children of some nodes; a vector's own reading is checked too.
CHECKED = [
    [("max", 7), (["sm", 4], 9), (["sm", 4, 9], 9)],
    [(["min", ["max", 1, 8]], ["last", 3, 5]), (["first", 6], ["sm", 7, 7, ["max", 0, 2]])],
]


def cases():
    """Each piece on its own, with the answers of float64 arithmetic for the shipped weights."""
    network = served.Served(np.float64)
    for number, pairs in enumerate(CHECKED):
        # The inputs are float32, so the answers belong to the rounded ones.
        children = np.array([
            np.concatenate([network.vector(left), network.vector(right)]) for left, right in pairs
        ]).astype(np.float32)
        nodes = network.composed(children.astype(np.float64)).astype(np.float32)
        tokens = np.arange(len(expressions.SYMBOLS))[number::2, None]
        logits = network.logits(nodes.astype(np.float64))
        yield {
            "inputs": {
                "tokens": {"shape": list(tokens.shape), "data": tokens.flatten().tolist()},
                "children": {"shape": list(children.shape), "data": shortest(children)},
                "node": {"shape": list(nodes.shape), "data": shortest(nodes)},
            },
            "outputs": {
                name: {"shape": list(answer.shape), "data": rounded(answer)}
                for name, answer in {
                    "embedded": network.embedded(tokens),
                    "composed": network.composed(children.astype(np.float64)),
                    "logits": logits,
                    "probabilities": served.softmax(logits),
                }.items()
            },
        }


def shortest(values):
    """Numbers whose shortest decimal form reads back as the same float32."""
    return [float(str(value)) for value in values.flat]


def rounded(values):
    """Numbers with nine significant digits."""
    return [float(f"{value:.9g}") for value in values.flat]


def main():
    """Reads the command line and exports the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("listops.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    arrays = {
        name: np.ascontiguousarray(tensor.numpy()) for name, tensor in saved["network"].items()
    }
    (served.MODEL / "model.safetensors").write_bytes(save(arrays))
    (served.MODEL / "vocabulary.json").write_text(json.dumps(expressions.SYMBOLS) + "\n")
    (served.MODEL / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    check = {"tolerance": 1e-4, "cases": list(cases())}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
