"""Writes what the server reads: model.safetensors, labels.txt and check.json.

    python export.py --checkpoint fashion.pt
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

import data
import served
from network import WIDE, MaxoutNetwork

CHECKED = 5


def folded(network):
    """Tensors by name, with each batch normalisation folded into the convolution before it."""
    tensors = {}
    for index in range(1, 5):
        conv, norm = getattr(network, f"conv{index}"), getattr(network, f"norm{index}")
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        kernels = conv.weight.double() * gain[:, None, None, None]
        tensors[f"conv{index}.weight"] = neighbouring(kernels)
        tensors[f"conv{index}.bias"] = neighbouring(norm.bias - norm.running_mean * gain)
    tensors["dense.weight"] = neighbouring(network.dense.weight)
    tensors["dense.bias"] = neighbouring(network.dense.bias)
    tensors["logits.weight"] = network.logits.weight
    tensors["logits.bias"] = network.logits.bias
    return {name: tensor.detach().float().contiguous() for name, tensor in tensors.items()}


def neighbouring(tensor):
    """Reorders outputs 0…2C-1 so that the maxout partners c and c + C become 2c and 2c + 1."""
    lower, upper = tensor.chunk(2)
    return torch.stack([lower, upper], 1).flatten(0, 1)


def cases():
    """Test images with the answers that float64 arithmetic gives for the shipped weights."""
    tensors = served.weights(torch.float64)
    pixels, _ = data.load("t10k")
    for image in data.normalise(pixels[:CHECKED]):
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
    parser.add_argument("--checkpoint", type=Path, default=Path("fashion.pt"))
    saved = torch.load(parser.parse_args().checkpoint)
    network = MaxoutNetwork(WIDE)
    network.load_state_dict(saved["mean"])
    (served.MODEL / "model.safetensors").write_bytes(save(folded(network)))
    (served.MODEL / "labels.txt").write_text("".join(f"{label}\n" for label in data.LABELS))
    check = {"tolerance": 1e-4, "cases": list(cases())}
    (served.MODEL / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
