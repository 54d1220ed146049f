"""Mutations that make much out of little: memory, time, nodes."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from specimen import value_names


def constant(graph, values, kind=np.int64):
    name = f"k{len(graph.initializer)}_{len(graph.node)}"
    graph.initializer.append(numpy_helper.from_array(np.array(values, kind), name))
    return name


def append(graph, op, given, **attributes):
    made = f"grown{len(graph.node)}"
    graph.node.append(helper.make_node(op, given, [made], **attributes))
    return made


def grow(specimen, random):
    """One of the ways below from a value on; what comes out is an output, in full or summed up."""
    graph = specimen.graph
    names = value_names(graph)
    if not names or len(graph.node) > 500:
        return False
    value = random.choice(names)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        value = random.choice(WAYS)(specimen, graph, value, random)
    if random.random() < 0.4:
        value = append(graph, random.choice(["ReduceSum", "Shape", "Size", "ReduceMax"]), [value])
    graph.output.append(helper.make_tensor_value_info(value, random.choice([1, 1, 1, 7]), None))
    return True


def doubled(specimen, graph, value, random):
    op, depth = random.choice(["Concat", "Concat", "Add", "Mul", "Sum", "MatMul", "Gather"]), random.choice([5, 20, 30, 40, 60])
    for _ in range(depth):
        value = append(graph, op, [value, value], **({"axis": random.choice([0, 0, -1])} if op == "Concat" else {}))
    return value


def tiled(specimen, graph, value, random):
    for _ in range(random.choice([1, 2, 4])):
        times = [random.choice([1, 2, 1000, 1 << 20, 1 << 31, 1 << 40]) for _ in range(random.choice([1, 1, 2, 4]))]
        value = append(graph, "Tile", [value, where(specimen, graph, times, random)])
    return value


def expanded(specimen, graph, value, random):
    sizes = [random.choice([1, 2, 1000, 1 << 16, 1 << 20, 1 << 31, 1 << 40]) for _ in range(random.choice([1, 2, 3, 4]))]
    return append(graph, "Expand", [value, where(specimen, graph, sizes, random)])


def resized(specimen, graph, value, random):
    mode, rank = random.choice(["nearest", "linear", "cubic"]), random.choice([1, 2, 3, 4, 4])
    if random.random() < 0.5:
        scales = [random.choice([1, 2, 1000, 1e6, 1e12, 0.001, 3e38, float("nan")]) for _ in range(rank)]
        return append(graph, "Resize", [value, "", where(specimen, graph, scales, random, np.float32)], mode=mode)
    sizes = [random.choice([1, 2, 1000, 1 << 20, 1 << 31, 1 << 62]) for _ in range(rank)]
    return append(graph, "Resize", [value, "", "", where(specimen, graph, sizes, random)], mode=mode)


def padded(specimen, graph, value, random):
    pads = [random.choice([0, 0, 1, 1000, 1 << 20, 1 << 31, 1 << 62, -(1 << 62), -1]) for _ in range(random.choice([2, 4, 6, 8]))]
    return append(graph, "Pad", [value, where(specimen, graph, pads, random)], mode=random.choice(["constant", "edge", "reflect", "wrap"]))


def filled(specimen, graph, value, random):
    sizes = [random.choice([1, 3, 1000, 1 << 20, 1 << 31, 1 << 62]) for _ in range(random.choice([1, 2, 3]))]
    return append(graph, "ConstantOfShape", [where(specimen, graph, sizes, random)])


def ranged(specimen, graph, value, random):
    kind = random.choice([np.int64, np.int32, np.float32, np.float64])
    ends = [0, random.choice([10, 1 << 20, 1 << 28, 2**31 - 1]), random.choice([1, -1, 0, 1])]
    if kind in (np.float32, np.float64):
        ends = [random.choice([0, 1e30, float("nan"), float("-inf")]), random.choice([1e9, float("inf"), 1e38]), random.choice([1, 1e-30, 0, float("nan")])]
    elif kind is np.int64:
        ends = [random.choice([0, -(2**63), 2**63 - 1]), random.choice([10, 1 << 40, 2**63 - 1, -(2**63)]), random.choice([1, -1, 0, 2**63 - 1, -(2**63)])]
    return append(graph, "Range", [where(specimen, graph, end, random, kind) for end in ends])


def hot(specimen, graph, value, random):
    depth = where(specimen, graph, random.choice([3, 1 << 20, 1 << 31, 1 << 62, -1, 0]), random)
    return append(graph, "OneHot", [append(graph, "Cast", [value], to=7), depth, constant(graph, [0, 1], np.float32)])


def drawn(specimen, graph, value, random):
    sizes = [random.choice([1, 3, 1000, 1 << 20, 1 << 31, 1 << 62]) for _ in range(random.choice([1, 2, 3]))]
    return append(graph, random.choice(["RandomNormal", "RandomUniform"]), [], shape=sizes)


def looped(specimen, graph, value, random):
    """A Loop that concatenates, or only counts; how often comes from the file or the client."""
    times = random.choice([3, 40, 1 << 20, 1 << 40, 1 << 62, 2**63 - 1, -1])
    body = helper.make_graph([], "body", [], [])
    step = random.choice(["Concat", "Add", "Identity", "MatMul"])
    given = ["s"] if step == "Identity" else ["s", "s"]
    body.node.append(helper.make_node(step, given, ["s1"], **({"axis": 0} if step == "Concat" else {})))
    body.node.append(helper.make_node("Identity", ["go"], ["go1"]))
    body.input.extend([info("i", 7, []), info("go", 9, []), info("s", 1, None)])
    body.output.extend([info("go1", 9, []), info("s1", 1, None)])
    outputs = [f"grown{len(graph.node)}"]
    if random.random() < 0.4:
        body.node.append(helper.make_node("Identity", ["s1"], ["row"]))
        body.output.append(info("row", 1, None))
        outputs.append(f"rows{len(graph.node)}")
    limit = where(specimen, graph, times, random) if random.random() < 0.8 else ""
    graph.node.append(helper.make_node("Loop", [limit, constant(graph, True, bool), value], outputs, body=body))
    return outputs[-1]


def info(name, kind, sizes):
    return helper.make_tensor_value_info(name, kind, sizes)


def outer(specimen, graph, value, random):
    """[n, 1] with [1, n]: every pair."""
    count = random.choice([1000, 30_000, 1 << 20])
    line = append(graph, "Range", [constant(graph, 0), where(specimen, graph, count, random), constant(graph, 1)])
    column = append(graph, "Unsqueeze", [line, constant(graph, [1])])
    op = random.choice(["Add", "Mul", "Equal", "Where", "Pow", "Max", "BitShift", "Mod"])
    if op == "Where":
        return append(graph, op, [append(graph, "Cast", [line], to=9), column, line])
    return append(graph, op, [line, column])


def cells(specimen, graph, value, random):
    """Einsum over letters, or a window, as large as one likes."""
    if random.random() < 0.5:
        return append(graph, "Einsum", [value, value, value], equation=random.choice(["ab,cd,ef->abcdef", "a,b,c->abc", "ab,cd,ef->"]))
    kernel = [random.choice([1, 3, 1000, 1 << 31])] * random.choice([1, 2])
    padding = [random.choice([0, 1, 1000, 1 << 31])] * (2 * len(kernel))
    return append(graph, random.choice(["MaxPool", "AveragePool", "LpPool"]), [value], kernel_shape=kernel, pads=padding)


def chained(specimen, graph, value, random):
    """Very many nodes."""
    op = random.choice(["Relu", "Identity", "Neg", "Shape", "Cast", "Unsqueeze", "Split", "Dropout"])
    count = random.choice([200, 2000]) if random.random() < 0.97 else random.choice([20_000, 40_000])
    axis = constant(graph, [0])
    for _ in range(count):
        value = append(graph, op, [value, axis] if op == "Unsqueeze" else [value], **({"to": 1} if op == "Cast" else {}))
    return value


def called(specimen, graph, value, random):
    """Functions that call each other twice, and so on."""
    depth, opsets = random.choice([3, 12, 20, 40, 70]), [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    specimen.model.opset_import.append(helper.make_opsetid("own", 1))
    for level in range(depth):
        op = f"F{level - 1}" if level else "Neg"
        domain = "own" if level or random.random() < 0.1 else ""
        body = [helper.make_node(op, ["a"], ["c"], domain=domain), helper.make_node(op, ["c"], ["b"], domain=domain)]
        specimen.model.functions.append(helper.make_function("own", f"F{level}", ["a"], ["b"], body, opsets))
    made = append(graph, f"F{depth - 1}", [value])
    graph.node[-1].domain = "own"
    return made


def where(specimen, graph, values, random, kind=np.int64):
    """A constant, a constant that must be computed, or an input of the client."""
    pick = random.random()
    if pick < 0.5:
        return constant(graph, values, kind)
    if pick < 0.7:
        return append(graph, "Identity", [constant(graph, values, kind)])
    name = f"in{len(graph.node)}_{len(graph.input)}"
    value = np.array(values, kind)
    number = TensorProto.FLOAT if kind is np.float32 else helper.np_dtype_to_tensor_dtype(value.dtype)
    graph.input.append(info(name, number, list(value.shape)))
    specimen.values[name] = value
    return name


WAYS = [doubled, tiled, expanded, resized, padded, filled, ranged, hot, drawn, looped, outer, cells, chained, called]
