"""One case for each family of kernels: an ONNX graph, its float64 answer, and a model.json of the same layer if it has one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper


@dataclass
class Case:
    """A network of one layer from x to y."""

    name: str
    x: np.ndarray
    nodes: list
    weights: dict
    answer: np.ndarray
    # The same as a layer of model.json with its weights; None if only the ONNX file is run.
    layer: dict | None = None
    layer_weights: dict = field(default_factory=dict)
    # Whether Striate reads the ONNX file; it knows tiled and unshared kernels as layers of its own only.
    reads_onnx: bool = True

    def model(self):
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "case",
            [info("x", TensorProto.FLOAT, self.x.shape)],
            [info("y", TensorProto.FLOAT, self.answer.shape)],
            [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in self.weights.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def numbers(random, *shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(np.float32)


def integers(*values):
    return np.array(values, np.int64)


def windows(x, kernel, stride=1, pad=0):
    """[N, C, H, W] to [N, C, rows, columns, kernel, kernel] in float64."""
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return sliding_window_view(padded, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride]


def convolution(name, random, inputs, outputs, height, width, kernel, stride=1, groups=1):
    x = numbers(random, 1, inputs, height, width)
    weight = numbers(random, outputs, inputs // groups, kernel, kernel, scale=(2 / (inputs // groups * kernel**2)) ** 0.5)
    bias = numbers(random, outputs, scale=0.1)
    pad = kernel // 2
    parts = windows(x, kernel, stride, pad).reshape(1, groups, inputs // groups, *(-1, (width - 1) // stride + 1, kernel, kernel))
    split = weight.astype(np.float64).reshape(groups, outputs // groups, *weight.shape[1:])
    y = np.einsum("ngcrskl,gockl->ngors", parts, split, optimize=True)
    y = y.reshape(1, outputs, *y.shape[3:]) + bias.astype(np.float64)[:, None, None]
    node = helper.make_node(
        "Conv", ["x", "w", "b"], ["y"], kernel_shape=[kernel] * 2, pads=[pad] * 4, strides=[stride] * 2, group=groups
    )
    layer = {"op": "Conv", "kernel": [kernel] * 2, "channels": outputs, "padding": [pad] * 4, "strides": [stride] * 2}
    if groups > 1:
        layer["groups"] = groups
    return Case(name, x, [node], {"w": weight, "b": bias}, y, layer, {"y.weight": weight, "y.bias": bias})


def locally_connected(name, random, channels, side):
    """Every pixel's own 3x3 kernels; for ONNX a product for every pixel."""
    x = numbers(random, 1, channels, side, side)
    weight = numbers(random, channels, side, side, channels, 3, 3, scale=(2 / (9 * channels)) ** 0.5)
    bias = numbers(random, channels, side, side, scale=0.1)
    y = np.einsum("ncrskl,orsckl->nors", windows(x, 3, pad=1), weight.astype(np.float64), optimize=True) + bias
    nodes = [helper.make_node("Pad", ["x", "pads"], ["p"])]
    slices = []
    for row in range(3):
        for column in range(3):
            place = f"{row}{column}"
            nodes.append(helper.make_node("Slice", ["p", "from" + place, "to" + place, "axes"], ["s" + place]))
            slices.append("s" + place)
    nodes += [
        helper.make_node("Concat", slices, ["c"], axis=1),
        helper.make_node("Reshape", ["c", "flat"], ["f"]),
        helper.make_node("Transpose", ["f"], ["t"], perm=[2, 1, 0]),
        helper.make_node("MatMul", ["w", "t"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["a"]),
        helper.make_node("Transpose", ["a"], ["u"], perm=[2, 1, 0]),
        helper.make_node("Reshape", ["u", "image"], ["y"]),
    ]
    weights = {
        "pads": integers(0, 0, 1, 1, 0, 0, 1, 1),
        "axes": integers(2, 3),
        "flat": integers(1, 9 * channels, side * side),
        "image": integers(1, channels, side, side),
    }
    for row in range(3):
        for column in range(3):
            weights[f"from{row}{column}"] = integers(row, column)
            weights[f"to{row}{column}"] = integers(row + side, column + side)
    # Rows of the columns' matrix: row of the kernel, column of it, channel.
    weights["w"] = weight.transpose(1, 2, 0, 4, 5, 3).reshape(side * side, channels, -1)
    weights["b"] = bias.transpose(1, 2, 0).reshape(side * side, channels, 1)
    layer = {"op": "LocallyConnected", "kernel": [3, 3], "padding": [1] * 4}
    return Case(name, x, nodes, weights, y, layer, {"y.weight": weight, "y.bias": bias}, False)


def tiled(name, random, channels, side):
    """Four kernels that take turns; for ONNX four convolutions of stride 2 whose answers are woven."""
    x = numbers(random, 1, channels, side, side)
    weight = numbers(random, channels, channels, 3, 3, 2, 2, scale=(2 / (9 * channels)) ** 0.5)
    bias = numbers(random, channels, scale=0.1)
    parts = windows(x, 3, pad=1)
    y = np.empty((1, channels, side, side))
    nodes, rows = [], []
    weights = {"b": bias, "last": integers(4), "third": integers(3), "image": integers(1, channels, side, side)}
    for row in range(2):
        columns = []
        for column in range(2):
            own, place = weight[..., row, column], f"{row}{column}"
            y[:, :, row::2, column::2] = np.einsum(
                "ncrskl,ockl->nors", parts[:, :, row::2, column::2], own.astype(np.float64), optimize=True
            )
            weights["w" + place] = own
            nodes.append(helper.make_node(
                "Conv", ["x", "w" + place, "b"], ["c" + place], kernel_shape=[3, 3], strides=[2, 2],
                pads=[1 - row, 1 - column, row, column],
            ))
            nodes.append(helper.make_node("Unsqueeze", ["c" + place, "last"], ["u" + place]))
            columns.append("u" + place)
        nodes.append(helper.make_node("Concat", columns, [f"r{row}"], axis=4))
        nodes.append(helper.make_node("Unsqueeze", [f"r{row}", "third"], [f"v{row}"]))
        rows.append(f"v{row}")
    nodes.append(helper.make_node("Concat", rows, ["woven"], axis=3))
    nodes.append(helper.make_node("Reshape", ["woven", "image"], ["y"]))
    y += bias.astype(np.float64)[:, None, None]
    layer = {"op": "TiledConv", "kernel": [3, 3], "channels": channels, "padding": [1] * 4, "tile": 2}
    return Case(name, x, nodes, weights, y, layer, {"y.weight": weight, "y.bias": bias}, False)


def dense(name, random, batch, inputs, outputs):
    x, weight = numbers(random, batch, inputs), numbers(random, outputs, inputs, scale=(1 / inputs) ** 0.5)
    bias = numbers(random, outputs, scale=0.1)
    y = x.astype(np.float64) @ weight.astype(np.float64).T + bias
    return Case(name, x, [helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)], {"w": weight, "b": bias}, y)


def elementwise(name, random, operator, function, scale):
    """Arguments beyond where the function is flat."""
    x = numbers(random, 64, 1000, scale=scale)
    return Case(name, x, [helper.make_node(operator, ["x"], ["y"])], {}, function(x.astype(np.float64)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def recurrent(name, random, operator, steps, batch, inputs, hidden):
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator]
    x = numbers(random, steps, batch, inputs)
    scale = hidden**-0.5
    own = {
        "w": numbers(random, 1, gates * hidden, inputs, scale=scale),
        "r": numbers(random, 1, gates * hidden, hidden, scale=scale),
        "b": numbers(random, 1, 2 * gates * hidden, scale=0.1),
    }
    w, r, b = (own[key][0].astype(np.float64) for key in "wrb")
    wide = x.astype(np.float64)
    h, c, states = np.zeros((batch, hidden)), np.zeros((batch, hidden)), []
    for step in wide:
        ahead, behind = step @ w.T + b[: gates * hidden], h @ r.T + b[gates * hidden :]
        if operator == "RNN":
            h = np.tanh(ahead + behind)
        elif operator == "LSTM":
            i, o, f, g = np.split(ahead + behind, 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (z, q, n), (zh, qh, nh) = np.split(ahead, 3, -1), np.split(behind, 3, -1)
            z = sigmoid(z + zh)
            h = (1 - z) * np.tanh(n + sigmoid(q + qh) * nh) + z * h
        states.append(h)
    options = {"hidden_size": hidden} | ({"linear_before_reset": 1} if operator == "GRU" else {})
    node = helper.make_node(operator, ["x", "w", "r", "b"], ["y"], **options)
    return Case(name, x, [node], own, np.stack(states)[:, None])


def cases(random):
    """One draw of every case."""
    yield convolution("3×3, 64→64, 28×28 (F(4×4) if fast)", random, 64, 64, 28, 28, 3)
    yield convolution("3×3, 256→256, 14×14 (F(4×4) if fast)", random, 256, 256, 14, 14, 3)
    yield convolution("3×3, 64→64, 2×56 (F(2×2) if fast)", random, 64, 64, 2, 56, 3)
    yield convolution("3×3 in 2 groups, 128→128, 28×28 (F(4×4) if fast)", random, 128, 128, 28, 28, 3, groups=2)
    yield convolution("3×3, stride 2, 64→64, 28×28", random, 64, 64, 28, 28, 3, stride=2)
    yield convolution("1×1, 256→256, 14×14", random, 256, 256, 14, 14, 1)
    yield convolution("5×5, 3→32, 32×32", random, 3, 32, 32, 32, 5)
    yield convolution("depthwise 3×3, 128, 28×28", random, 128, 128, 28, 28, 3, groups=128)
    yield tiled("tiled 3×3, t = 2, 64→64, 28×28", random, 64, 28)
    yield locally_connected("locally connected 3×3, 16→16, 28×28", random, 16, 28)
    yield dense("dense 512→512, batch 1", random, 1, 512, 512)
    yield dense("dense 512→512, batch 32", random, 32, 512, 512)
    for operator in ("RNN", "GRU", "LSTM"):
        yield recurrent(f"{operator} 96→128, 100 steps", random, operator, 100, 1, 96, 128)
        yield recurrent(f"{operator} 96→128, 100 steps, batch 32", random, operator, 100, 32, 96, 128)
    yield elementwise("tanh", random, "Tanh", np.tanh, 3)
    yield elementwise("sigmoid", random, "Sigmoid", sigmoid, 6)
    yield elementwise("softmax of 1000", random, "Softmax", softmax, 4)
    yield elementwise("log-softmax of 1000", random, "LogSoftmax", lambda x: np.log(softmax(x)), 4)
