"""Writes what the server reads: weights, vocabulary.json, labels.txt and check.json.

    python export.py --checkpoint language.pt
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

import served
import words

# Words of one length are checked together.
CHECKED = [["knowledge"], ["straße"], ["źdźbło"], ["och"], ["guitare", "schrijf", "ĝardeno"]]


def gates(tensor):
    """Reorders PyTorch's gates reset, update, candidate to ONNX's update, reset, candidate."""
    reset, update, candidate = tensor.chunk(3)
    return torch.cat([update, reset, candidate])


def tensors(network):
    """Tensors by name; the recurrent ones hold the forward and the reverse direction."""
    exported = {
        "logits.weight": network["readout.weight"],
        "logits.bias": network["readout.bias"],
    }
    for level, layer in enumerate(["lower", "upper"]):
        both = [f"l{level}", f"l{level}_reverse"]
        for part, name in [("W", "weight_ih"), ("R", "weight_hh")]:
            pair = [gates(network[f"layers.{name}_{direction}"]) for direction in both]
            exported[f"{layer}.{part}"] = torch.stack(pair)
        exported[f"{layer}.B"] = torch.stack([
            torch.cat([gates(network[f"layers.bias_{kind}_{direction}"]) for kind in ("ih", "hh")])
            for direction in both
        ])
    return {n: np.ascontiguousarray(t.numpy().astype(np.float32)) for n, t in exported.items()}


def cases():
    """Words with the answers that float64 arithmetic gives for the shipped weights."""
    network = served.Served(np.float64)
    for batch in CHECKED:
        tokens = network.encoded(batch)
        logits = network.logits(tokens)
        answers = {"logits": logits, "probabilities": served.softmax(logits)}
        yield {
            "inputs": {"tokens": {"shape": list(tokens.shape), "data": tokens.flatten().tolist()}},
            "outputs": {
                name: {
                    "shape": list(answer.shape),
                    "data": [float(f"{value:.9g}") for value in answer.flat],
                }
                for name, answer in answers.items()
            },
        }


def main():
    """Reads the command line and exports the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("language.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    (served.MODEL / "model.safetensors").write_bytes(save(tensors(saved["network"])))
    symbols = words.vocabulary(words.load()[0])
    (served.MODEL / "vocabulary.json").write_text(json.dumps(symbols, ensure_ascii=False) + "\n")
    labels = "".join(f"{language}\n" for language in words.LANGUAGES)
    (served.MODEL / "labels.txt").write_text(labels)
    check = {"tolerance": 1e-4, "cases": list(cases())}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
