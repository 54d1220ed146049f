"""Writes what the server reads: model.safetensors, labels.txt and check.json.

    python export.py --checkpoint lenet.pt
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

import data
import served
from network import CONNECTIONS, LeNet

# One test image of each of these digits.
CHECKED = [0, 3, 4, 7, 8]


def tensors(network):
    """Tensors by name; of `conv3` only the kernels that exist, in the order of the table."""
    exported = {
        name: tensor for name, tensor in network.state_dict().items() if name != "mask"
    }
    kernels = exported["conv3.weight"]
    exported["conv3.weight"] = torch.cat(
        [kernels[channel, sources] for channel, sources in enumerate(CONNECTIONS)]
    )
    return {name: tensor.float().contiguous() for name, tensor in exported.items()}


def cases():
    """Test images with the answers that float64 arithmetic gives for the shipped weights."""
    tensors = served.weights(torch.float64)
    pixels, labels = data.load("test")
    chosen = [int(np.flatnonzero(labels == digit)[0]) for digit in CHECKED]
    for image in data.normalise(pixels[chosen]):
        logits = served.logits(torch.from_numpy(image[None]).double(), tensors)
        answers = {"logits": logits, "probabilities": logits.softmax(1)}
        yield {
            "inputs": {"image": {"shape": [1, *image.shape], "data": shortest(image)}},
            "outputs": {
                name: {"shape": [1, 10], "data": rounded(answer.numpy())}
                for name, answer in answers.items()
            },
        }


def shortest(values):
    """Numbers whose shortest decimal form reads back as the same float32."""
    return [float(str(value)) for value in values.astype(np.float32).flat]


def rounded(values):
    """Numbers with nine significant digits."""
    return [float(f"{value:.9g}") for value in values.flat]


def main():
    """Reads the command line and exports the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("lenet.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    network = LeNet()
    network.load_state_dict(saved["mean"])
    (served.MODEL / "model.safetensors").write_bytes(save(tensors(network)))
    (served.MODEL / "labels.txt").write_text("".join(f"{label}\n" for label in data.LABELS))
    check = {"tolerance": 1e-4, "cases": list(cases())}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
