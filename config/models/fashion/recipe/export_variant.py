"""Writes what the server reads of a variant: model.safetensors, labels.txt and check.json.

    python export_variant.py local --checkpoint fashion-local.pt
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save

import data
import served_variant
from export import neighbouring, rounded, shortest
from network import MaxoutNetwork
from variants import KINDS, WIDTHS, Variant, affine

CHECKED = 4


def folded(network, kind):
    """Tensors by name, with each batch normalisation folded into the layer before it."""
    tensors = {}
    for index in range(1, 4):
        gain, bias = affine(getattr(network, f"norm{index}"))
        kernels = getattr(network, f"conv{index}").weight.double() * gain[:, None, None, None]
        tensors |= {f"conv{index}.weight": kernels, f"conv{index}.bias": bias}
    kernels, bias = network.fourth.folded()
    tensors |= {f"{kind}4.weight": kernels, f"{kind}4.bias": bias}
    tensors |= {"dense.weight": network.dense.weight, "dense.bias": network.dense.bias}
    tensors = {name: neighbouring(tensor) for name, tensor in tensors.items()}
    tensors |= {"logits.weight": network.logits.weight, "logits.bias": network.logits.bias}
    return {name: tensor.detach().float().contiguous() for name, tensor in tensors.items()}


def cases(kind):
    """Test images with the answers that float64 arithmetic gives for the shipped weights."""
    tensors = served_variant.weights(kind, torch.float64)
    pixels, _ = data.load("t10k")
    for image in data.normalise(pixels[:CHECKED]):
        logits = served_variant.logits(torch.from_numpy(image[None]).double(), tensors)
        answers = {"logits": logits, "probabilities": logits.softmax(1)}
        yield {
            "inputs": {"image": {"shape": [1, *image.shape], "data": shortest(image)}},
            "outputs": {
                name: {"shape": [1, 10], "data": rounded(answer.numpy())}
                for name, answer in answers.items()
            },
        }


def main():
    """Reads the command line and exports the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    kind = arguments.kind
    saved = torch.load(arguments.checkpoint or Path(f"fashion-{kind}.pt"))
    network = Variant(KINDS[kind], MaxoutNetwork(WIDTHS).state_dict())
    network.load_state_dict(saved["mean"])
    folder = served_variant.folder(kind)
    (folder / "model.safetensors").write_bytes(save(folded(network, kind)))
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in data.LABELS))
    check = {"tolerance": 1e-4, "cases": list(cases(kind))}
    (folder / "check.json").write_text(json.dumps(check, separators=(",", ":")) + "\n")
    print(f"exported after {saved['epoch']} epochs, {saved['seconds']:.0f} seconds")


if __name__ == "__main__":
    main()
