"""Convolutions that share less: TiledConv, LocallyConnected, and Conv with a connection table.

Each is written with PyTorch's unfold, which lays every window out, and einsum, in float64.
"""

import torch
from torch.nn import functional

from case import Case, Numbers

# Name, X, (O, kh, kw), tile, attributes, and the bias: none, one an output, or one a kernel.
TILED = [
    ("tile-1", (1, 3, 6, 7), (5, 3, 3), (1, 1), {}, "output"),
    ("tile-2", (1, 3, 8, 9), (5, 3, 3), (2, 2), {"pads": [1, 1, 1, 1]}, "output"),
    ("tile-2-bias-each", (1, 16, 7, 6), (20, 2, 3), (2, 2), {}, "kernel"),
    ("tile-3-by-2", (2, 5, 9, 8), (33, 3, 2), (3, 2), {"pads": [1, 0, 1, 1]}, "output"),
    ("strides", (1, 20, 11, 12), (16, 3, 3), (2, 3), {"strides": [2, 1]}, "kernel"),
    ("dilations", (1, 4, 10, 11), (6, 2, 3), (2, 2), {"dilations": [2, 2]}, "none"),
    ("one-channel", (1, 1, 12, 12), (8, 5, 5), (2, 2), {"pads": [2, 2, 2, 2]}, "output"),
    ("tile-as-output", (1, 3, 5, 5), (4, 3, 3), (3, 3), {}, "kernel"),
    ("tile-beyond-output", (1, 17, 4, 5), (3, 3, 3), (4, 4), {}, "kernel"),
]

# Name, X, (O, kh, kw), attributes, and whether there is a bias.
LOCAL = [
    ("valid", (1, 3, 6, 7), (5, 3, 3), {}, True),
    ("no-bias", (1, 3, 5, 5), (5, 2, 3), {}, False),
    ("padded", (1, 16, 3, 4), (16, 3, 3), {"pads": [1, 1, 1, 1]}, True),
    ("ragged-33-to-20", (1, 33, 3, 3), (20, 2, 2), {}, True),
    ("one-channel", (1, 1, 9, 8), (6, 5, 5), {"pads": [2, 2, 2, 2]}, True),
    ("strides", (2, 18, 5, 7), (17, 2, 3), {"strides": [2, 2]}, True),
    ("pads-asymmetric", (1, 5, 6, 5), (4, 3, 2), {"pads": [0, 1, 2, 0], "strides": [2, 1]}, True),
    ("dilations", (3, 16, 7, 8), (5, 2, 3), {"dilations": [2, 2]}, True),
    ("pixel", (1, 16, 3, 3), (32, 3, 3), {}, True),
]

# Name, X, (kh, kw), sets of input channels, attributes, and whether there is a bias.
CONNECTED = [
    ("table-lenet", (1, 6, 14, 14), (5, 5), "lenet", {}, True),
    ("table-uneven", (2, 5, 7, 21), (3, 3), [[0], [1, 4], [], [0, 1, 2, 3, 4]], {}, True),
    ("table-padded", (1, 3, 6, 6), (3, 3), [[0, 2], [1]], {"pads": [1, 1, 1, 1]}, False),
    ("table-strides", (1, 4, 9, 40), (3, 2), [[0, 1], [2, 3], [0, 3]], {"strides": [2, 2]}, True),
    (
        "table-dilations",
        (1, 3, 12, 12),
        (2, 3),
        [[0, 1, 2], [2]],
        {"dilations": [2, 3], "pads": [1, 2, 0, 3]},
        True,
    ),
    ("table-after-blocks", (1, 20, 5, 17), (1, 1), [[19], [3, 16], [0, 7, 18]], {}, True),
]

# The third layer of LeNet-5 (LeCun and others 1998, table I): which of six maps each of 16 sees.
LENET = (
    [[i, (i + 1) % 6, (i + 2) % 6] for i in range(6)]
    + [[i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6] for i in range(6)]
    + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]
)


def cases():
    """All cases of the three."""
    for name, x_shape, kernel, tile, attributes, bias in TILED:
        numbers = Numbers(f"TiledConv/{name}")
        outputs, *size = kernel
        weights = numbers.floats(outputs, x_shape[1], *size, *tile, scale=0.5)
        inputs = {"X": numbers.floats(*x_shape), "W": weights}
        if bias != "none":
            inputs["B"] = numbers.floats(outputs, *(tile if bias == "kernel" else ()))
        output = tiled(*inputs.values(), **attributes)
        attributes = {"kernel_shape": size, "tile": list(tile), **attributes}
        yield Case("TiledConv", name, inputs, {"Y": output}, attributes)
    for name, x_shape, kernel, attributes, biased in LOCAL:
        numbers = Numbers(f"LocallyConnected/{name}")
        outputs, *size = kernel
        x = numbers.floats(*x_shape)
        positions = windows(x, size, **attributes).shape[4:]
        weights = numbers.floats(outputs, *positions, x_shape[1], *size, scale=0.5)
        inputs = {"X": x, "W": weights}
        if biased:
            inputs["B"] = numbers.floats(outputs, *positions)
        output = local(*inputs.values(), **attributes)
        attributes = {"kernel_shape": size, **attributes}
        yield Case("LocallyConnected", name, inputs, {"Y": output}, attributes)
    yield from connected_cases()


def windows(x, size, strides=(1, 1), pads=(0,) * 4, dilations=(1, 1)):
    """Every window of [N, I, H, W]: a tensor [N, I, kh, kw, rows, columns]."""
    top, left, bottom, right = pads
    padded = functional.pad(torch.from_numpy(x), (left, right, top, bottom))
    counts = [
        (length - (extent - 1) * dilation - 1) // stride + 1
        for length, extent, dilation, stride in zip(padded.shape[2:], size, dilations, strides)
    ]
    columns = functional.unfold(padded, size, dilation=tuple(dilations), stride=tuple(strides))
    return columns.view(*x.shape[:2], *size, *counts)


def tiled(x, w, b=None, **attributes):
    """The kernel at (j, k) is the one at (j mod t_rows, k mod t_columns)."""
    patches = windows(x, w.shape[2:4], **attributes)
    rows = torch.arange(patches.shape[4]) % w.shape[4]
    columns = torch.arange(patches.shape[5]) % w.shape[5]
    kernels = torch.from_numpy(w)[..., rows, :][..., columns]
    output = torch.einsum("nlabjk,ilabjk->nijk", patches, kernels)
    if b is not None:
        bias = torch.from_numpy(b)
        output += bias[:, rows][:, :, columns] if b.ndim == 3 else bias[:, None, None]
    return output.numpy()


def local(x, w, b=None, **attributes):
    """The weights [O, rows, columns, I, kh, kw] share nothing."""
    patches = windows(x, w.shape[4:], **attributes)
    output = torch.einsum("nlabjk,ijklab->nijk", patches, torch.from_numpy(w))
    return (output if b is None else output + torch.from_numpy(b)).numpy()


def connected_cases():
    """Conv with kernels only where an output channel is connected to an input channel."""
    for name, x_shape, size, sets, attributes, biased in CONNECTED:
        sets = LENET if sets == "lenet" else sets
        sets = [sorted(members) for members in sets]
        numbers = Numbers(f"Conv/{name}")
        count = sum(map(len, sets))
        inputs = {
            "X": numbers.floats(*x_shape),
            "W": numbers.floats(count, *size, scale=0.5),
        }
        if biased:
            inputs["B"] = numbers.floats(len(sets))
        output = connected(*inputs.values(), sets=sets, **attributes)
        attributes = {
            "kernel_shape": list(size),
            "connections": sum(sets, []),
            "connection_counts": [len(members) for members in sets],
            **attributes,
        }
        yield Case("Conv", name, inputs, {"Y": output}, attributes)


def connected(x, w, b=None, *, sets, **attributes):
    """Sums over the members of each set only."""
    patches = windows(x, w.shape[1:], **attributes)
    kernels = list(torch.from_numpy(w))
    output = torch.zeros(len(x), len(sets), *patches.shape[4:], dtype=torch.float64)
    for index, members in enumerate(sets):
        for channel in members:
            output[:, index] += torch.einsum("nabjk,ab->njk", patches[:, channel], kernels.pop(0))
        if b is not None:
            output[:, index] += b[index]
    return output.numpy()
