"""Convolution, pooling and normalisation over one spatial axis [N, C, L], by PyTorch in float64."""

import numpy as np
import torch
from torch.nn import functional

from case import Case, Numbers
from pooling import largest, mean, pool

# Name, X, W, attributes besides kernel_shape, and whether there is a bias.
CONVOLUTIONS = [
    ("series-valid", (1, 3, 11), (5, 3, 3), {}, True),
    ("series-one-channel", (1, 1, 20), (1, 1, 7), {}, False),
    ("series-same-12-to-32", (1, 12, 29), (32, 12, 5), {"pads": [2, 2]}, True),
    ("series-blocked-32-to-20", (1, 32, 17), (20, 32, 3), {"pads": [1, 1]}, True),
    ("series-full", (2, 5, 6), (6, 5, 4), {"pads": [3, 3]}, True),
    ("series-pads-asymmetric", (1, 5, 9), (16, 5, 4), {"pads": [0, 3]}, True),
    ("series-strides-2", (1, 20, 15), (33, 20, 3), {"strides": [2], "pads": [1, 1]}, True),
    ("series-strides-3", (1, 4, 16), (7, 4, 2), {"strides": [3]}, False),
    ("series-dilations-2", (1, 6, 18), (16, 6, 3), {"dilations": [2], "pads": [2, 2]}, True),
    (
        "series-dilations-strides",
        (2, 9, 23),
        (12, 9, 3),
        {"dilations": [3], "strides": [2], "pads": [4, 1]},
        True,
    ),
    ("series-groups-2", (1, 6, 10), (10, 3, 3), {"group": 2}, True),
    ("series-groups-2-of-16", (1, 32, 12), (32, 16, 5), {"group": 2, "pads": [2, 2]}, True),
    ("series-depthwise-33", (1, 33, 14), (33, 1, 5), {"group": 33, "strides": [2]}, True),
    ("series-pointwise", (2, 20, 9), (33, 20, 1), {}, True),
    ("series-whole-input", (1, 12, 7), (5, 12, 7), {}, True),
    ("series-one-step", (1, 17, 1), (6, 17, 3), {"pads": [1, 1]}, True),
    ("series-long", (1, 3, 131), (5, 3, 9), {"pads": [4, 4]}, True),
    ("series-batch-3", (3, 5, 8), (20, 5, 2), {}, False),
]

# Name, X and attributes, for the largest element and for the mean.
POOLS = [
    ("series-window-2", (1, 5, 12), {"kernel_shape": [2], "strides": [2]}),
    ("series-cut", (2, 20, 11), {"kernel_shape": [3], "strides": [2]}),
    ("series-stride-1", (1, 16, 9), {"kernel_shape": [4]}),
    ("series-pads", (1, 33, 10), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    ("series-pads-asymmetric", (1, 3, 8), {"kernel_shape": [3], "pads": [0, 2]}),
    ("series-ceil", (1, 7, 10), {"kernel_shape": [3], "strides": [2], "ceil_mode": 1}),
    ("series-whole", (1, 20, 7), {"kernel_shape": [7]}),
]


def cases():
    """All cases over one axis."""
    for name, x_shape, w_shape, attributes, biased in CONVOLUTIONS:
        numbers = Numbers(f"Conv/{name}")
        inputs = {"X": numbers.floats(*x_shape), "W": numbers.floats(*w_shape, scale=0.5)}
        if biased:
            inputs["B"] = numbers.floats(w_shape[0])
        attributes = {"kernel_shape": list(w_shape[2:]), **attributes}
        yield Case("Conv", name, inputs, {"Y": convolution(*inputs.values(), **attributes)}, attributes)
    for op, summary, extra in [
        ("MaxPool", largest, {}),
        ("AveragePool", mean, {}),
        ("AveragePool", mean, {"count_include_pad": 1}),
    ]:
        for name, shape, attributes in POOLS:
            if extra and "pads" not in attributes:
                continue
            name += "-included" if extra else ""
            x = Numbers(f"{op}/{name}").floats(*shape)
            attributes = {**attributes, **extra}
            yield Case(op, name, {"X": x}, {"Y": over_one_axis(x, summary, attributes)}, attributes)
    for name, shape in [("series", (1, 20, 13)), ("series-batch", (3, 5, 7))]:
        x = Numbers(f"GlobalPool/{name}").floats(*shape)
        yield Case("GlobalAveragePool", name, {"X": x}, {"Y": x.mean(2, keepdims=True)})
        yield Case("GlobalMaxPool", name, {"X": x}, {"Y": x.max(2, keepdims=True)})
        length = np.sqrt((x**2).sum(2, keepdims=True))
        yield Case("GlobalLpPool", name, {"X": x}, {"Y": length}, {"p": 2})
    x = Numbers("LpPool/series").floats(2, 20, 11)
    attributes = {"kernel_shape": [3], "strides": [2], "pads": [1, 0], "p": 3}
    cubes = over_one_axis(np.abs(x) ** 3, total, attributes)
    yield Case("LpPool", "series", {"X": x}, {"Y": np.cbrt(cubes)}, attributes)
    yield table_case()
    yield from channel_cases()


def total(window, _):
    """The sum of a window's elements."""
    return window.sum((2, 3))


def table_case():
    """A connection table: the kernels of its connections in a full convolution, all others zero."""
    numbers = Numbers("Conv/series-table")
    sets = [[0, 2], [1], [], [0, 1, 2, 3, 4]]
    x = numbers.floats(2, 5, 37)
    compact = numbers.floats(sum(map(len, sets)), 4, scale=0.5)
    bias = numbers.floats(len(sets))
    full = np.zeros((len(sets), 5, 4))
    places = [(output, channel) for output, channels in enumerate(sets) for channel in channels]
    for (output, channel), kernel in zip(places, compact):
        full[output, channel] = kernel
    shared = {"kernel_shape": [4], "strides": [2], "pads": [1, 2]}
    table = {
        "connections": [channel for _, channel in places],
        "connection_counts": [len(channels) for channels in sets],
    }
    inputs = {"X": x, "W": compact, "B": bias}
    output = convolution(x, full, bias, **shared)
    return Case("Conv", "series-table", inputs, {"Y": output}, {**shared, **table})


def convolution(x, w, b=None, kernel_shape=None, strides=(1,), pads=(0, 0), dilations=(1,), group=1):
    """ONNX Conv for one spatial axis; `pads` is begin, end."""
    padded = functional.pad(torch.from_numpy(x), tuple(pads))
    bias = None if b is None else torch.from_numpy(b)
    output = functional.conv1d(
        padded, torch.from_numpy(w), bias, stride=strides[0], dilation=dilations[0], groups=group
    )
    return output.numpy()


def over_one_axis(x, summary, attributes):
    """Pools as an image of one row."""
    wide = {
        "kernel_shape": [1, *attributes["kernel_shape"]],
        "strides": [1, *attributes.get("strides", [1])],
        "ceil_mode": attributes.get("ceil_mode", 0),
        "count_include_pad": attributes.get("count_include_pad", 0),
    }
    begin, end = attributes.get("pads", [0, 0])
    return pool(x[:, :, None], summary, pads=[0, begin, 0, end], **wide)[:, :, 0]


def channel_cases():
    """Pooling over neighbouring channels, and normalisation by channel, of series."""
    for name, shape, group in [("series", (2, 20, 7), 2), ("series-threes", (1, 48, 5), 3)]:
        split = (shape[0], shape[1] // group, group, shape[2])
        attributes = {"group": group, "axis": 1}
        x = Numbers(f"Maxout/{name}").floats(*shape)
        yield Case("Maxout", name, {"X": x}, {"Y": x.reshape(split).max(2)}, attributes)
        x = Numbers(f"ChannelL2/{name}").floats(*shape)
        length = np.sqrt((x.reshape(split) ** 2).sum(2))
        yield Case("ChannelL2", name, {"X": x}, {"Y": length}, attributes)
    numbers = Numbers("BatchNormalization/series")
    x = numbers.floats(2, 20, 9)
    scale, bias, average = (numbers.floats(20) for _ in range(3))
    variance = numbers.positive(20)
    output = functional.batch_norm(
        *(torch.from_numpy(value) for value in (x, average, variance, scale, bias)), eps=1e-5
    )
    inputs = {"X": x, "scale": scale, "B": bias, "input_mean": average, "input_var": variance}
    yield Case("BatchNormalization", "series", inputs, {"Y": output.numpy()}, {})
