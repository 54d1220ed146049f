"""Activations, softmax, sums and products with broadcasting, and batch normalisation."""

import numpy as np
import torch

from case import Case, Numbers, single

# Arguments at which a sloppy approximation shows: signs, both tails, the neighbourhood of zero.
HARD = np.array(
    [0, 1, -1, 0.5, -0.5, 2.0**-10, -(2.0**-10), 2.0**-30, 9, -9, 20, -20, 88.75, -88.75, 1e4, -1e4]
)

SHAPES = [("vector", (33,)), ("matrix", (3, 20)), ("map", (2, 5, 3, 7)), ("one", (1, 1))]


def cases():
    """All cases of the element-wise operators."""
    for op, function in [("Relu", torch.relu), ("Tanh", torch.tanh), ("Sigmoid", torch.sigmoid)]:
        for name, shape in SHAPES:
            x = Numbers(f"{op}/{name}").floats(*shape, scale=3)
            yield Case(op, name, {"X": x}, {"Y": function(torch.from_numpy(x)).numpy()})
        yield Case(op, "hard", {"X": HARD}, {"Y": function(torch.from_numpy(HARD)).numpy()})
    yield from smooth_cases()
    for name, low, high in [("relu6", 0, 6), ("both-sides", -1.5, 2.25), ("one-point", 1, 1)]:
        x = Numbers(f"Clip/{name}").floats(2, 5, 3, 7, scale=5)
        yield Case("Clip", name, {"X": x}, {"Y": np.clip(x, low, high)}, {"min": low, "max": high})
    yield from softmax_cases()
    yield from broadcast_cases()
    yield from normalisation_cases()


def smooth_cases():
    """Smooth relatives of Relu."""
    functional = torch.nn.functional
    for op, name, function, attributes in [
        ("Mish", "", functional.mish, {}),
        ("Gelu", "", functional.gelu, {}),
        ("Gelu", "tanh-", lambda x: functional.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
    ]:
        for part, shape in SHAPES:
            x = Numbers(f"{op}/{name}{part}").floats(*shape, scale=3)
            y = function(torch.from_numpy(x)).numpy()
            yield Case(op, f"{name}{part}", {"X": x}, {"Y": y}, attributes)
        y = function(torch.from_numpy(HARD)).numpy()
        yield Case(op, f"{name}hard", {"X": HARD}, {"Y": y}, attributes)


def softmax_cases():
    """Softmax and its logarithm, along the last axis and along another one."""
    huge = np.array([[1e4, -1e4, 0, 9999, 3], [-1e4, -1e4, -9999, -1e4, -1e4], [7, 7, 7, 7, 7.0]])
    for op, function in [("Softmax", torch.softmax), ("LogSoftmax", torch.log_softmax)]:
        for name, shape, axis, scale in [
            ("last-axis", (3, 10), -1, 2),
            ("last-axis-33", (2, 33), -1, 5),
            ("axis-1-of-matrix", (4, 63), 1, 3),
            ("axis-1-of-map", (2, 5, 3, 4), 1, 2),
            ("axis-0", (5, 6), 0, 2),
            ("last-axis-of-sequence", (6, 1, 20), -1, 4),
            ("one-class", (3, 1), -1, 2),
            ("huge-random", (4, 16), -1, 4000),
        ]:
            x = Numbers(f"{op}/{name}").floats(*shape, scale=scale)
            output = function(torch.from_numpy(x), axis).numpy()
            yield Case(op, name, {"input": x}, {"output": output}, {"axis": axis})
        output = function(torch.from_numpy(huge), -1).numpy()
        yield Case(op, "huge", {"input": huge}, {"output": output}, {"axis": -1})
        x = Numbers(f"{op}/default-axis").floats(2, 3, 5)
        output = function(torch.from_numpy(x), -1).numpy()
        yield Case(op, "default-axis", {"input": x}, {"output": output})


def broadcast_cases():
    """Add and Mul, where each shape may lack axes of the other or have 1 in their place."""
    for op, function in [("Add", np.add), ("Mul", np.multiply)]:
        for name, left, right in [
            ("same", (2, 5, 3, 4), (2, 5, 3, 4)),
            ("same-vector", (67,), (67,)),
            ("scalar", (3, 20), ()),
            ("scalar-first", (), (2, 5)),
            ("last-axis", (4, 3, 33), (33,)),
            ("channels", (2, 16, 3, 3), (1, 16, 1, 1)),
            ("channels-ragged", (2, 5, 4, 3), (5, 1, 1)),
            ("map-to-channels", (1, 20, 3, 5), (1, 1, 3, 5)),
            ("both", (5, 1), (1, 7)),
            ("both-deep", (2, 1, 3, 1), (1, 5, 1, 4)),
            ("left-smaller", (6,), (2, 3, 6)),
        ]:
            numbers = Numbers(f"{op}/{name}")
            inputs = {"A": numbers.floats(*left), "B": numbers.floats(*right)}
            yield Case(op, name, inputs, {"C": function(*inputs.values())})


def normalisation_cases():
    """Batch normalisation with the statistics given."""
    for name, shape, epsilon in [
        ("map-5", (2, 5, 4, 3), 1e-5),
        ("map-16", (1, 16, 3, 4), 1e-3),
        ("map-33", (1, 33, 2, 3), 1e-5),
        ("matrix", (3, 20), 1e-5),
        ("default-epsilon", (1, 3, 5, 5), None),
    ]:
        numbers = Numbers(f"BatchNormalization/{name}")
        channels = shape[1]
        inputs = {
            "X": numbers.floats(*shape),
            "scale": numbers.floats(channels),
            "B": numbers.floats(channels),
            "input_mean": numbers.floats(channels),
            "input_var": numbers.positive(channels),
        }
        attributes = {} if epsilon is None else {"epsilon": single(epsilon)}
        x, scale, shift, mean, variance = map(torch.from_numpy, inputs.values())
        output = torch.nn.functional.batch_norm(
            x, mean, variance, scale, shift, eps=attributes.get("epsilon", single(1e-5))
        )
        yield Case("BatchNormalization", name, inputs, {"Y": output.numpy()}, attributes)
