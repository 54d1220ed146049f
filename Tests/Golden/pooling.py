"""MaxPool, AveragePool and LpPool written out from ONNX, their global forms, Maxout and ChannelL2."""

import itertools

import numpy as np
import torch
from torch.nn import functional

from case import Case, Numbers

# Name, X and attributes.
MAX_POOLS = [
    ("window-2", (1, 5, 6, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("window-2-cut", (1, 20, 5, 7), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("overlapping", (1, 16, 7, 7), {"kernel_shape": [3, 3], "strides": [2, 2]}),
    ("stride-1", (1, 3, 5, 6), {"kernel_shape": [3, 3]}),
    (
        "pads",
        (1, 33, 5, 6),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    ),
    (
        "pads-asymmetric",
        (2, 5, 6, 5),
        {"kernel_shape": [3, 2], "strides": [1, 2], "pads": [0, 1, 2, 0]},
    ),
    ("ceil", (1, 5, 6, 7), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    (
        "ceil-pads",
        (1, 3, 6, 6),
        {"kernel_shape": [2, 2], "strides": [2, 3], "pads": [1, 0, 1, 1], "ceil_mode": 1},
    ),
    (
        "ceil-window-beyond-input",
        (1, 2, 4, 4),
        {"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1},
    ),
    ("dilations", (1, 16, 7, 8), {"kernel_shape": [2, 3], "dilations": [2, 3]}),
    (
        "dilations-strides",
        (1, 5, 9, 9),
        {"kernel_shape": [3, 2], "dilations": [2, 2], "strides": [2, 1], "pads": [2, 1, 2, 1]},
    ),
    ("whole-input", (1, 20, 4, 3), {"kernel_shape": [4, 3]}),
    ("row", (2, 3, 2, 9), {"kernel_shape": [1, 4], "strides": [1, 3]}),
]

AVERAGE_POOLS = [
    ("window-2", (1, 5, 6, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("overlapping", (1, 16, 7, 7), {"kernel_shape": [3, 3], "strides": [2, 2]}),
    ("pads-excluded", (1, 20, 5, 6), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    (
        "pads-included",
        (1, 20, 5, 6),
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1},
    ),
    (
        "pads-asymmetric",
        (2, 5, 6, 5),
        {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [0, 1, 2, 0]},
    ),
    (
        "pads-asymmetric-included",
        (2, 5, 6, 5),
        {
            "kernel_shape": [3, 2],
            "strides": [2, 1],
            "pads": [0, 1, 2, 0],
            "count_include_pad": 1,
        },
    ),
    ("ceil", (1, 33, 6, 7), {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}),
    (
        "ceil-pads-excluded",
        (1, 5, 6, 6),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    ),
    (
        "ceil-pads-included",
        (1, 5, 6, 6),
        {
            "kernel_shape": [3, 3],
            "strides": [2, 2],
            "pads": [1, 1, 1, 1],
            "ceil_mode": 1,
            "count_include_pad": 1,
        },
    ),
    ("whole-input", (1, 16, 3, 5), {"kernel_shape": [3, 5]}),
]

LP_POOLS = [
    ("window-2", (1, 5, 6, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("p-1", (1, 20, 5, 7), {"kernel_shape": [3, 2], "p": 1}),
    ("p-3", (2, 16, 6, 6), {"kernel_shape": [2, 3], "strides": [2, 1], "p": 3}),
    ("p-5-pads", (1, 3, 5, 5), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "p": 5}),
    ("overlapping", (1, 33, 7, 9), {"kernel_shape": [3, 3], "strides": [2, 2], "p": 2}),
    (
        "ceil-pads",
        (1, 6, 6, 7),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1},
    ),
    ("dilations", (1, 16, 7, 8), {"kernel_shape": [2, 3], "dilations": [2, 3]}),
]


def cases():
    """All cases of the pooling operators."""
    for op, table, summary in [
        ("MaxPool", MAX_POOLS, largest),
        ("AveragePool", AVERAGE_POOLS, mean),
    ]:
        for name, shape, attributes in table:
            # Below zero too, so that padding taken for a zero would show.
            x = Numbers(f"{op}/{name}").floats(*shape) - 1
            output = pool(x, summary, **attributes)
            confirm(op, x, output, attributes)
            yield Case(op, name, {"X": x}, {"Y": output}, attributes)
    for name, shape, attributes in LP_POOLS:
        x = Numbers(f"LpPool/{name}").floats(*shape)
        power = attributes.get("p", 2)
        rest = {key: value for key, value in attributes.items() if key != "p"}
        yield Case("LpPool", name, {"X": x}, {"Y": pool(x, norm(power), **rest)}, attributes)
    yield from global_cases()
    yield from channel_cases()


def global_cases():
    """Windows as large as the image."""
    for name, shape in [("five", (1, 5, 6, 7)), ("batch", (2, 33, 4, 3)), ("pixel", (1, 16, 1, 1))]:
        x = Numbers(f"GlobalAveragePool/{name}").floats(*shape)
        yield Case("GlobalAveragePool", name, {"X": x}, {"Y": x.mean((2, 3), keepdims=True)})
        x = Numbers(f"GlobalMaxPool/{name}").floats(*shape) - 1
        yield Case("GlobalMaxPool", name, {"X": x}, {"Y": x.max((2, 3), keepdims=True)})
        for power in (1, 2, 3):
            x = Numbers(f"GlobalLpPool/{name}-{power}").floats(*shape)
            y = (np.abs(x) ** power).sum((2, 3), keepdims=True) ** (1 / power)
            yield Case("GlobalLpPool", f"{name}-p{power}", {"X": x}, {"Y": y}, {"p": power})


def norm(power):
    """The p-norm of a window's elements, whatever the number to divide by."""
    return lambda window, _: (np.abs(window) ** power).sum((2, 3)) ** (1 / power)


def pool(
    x,
    summary,
    kernel_shape,
    strides=(1, 1),
    pads=(0,) * 4,
    dilations=(1, 1),
    ceil_mode=0,
    count_include_pad=0,
):
    """Pools [N, C, H, W]; `summary` gets the window's elements and the number to divide by."""
    axes = []
    for axis in range(2):
        length, before, after = x.shape[2 + axis], pads[axis], pads[2 + axis]
        reach = (kernel_shape[axis] - 1) * dilations[axis] + 1
        room = length + before + after - reach
        count = (-(-room // strides[axis]) if ceil_mode else room // strides[axis]) + 1
        # A window that would begin beyond the input in the padding after it does not count.
        if ceil_mode and (count - 1) * strides[axis] >= length + before:
            count -= 1
        offsets = range(0, reach, dilations[axis])
        starts = [index * strides[axis] - before for index in range(count)]
        axes.append([[start + offset for offset in offsets] for start in starts])
    output = np.empty((*x.shape[:2], len(axes[0]), len(axes[1])))
    for (i, rows), (j, columns) in itertools.product(enumerate(axes[0]), enumerate(axes[1])):
        # Where a window hangs over even the padded input, the overhang is never counted.
        counted = sum(row < x.shape[2] + pads[2] for row in rows) * sum(
            column < x.shape[3] + pads[3] for column in columns
        )
        rows = [row for row in rows if 0 <= row < x.shape[2]]
        columns = [column for column in columns if 0 <= column < x.shape[3]]
        window = x[:, :, rows][:, :, :, columns]
        divisor = counted if count_include_pad else len(rows) * len(columns)
        output[:, :, i, j] = summary(window, divisor)
    return output


def largest(window, _):
    """The largest element."""
    return window.max((2, 3))


def mean(window, divisor):
    """The sum over the divisor."""
    return window.sum((2, 3)) / divisor


def confirm(op, x, output, attributes):
    """Checks the written-out pooling against PyTorch's, where that can express the case."""
    top, left, bottom, right = attributes.get("pads", [0] * 4)
    rows, columns = attributes["kernel_shape"]
    if (top, left) != (bottom, right) or 2 * top > rows or 2 * left > columns:
        return
    common = {
        "kernel_size": attributes["kernel_shape"],
        "stride": attributes.get("strides", [1, 1]),
        "padding": (top, left),
        "ceil_mode": bool(attributes.get("ceil_mode", 0)),
    }
    if op == "MaxPool":
        other = functional.max_pool2d(
            torch.from_numpy(x), dilation=attributes.get("dilations", [1, 1]), **common
        )
    else:
        included = bool(attributes.get("count_include_pad", 0))
        other = functional.avg_pool2d(torch.from_numpy(x), count_include_pad=included, **common)
    np.testing.assert_allclose(output, other.numpy(), rtol=1e-13)


def channel_cases():
    """Pooling over neighbouring channels: their largest, and the root of their sum of squares."""
    for name, shape, group in [
        ("pairs", (1, 32, 3, 4), 2),
        ("pairs-ragged", (1, 66, 2, 3), 2),
        ("few", (2, 6, 3, 3), 2),
        ("threes", (1, 15, 4, 5), 3),
        ("fours", (1, 64, 2, 3), 4),
        ("all", (1, 20, 3, 3), 20),
        ("dense", (2, 40), 2),
    ]:
        split = (shape[0], shape[1] // group, group, *shape[2:])
        x = Numbers(f"Maxout/{name}").floats(*shape)
        output = x.reshape(split).max(2)
        yield Case("Maxout", name, {"X": x}, {"Y": output}, {"group": group})
        x = Numbers(f"ChannelL2/{name}").floats(*shape)
        output = np.sqrt((x.reshape(split) ** 2).sum(2))
        yield Case("ChannelL2", name, {"X": x}, {"Y": output}, {"group": group})
