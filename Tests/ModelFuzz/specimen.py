"""What is mutated, and the values that break things."""

import dataclasses
import math

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

INTEGERS = [
    0, 1, -1, 2, -2, 3, 7, 255, 256, 4095, 65_536, -65_536, 1_000_000, 1 << 20, 1 << 26, 2**31 - 1, 2**31, -(2**31), 2**32 - 1,
    2**32, 2**33, 1 << 40, 2**61, 2**62, -(2**62), 2**63 - 1, 2**63 - 2, -(2**63), -(2**63) + 1,
]
SMALL = [0, 1, 2, 3, -1, -2, 4, 5, 8, 16]
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-38, 3.4e38, -3.4e38, math.inf, -math.inf, math.nan, 1e9, -1e9, 2.0**31, 2.0**63, -(2.0**63),
    1e19, 1e300, 0.1, 4e9,
]
TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16]
ODD_TYPES = [0, 14, 15, 17, 18, 19, 20, 21, 22, 23, 99, -1, 2**31 - 1]
NAMES = ["", "x", "y", " ", "\0", "a" * 300, "../../x", "#", "\u2028", "é", "constant", "x#1"]


@dataclasses.dataclass
class Specimen:
    """A model, arrays for its inputs, and what was done to it."""

    model: onnx.ModelProto
    values: dict
    origin: str
    log: list = dataclasses.field(default_factory=list)

    @property
    def graph(self):
        return self.model.graph


def integer(random):
    """An extreme one, or one near to what is sensible."""
    kind = random.random()
    if kind < 0.45:
        return random.choice(INTEGERS)
    if kind < 0.85:
        return random.choice(SMALL)
    return max(-(2**63), min(2**63 - 1, random.choice([1, -1]) * (1 << random.randrange(64)) + random.randrange(-2, 3)))


def integers(random, count=None):
    kind = random.random()
    if kind < 0.08:
        return []
    if kind < 0.10:
        return [random.choice(SMALL)] * random.choice([1000, 70_000])
    count = count if count is not None and random.random() < 0.7 else random.randrange(1, 9)
    if random.random() < 0.5:
        return [random.choice(SMALL) for _ in range(count)]
    return [integer(random) for _ in range(count)]


def shape(random, most=4096):
    """A shape of few elements."""
    sizes = [random.choice([0, 1, 1, 2, 2, 3, 4, 5, 7, 8]) for _ in range(random.choice([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6]))]
    while math.prod(sizes) > most:
        sizes.pop()
    return sizes


def dimensions(random):
    """Sizes that a file may claim."""
    kind = random.random()
    if kind < 0.1:
        return [1] * random.choice([8, 9, 20, 64, 300])
    sizes = [random.choice(SMALL) for _ in range(random.choice([0, 1, 2, 2, 3, 4, 5]))]
    if sizes and kind < 0.7:
        sizes[random.randrange(len(sizes))] = integer(random)
    if sizes and kind < 0.3:
        sizes[random.randrange(len(sizes))] = integer(random)
    return sizes


def array(random, kind=None, sizes=None):
    """An array of any type; numbers small, extreme or both."""
    kind = kind or random.choice([1, 1, 1, 7, 7, 6, 9, 2, 3, *TYPES])
    sizes = shape(random) if sizes is None else sizes
    count = math.prod(sizes)
    if kind == TensorProto.STRING:
        return np.array([random.choice(NAMES) for _ in range(count)], object).reshape(sizes)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind)
    return cast(numbers(random, count, dtype), dtype).reshape(sizes)


def numbers(random, count, dtype):
    pick = random.random()
    if dtype.kind in "iu" or dtype == bool:
        if pick < 0.5:
            return [random.choice(SMALL) for _ in range(count)]
        return [integer(random) for _ in range(count)]
    if pick < 0.6:
        return [random.gauss(0, 1) for _ in range(count)]
    return [random.choice(FLOATS) if random.random() < 0.3 else random.gauss(0, 1) for _ in range(count)]


def cast(values, dtype):
    with np.errstate(all="ignore"):
        if dtype == bool:
            return np.array([bool(value) for value in values], bool)
        if dtype.kind in "iu":
            information = np.iinfo(dtype)
            return np.array([max(information.min, min(information.max, value)) for value in values], dtype)
        return np.array(values, np.float64).astype(dtype)


def tensor(random, name="", **choices):
    return numpy_helper.from_array(array(random, **choices), name)


def graphs(model):
    """Every graph of a model, the outermost first."""
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop(0)
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)


def nodes(model):
    """Pairs of a list that holds nodes, and a node's index there."""
    lists = [graph.node for graph in graphs(model)] + [function.node for function in model.functions]
    return [(nodes, index) for nodes in lists for index in range(len(nodes))]


def pick_node(specimen, random):
    found = nodes(specimen.model)
    if not found:
        return None
    place, index = random.choice(found)
    return place[index]


def value_names(graph):
    names = [port.name for port in graph.input] + [tensor.name for tensor in graph.initializer]
    return names + [name for node in graph.node for name in node.output if name]
