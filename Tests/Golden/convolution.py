"""Conv and Gabor, by PyTorch's convolution in float64."""

import numpy as np
import torch
from torch.nn import functional

from case import Case, Numbers, single

# Name, X, W, attributes besides kernel_shape, and whether there is a bias.
CONVOLUTIONS = [
    ("valid", (1, 3, 7, 6), (5, 3, 3, 3), {}, True),
    ("valid-no-bias", (1, 3, 7, 6), (5, 3, 3, 3), {}, False),
    ("one-channel", (1, 1, 9, 8), (1, 1, 3, 3), {}, True),
    ("sixteen-channels", (1, 16, 6, 7), (16, 16, 2, 3), {"pads": [0, 1, 1, 1]}, True),
    ("ragged-33-to-5", (1, 33, 5, 6), (5, 33, 3, 3), {"pads": [1, 1, 1, 1]}, True),
    ("ragged-5-to-33", (1, 5, 5, 6), (33, 5, 3, 3), {"pads": [1, 1, 1, 1]}, True),
    ("ragged-20-to-20", (1, 20, 4, 5), (20, 20, 2, 2), {}, True),
    ("same-5x5", (1, 1, 12, 11), (32, 1, 5, 5), {"pads": [2, 2, 2, 2]}, True),
    ("full", (1, 2, 5, 4), (6, 2, 3, 2), {"pads": [2, 1, 2, 1]}, True),
    ("pads-asymmetric", (1, 5, 6, 7), (20, 5, 3, 3), {"pads": [0, 1, 2, 3]}, True),
    ("pads-beyond-kernel", (1, 2, 4, 4), (5, 2, 2, 2), {"pads": [3, 0, 1, 4]}, True),
    ("kernel-beyond-input", (1, 3, 2, 3), (5, 3, 5, 5), {"pads": [2, 2, 2, 2]}, True),
    ("whole-input", (1, 5, 4, 6), (33, 5, 4, 6), {}, True),
    ("strides-2", (1, 5, 9, 10), (16, 5, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}, True),
    ("strides-3", (1, 3, 11, 13), (20, 3, 3, 3), {"strides": [3, 3]}, True),
    ("strides-2-1", (1, 3, 8, 9), (5, 3, 3, 3), {"strides": [2, 1], "pads": [1, 0, 0, 1]}, True),
    ("strides-beyond-kernel", (1, 3, 9, 9), (5, 3, 2, 2), {"strides": [3, 4]}, True),
    ("dilations-2", (1, 5, 9, 8), (16, 5, 3, 3), {"dilations": [2, 2]}, True),
    (
        "dilations-1-3",
        (1, 3, 7, 10),
        (5, 3, 3, 3),
        {"dilations": [1, 3], "pads": [1, 3, 1, 3]},
        True,
    ),
    (
        "dilations-strides",
        (1, 5, 12, 11),
        (20, 5, 2, 3),
        {"dilations": [3, 2], "strides": [2, 3], "pads": [1, 2, 0, 2]},
        True,
    ),
    ("groups-2", (1, 6, 6, 5), (10, 3, 3, 3), {"group": 2}, True),
    ("groups-4-ragged", (1, 20, 5, 5), (20, 5, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}, True),
    ("groups-2-of-16", (1, 32, 4, 5), (32, 16, 1, 3), {"group": 2}, True),
    (
        "groups-3-strides",
        (2, 9, 7, 7),
        (15, 3, 3, 2),
        {"group": 3, "strides": [2, 2], "pads": [1, 0, 1, 1]},
        False,
    ),
    ("depthwise-16", (1, 16, 7, 6), (16, 1, 3, 3), {"group": 16, "pads": [1, 1, 1, 1]}, True),
    ("depthwise-33", (1, 33, 6, 5), (33, 1, 3, 3), {"group": 33, "strides": [2, 2]}, True),
    ("depthwise-two-each", (1, 5, 6, 6), (10, 1, 3, 3), {"group": 5}, False),
    ("pointwise-16", (1, 16, 5, 6), (16, 16, 1, 1), {}, True),
    ("pointwise-20-to-33", (1, 20, 5, 7), (33, 20, 1, 1), {}, True),
    ("pointwise-strides", (1, 33, 7, 7), (5, 33, 1, 1), {"strides": [2, 2]}, False),
    ("row-1x7", (1, 5, 4, 12), (16, 5, 1, 7), {"pads": [0, 3, 0, 3]}, True),
    ("column-7x1", (1, 5, 12, 4), (16, 5, 7, 1), {"pads": [3, 0, 3, 0]}, True),
    ("wide-row", (1, 1, 3, 67), (5, 1, 3, 3), {}, True),
    ("batch-2", (2, 5, 6, 7), (16, 5, 3, 3), {"pads": [1, 1, 1, 1]}, True),
    ("batch-3-ragged", (3, 3, 5, 5), (20, 3, 2, 2), {"strides": [2, 2]}, False),
    ("one-pixel", (1, 33, 1, 1), (20, 33, 1, 1), {}, True),
]


def cases():
    """All cases of both operators."""
    for name, x_shape, w_shape, attributes, biased in CONVOLUTIONS:
        numbers = Numbers(f"Conv/{name}")
        inputs = {"X": numbers.floats(*x_shape), "W": numbers.floats(*w_shape, scale=0.5)}
        if biased:
            inputs["B"] = numbers.floats(w_shape[0])
        attributes = {"kernel_shape": list(w_shape[2:]), **attributes}
        output = convolution(*inputs.values(), **attributes)
        yield Case("Conv", name, inputs, {"Y": output}, attributes)
    yield from gabor_cases()


def convolution(
    x, w, b=None, kernel_shape=None, strides=(1, 1), pads=(0,) * 4, dilations=(1, 1), group=1
):
    """ONNX Conv for two spatial axes; `pads` is top, left, bottom, right."""
    assert kernel_shape is None or list(w.shape[2:]) == list(kernel_shape)
    top, left, bottom, right = pads
    padded = functional.pad(torch.from_numpy(x), (left, right, top, bottom))
    bias = None if b is None else torch.from_numpy(b)
    kernels = torch.from_numpy(w)
    output = functional.conv2d(
        padded, kernels, bias, stride=tuple(strides), dilation=tuple(dilations), groups=group
    )
    return output.numpy()


def gabor_cases():
    """Banks in which every parameter differs between the kernels."""
    for name, image, size, count, extra in [
        ("one-kernel", (1, 1, 9, 10), (5, 5), 1, {}),
        ("every-parameter", (1, 1, 14, 13), (9, 7), 5, {}),
        ("padded", (1, 1, 12, 11), (7, 7), 16, {"pads": [3, 3, 3, 3]}),
        ("even-window", (1, 1, 10, 11), (6, 4), 3, {}),
        ("strides", (2, 1, 13, 12), (5, 7), 5, {"pads": [2, 3, 2, 3], "strides": [2, 2]}),
    ]:
        numbers = Numbers(f"Gabor/{name}")
        draw = numbers.generator.uniform
        ranges = {
            "alpha": (0.5, 2),
            "beta_x": (0.02, 0.2),
            "beta_y": (0.02, 0.2),
            "frequency": (0.3, 2),
            "phase": (-np.pi, np.pi),
            "x0": (-1, 1),
            "y0": (-1, 1),
            "orientation": (0, np.pi),
        }
        bank = {
            key: [single(value) for value in draw(low, high, count)]
            for key, (low, high) in ranges.items()
        }
        kernels = np.stack([gabor(size, *parameters) for parameters in zip(*bank.values())])
        inputs = {"X": numbers.floats(*image)}
        output = convolution(inputs["X"], kernels[:, None], **extra)
        attributes = {"kernel_shape": list(size), **bank, **extra}
        yield Case("Gabor", name, inputs, {"Y": output}, attributes)


def gabor(size, alpha, beta_x, beta_y, frequency, phase, x0, y0, orientation):
    """A kernel [rows, columns]; x to the right, y down, both 0 in the middle of the window.

    w(x, y) = alpha exp(-beta_x x'^2 - beta_y y'^2) cos(frequency x' + phase) with
    x' = (x-x0) cos t + (y-y0) sin t and y' = -(x-x0) sin t + (y-y0) cos t, t the orientation.
    """
    rows, columns = size
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    x, y = x - (columns - 1) / 2 - x0, y - (rows - 1) / 2 - y0
    along = x * np.cos(orientation) + y * np.sin(orientation)
    across = -x * np.sin(orientation) + y * np.cos(orientation)
    envelope = np.exp(-beta_x * along**2 - beta_y * across**2)
    return alpha * envelope * np.cos(frequency * along + phase)
