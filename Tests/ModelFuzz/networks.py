"""Small networks of the kinds that people serve, as (name, model, arrays by input)."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(12)
FLOAT, INT64, BOOL, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING


def weight(name, *shape, kind=np.float32):
    return numpy_helper.from_array((RANDOM.standard_normal(shape) / 4).astype(kind), name)


def constant(name, values, kind=np.int64):
    return numpy_helper.from_array(np.array(values, kind), name)


def port(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, weights=(), opset=21, functions=(), domains=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(name, 1) for name in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=list(functions))


def node(op, given, made, **attributes):
    return helper.make_node(op, given.split(), made.split(), **attributes)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def every():
    yield "cnn", *convolutions()
    yield "dynamic-cnn", *convolutions(batch="n", size=None)
    yield "residual", *residual()
    for cell, gates in [("RNN", 1), ("GRU", 3), ("LSTM", 4)]:
        yield cell.lower(), *recurrent(cell, gates)
        yield cell.lower() + "-two-ways", *recurrent(cell, gates, directions=2)
    yield "symbols", *symbols()
    yield "loop", *loop()
    yield "if", *branches()
    yield "scan", *scan()
    yield "attention", *attention()
    yield "quantised", *quantised()
    yield "quantised-maxout", *quantised_maxout()
    yield "integers", *integers()
    yield "quantised-lstm", *quantised_lstm()
    yield "upwards", *upwards()
    yield "functions", *functions()
    yield "texts", *texts()
    yield "halves", *halves()
    yield "shapes", *shapes()
    yield "external", *external()


def convolutions(batch=1, size=8):
    nodes = [
        node("Conv", "x w1 b1", "c1", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c1 s b m v", "n1"),
        node("Relu", "n1", "r1"),
        node("MaxPool", "r1", "p1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p1 w2", "c2", group=2, strides=[1, 1], dilations=[1, 1]),
        node("LeakyRelu", "c2", "r2"),
        node("GlobalAveragePool", "r2", "g1"),
        node("Flatten", "g1", "f1"),
        node("Gemm", "f1 w3 b3", "d1", transB=1),
        node("Softmax", "d1", "y", axis=1),
    ]
    weights = [
        weight("w1", 4, 3, 3, 3), weight("b1", 4), weight("s", 4), weight("b", 4), weight("m", 4),
        numpy_helper.from_array(np.ones(4, np.float32), "v"), weight("w2", 6, 2, 3, 3), weight("w3", 5, 6), weight("b3", 5),
    ]
    made = model(nodes, [port("x", [batch, 3, size, size])], [port("y", [batch, 5])], weights)
    return made, {"x": floats(1, 3, 8, 8)}


def residual():
    nodes = [
        node("Conv", "x w1", "c1", pads=[1, 1, 1, 1]),
        node("Relu", "c1", "r1"),
        node("Conv", "r1 w2", "c2", pads=[1, 1, 1, 1]),
        node("Add", "c2 x", "a"),
        node("Clip", "a low high", "k"),
        node("AveragePool", "k", "p", kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Concat", "p p", "j", axis=1),
        node("InstanceNormalization", "j s b", "n"),
        node("LRN", "n", "y", size=3),
    ]
    weights = [
        weight("w1", 4, 4, 3, 3), weight("w2", 4, 4, 3, 3), weight("s", 8), weight("b", 8),
        constant("low", 0, np.float32), constant("high", 6, np.float32),
    ]
    return model(nodes, [port("x", [1, 4, 6, 6])], [port("y", [1, 8, 3, 3])], weights), {"x": floats(1, 4, 6, 6)}


def recurrent(cell, gates, directions=1):
    hidden, way = 5, "bidirectional" if directions == 2 else "forward"
    names, states = "x w r b lengths h", "all last"
    inputs = [port("x", ["t", 1, 3]), port("h", [directions, 1, hidden])]
    outputs = [port("all", ["t", directions, 1, hidden]), port("last", [directions, 1, hidden])]
    values = {"x": floats(4, 1, 3), "h": floats(directions, 1, hidden)}
    if cell == "LSTM":
        names, states = names + " c", states + " cell"
        inputs.append(port("c", [directions, 1, hidden]))
        outputs.append(port("cell", [directions, 1, hidden]))
        values["c"] = floats(directions, 1, hidden)
    nodes = [node(cell, names, states, hidden_size=hidden, direction=way)]
    weights = [
        weight("w", directions, gates * hidden, 3), weight("r", directions, gates * hidden, hidden),
        weight("b", directions, 2 * gates * hidden), constant("lengths", [4], np.int32),
    ]
    return model(nodes, inputs, outputs, weights), values


def symbols():
    nodes = [
        node("Gather", "table tokens", "e", axis=0),
        node("Unsqueeze", "e one", "u"),
        node("GRU", "u w r", "all hn", hidden_size=4),
        node("Squeeze", "hn zero", "q"),
        node("MatMul", "q o", "scores"),
    ]
    nodes[2].input[:] = ["u", "w", "r", "", "", "h"]
    weights = [
        weight("table", 7, 3), weight("w", 1, 12, 3), weight("r", 1, 12, 4), weight("o", 4, 7),
        constant("one", [1]), constant("zero", [0]),
    ]
    inputs = [port("tokens", ["t"], INT64), port("h", [1, 1, 4])]
    outputs = [port("scores", [1, 7]), port("hn", [1, 1, 4])]
    return model(nodes, inputs, outputs, weights), {"tokens": np.array([1, 2]), "h": floats(1, 1, 4)}


def loop():
    body = helper.make_graph(
        [node("Add", "s x", "s1"), node("Identity", "go", "go1"), node("Identity", "s1", "row")],
        "body",
        [port("i", [], INT64), port("go", [], BOOL), port("s", [2])],
        [port("go1", [], BOOL), port("s1", [2]), port("row", [2])],
    )
    nodes = [node("Loop", "times yes start", "end rows", body=body)]
    inputs = [port("x", [2]), port("times", [], INT64)]
    weights = [constant("yes", True, bool), constant("start", [0, 0], np.float32)]
    made = model(nodes, inputs, [port("end", [2]), port("rows", ["n", 2])], weights)
    return made, {"x": floats(2), "times": np.array(3)}


def branches():
    inner = lambda op: helper.make_graph([node(op, "x", op)], op, [], [port(op, ["n"])])
    nodes = [node("If", "test", "y", then_branch=inner("Relu"), else_branch=inner("Neg")), node("Abs", "y", "z")]
    made = model(nodes, [port("test", [], BOOL), port("x", ["n"])], [port("z", ["n"])])
    return made, {"test": np.array(True), "x": floats(3)}


def scan():
    body = helper.make_graph(
        [node("Add", "s x", "s1"), node("Mul", "s1 s1", "row")],
        "body", [port("s", [2]), port("x", [2])], [port("s1", [2]), port("row", [2])],
    )
    nodes = [node("Scan", "start xs", "end rows", body=body, num_scan_inputs=1)]
    made = model(nodes, [port("start", [2]), port("xs", [3, 2])], [port("end", [2]), port("rows", [3, 2])])
    return made, {"start": floats(2), "xs": floats(3, 2)}


def attention():
    nodes = [
        node("MatMul", "x wq", "q"), node("MatMul", "x wk", "k"), node("MatMul", "x wv", "v"),
        node("Reshape", "q split", "q4"), node("Reshape", "k split", "k4"), node("Reshape", "v split", "v4"),
        node("Transpose", "q4", "qt", perm=[0, 2, 1, 3]), node("Transpose", "k4", "kt", perm=[0, 2, 3, 1]),
        node("Transpose", "v4", "vt", perm=[0, 2, 1, 3]),
        node("MatMul", "qt kt", "s"), node("Div", "s root", "d"), node("Softmax", "d", "a", axis=-1),
        node("MatMul", "a vt", "o"), node("Transpose", "o", "ot", perm=[0, 2, 1, 3]),
        node("Reshape", "ot join", "j"), node("Add", "j x", "r"),
        node("LayerNormalization", "r g b", "n", axis=-1), node("Gelu", "n", "y"),
    ]
    weights = [weight(name, 8, 8) for name in ("wq", "wk", "wv")] + [
        constant("split", [0, 0, 2, 4]), constant("join", [0, 0, 8]), constant("root", 2, np.float32),
        weight("g", 8), weight("b", 8),
    ]
    return model(nodes, [port("x", [1, "t", 8])], [port("y", [1, "t", 8])], weights), {"x": floats(1, 3, 8)}


def quantised():
    nodes = [
        node("QuantizeLinear", "x xs xz", "xq"), node("DequantizeLinear", "xq xs xz", "xd"),
        node("DequantizeLinear", "wq ws wz", "wd", axis=0), node("Conv", "xd wd", "c"),
        node("QuantizeLinear", "c ys yz", "yq"), node("DequantizeLinear", "yq ys yz", "yd"), node("Relu", "yd", "y"),
    ]
    weights = [
        constant("xs", 0.02, np.float32), constant("xz", 128, np.uint8), constant("ys", 0.1, np.float32),
        constant("yz", 100, np.uint8), constant("ws", [0.01, 0.02], np.float32), constant("wz", [0, 0], np.int8),
        numpy_helper.from_array(RANDOM.integers(-127, 127, (2, 1, 3, 3)).astype(np.int8), "wq"),
    ]
    return model(nodes, [port("x", [1, 1, 5, 5])], [port("y", [1, 2, 3, 3])], weights), {"x": floats(1, 1, 5, 5)}


def quantised_maxout():
    """A depthwise layer, then the larger of two halves of its channels, as `striate quantise` writes them."""
    def rounded(value):
        return [node("QuantizeLinear", f"{value} s z", f"{value}q"), node("DequantizeLinear", f"{value}q s z", f"{value}d")]

    nodes = [
        *rounded("x"), node("DequantizeLinear", "wq ws", "wd"), node("Conv", "xd wd", "c", group=4, pads=[1, 1, 1, 1]),
        *rounded("c"), node("Slice", "cd zero two one", "a"), node("Slice", "cd two four one", "b"),
        *rounded("a"), *rounded("b"), node("Max", "ad bd", "m"), *rounded("m"),
        node("GlobalAveragePool", "md", "y"),
    ]
    weights = [
        constant("s", 0.05, np.float32), constant("z", 100, np.uint8), constant("ws", 0.02, np.float32),
        constant("zero", [0]), constant("two", [2]), constant("four", [4]), constant("one", [1]),
        numpy_helper.from_array(RANDOM.integers(-127, 127, (4, 1, 3, 3)).astype(np.int8), "wq"),
    ]
    return model(nodes, [port("x", [1, 4, 5, 5])], [port("y", [1, 2, 1, 1])], weights), {"x": floats(1, 4, 5, 5)}


def quantised_lstm():
    nodes = [
        helper.make_node(
            "DynamicQuantizeLSTM", ["x", "w", "r", "", "", "h", "c", "", "ws", "wz", "rs", "rz"], ["y", "hn", "cn"],
            domain="com.microsoft", hidden_size=5,
        )
    ]
    weights = [
        numpy_helper.from_array(RANDOM.integers(-127, 127, (1, 3, 20)).astype(np.int8), "w"),
        numpy_helper.from_array(RANDOM.integers(-127, 127, (1, 5, 20)).astype(np.int8), "r"),
        constant("ws", [[0.01] * 20], np.float32), constant("wz", [[0] * 20], np.int8),
        constant("rs", [0.02], np.float32), constant("rz", [0], np.int8),
    ]
    states = [port(name, [1, "n", 5]) for name in ("h", "c")]
    made = model(
        nodes, [port("x", ["t", "n", 3])] + states, [port("y", ["t", 1, "n", 5])] + [port(f"{name.name}n", [1, "n", 5]) for name in states],
        weights, domains=["com.microsoft"],
    )
    return made, {"x": floats(4, 2, 3), "h": floats(1, 2, 5), "c": floats(1, 2, 5)}


def integers():
    nodes = [
        node("DynamicQuantizeLinear", "x", "q s z"), node("MatMulInteger", "q w z wz", "i"),
        node("Cast", "i", "f", to=FLOAT), node("Mul", "f s", "y"),
    ]
    weights = [
        numpy_helper.from_array(RANDOM.integers(0, 255, (4, 3)).astype(np.uint8), "w"), constant("wz", 7, np.uint8),
    ]
    return model(nodes, [port("x", [2, 4])], [port("y", [2, 3])], weights), {"x": floats(2, 4)}


def upwards():
    nodes = [
        node("ConvTranspose", "x w", "c", strides=[2, 2], output_padding=[1, 1]),
        node("Resize", "c", "r", mode="linear"), node("DepthToSpace", "r", "d", blocksize=2),
        node("Pad", "d pads", "y", mode="reflect"),
    ]
    nodes[1].input[:] = ["c", "", "scales"]
    weights = [weight("w", 2, 4, 3, 3), constant("scales", [1, 1, 2, 2], np.float32), constant("pads", [0, 0, 1, 1, 0, 0, 1, 1])]
    return model(nodes, [port("x", [1, 2, 3, 3])], [port("y", None)], weights), {"x": floats(1, 2, 3, 3)}


def functions():
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    square = helper.make_function("own", "Square", ["a"], ["b"], [node("Mul", "a a", "b")], opsets)
    twice = helper.make_function(
        "own", "Twice", ["a"], ["b"],
        [node("Square", "a", "c", domain="own"), node("Square", "c", "b", domain="own")], opsets,
    )
    nodes = [node("Twice", "x", "t", domain="own"), node("Square", "t", "y", domain="own")]
    made = model(nodes, [port("x", [2])], [port("y", [2])], functions=[square, twice], domains=["own"])
    return made, {"x": floats(2)}


def texts():
    nodes = [
        node("StringNormalizer", "x", "n", case_change_action="LOWER"), node("StringConcat", "n n", "c"),
        node("Equal", "c n", "e"), node("Cast", "e", "y", to=FLOAT), node("Identity", "c", "z"),
    ]
    made = model(nodes, [port("x", ["n"], STRING)], [port("y", None), port("z", None, STRING)])
    return made, {"x": np.array(["Ab", "c"], object)}


def halves():
    nodes = [
        node("Cast", "x", "h", to=TensorProto.FLOAT16), node("MatMul", "h w", "m"), node("Tanh", "m", "t"),
        node("Cast", "t", "b", to=TensorProto.BFLOAT16), node("Cast", "b", "y", to=FLOAT),
    ]
    made = model(nodes, [port("x", [2, 4])], [port("y", [2, 3])], [weight("w", 4, 3, kind=np.float16)])
    return made, {"x": floats(2, 4)}


def shapes():
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Concat", "n rest", "to", axis=0),
        node("Reshape", "x to", "r"), node("ConstantOfShape", "s", "k"), node("Add", "k x", "a"),
        node("Range", "from count by", "range"), node("Slice", "a starts ends axes", "cut"),
        node("Expand", "cut s", "wide"), node("Tile", "r repeats", "tiles"), node("TopK", "a one", "best index", axis=1),
        node("OneHot", "index depth bits", "hot"), node("NonZero", "a", "places"), node("CumSum", "a axis", "sums"),
    ]
    weights = [
        constant("zero", [0]), constant("rest", [-1]), constant("from", 0), constant("count", 5), constant("by", 1),
        constant("starts", [0]), constant("ends", [1]), constant("axes", [1]), constant("repeats", [1, 2]),
        constant("one", [1]), constant("depth", 3), constant("bits", [0, 1], np.float32), constant("axis", 0),
    ]
    names = ["r", "range", "wide", "tiles", "best", "hot", "places", "sums"]
    kinds = {"range": INT64, "places": INT64}
    outputs = [port(name, None, kinds.get(name, FLOAT)) for name in names]
    return model(nodes, [port("x", ["n", 3])], outputs, weights), {"x": floats(2, 3)}


def external():
    tensor = weight("w", 2, 2)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in [("location", "data"), ("offset", "0"), ("length", "16")]:
        tensor.external_data.add(key=key, value=value)
    return model([node("MatMul", "x w", "y")], [port("x", [2, 2])], [port("y", [2, 2])], [tensor]), {"x": floats(2, 2)}
