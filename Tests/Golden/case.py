"""A golden case, and the numbers that cases are made of."""

import json
import zlib
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Case:
    """One operator with attributes, inputs and the outputs that it must give."""

    op: str
    name: str
    inputs: dict
    outputs: dict
    attributes: dict = field(default_factory=dict)

    def text(self):
        """The case as JSON: floats of inputs exact, those of outputs with nine digits."""
        content = {
            "op": self.op,
            "attributes": self.attributes,
            "inputs": [tensor(name, value, exact=True) for name, value in self.inputs.items()],
            "outputs": [tensor(name, value, exact=False) for name, value in self.outputs.items()],
        }
        return json.dumps(content, separators=(",", ":")) + "\n"


def tensor(name, value, exact):
    """A named tensor with its shape and its elements in row-major order."""
    array = np.asarray(value)
    if array.dtype == np.int64:
        return {"name": name, "type": "int64", "shape": list(array.shape), "data": flat(array)}
    if exact:
        assert np.array_equal(array, array.astype(np.float32)), f"{name} is not exact in float32"
        return {"name": name, "shape": list(array.shape), "data": flat(array)}
    digits = [float(f"{element:.9g}") for element in array.flat]
    return {"name": name, "shape": list(array.shape), "data": digits}


def flat(array):
    """The elements as Python numbers."""
    return array.reshape(-1).tolist()


class Numbers:
    """Random tensors that depend only on the name of the case that they are for."""

    def __init__(self, name):
        """Seeds the generator with the name."""
        self.generator = np.random.default_rng(zlib.crc32(name.encode()))

    def floats(self, *shape, scale=1.0):
        """Normal numbers as float64, in steps of 1/1024: exact in float32, short in decimal."""
        return np.round(self.generator.normal(0, scale, shape) * 1024) / 1024

    def positive(self, *shape):
        """Numbers between 0.25 and 2, in steps of 1/1024."""
        return np.round(self.generator.uniform(0.25, 2, shape) * 1024) / 1024

    def integers(self, low, high, *shape):
        """int64 numbers from `low` up to `high`, which is excluded."""
        return self.generator.integers(low, high, shape)


def single(value):
    """The nearest float32, as attributes of ONNX have that type."""
    return float(np.float32(value))
