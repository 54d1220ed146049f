"""Networks that are valid and small on disk, and compute much: near to the limits of memory and of time."""

import numpy as np
from onnx import TensorProto, helper

import growth
from growth import append, constant
from specimen import Specimen

KINDS = [TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.FLOAT16, TensorProto.INT32,
         TensorProto.UINT8, TensorProto.BOOL, TensorProto.INT8, TensorProto.BFLOAT16]


def drawn(random):
    """One operator, or a few, over tensors of some millions of elements."""
    graph = helper.make_graph([], "heavy", [], [])
    made = Specimen(helper.make_model(graph, opset_imports=[helper.make_opsetid("", random.choice([11, 13, 18, 21]))], ir_version=10), {}, "heavy")
    draft = Draft(made, random)
    way = random.choice(WAYS)
    made.origin = f"heavy {way.__name__}"
    value = way(draft)
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        value = draft.node(random.choice(["Relu", "Neg", "Identity", "Cast", "ReduceSum", "Transpose", "Softmax"]), [value])
    if random.random() < 0.6:
        value = draft.node("Shape", [value])
    made.graph.output.append(growth.info(value, random.choice([1, 7]), None))
    return made


class Draft:
    def __init__(self, specimen, random):
        self.specimen, self.random, self.graph = specimen, random, specimen.graph
        # One type for all that this network computes with.
        self.kind = random.choice(KINDS)

    def node(self, op, given, **attributes):
        if op == "Cast":
            attributes = {"to": self.random.choice(KINDS), **attributes}
        return append(self.graph, op, given, **attributes)

    def size(self, *sizes):
        """Sizes near to these."""
        return [max(1, int(size * self.random.choice([0.5, 1, 1, 1, 2, 4]))) for size in sizes]

    def tensor(self, *sizes, kind=None):
        """A value of these sizes that costs no bytes in the file: computed while loading, or by each request."""
        dtype = helper.tensor_dtype_to_np_dtype(kind or self.kind)
        if self.random.random() < 0.4:
            filler = helper.make_tensor("v", kind or self.kind, [1], [self.random.choice([0, 1, 2])])
            shape = growth.where(self.specimen, self.graph, list(sizes), self.random)
            return self.node("ConstantOfShape", [shape], value=filler)
        name = f"s{len(self.graph.input)}"
        self.graph.input.append(growth.info(name, kind or self.kind, []))
        self.specimen.values[name] = np.array(self.random.choice([0, 1, 2]), dtype)
        return self.node("Expand", [name, growth.where(self.specimen, self.graph, list(sizes), self.random)])

    def numbers(self, *values, kind=np.int64):
        return constant(self.graph, list(values), kind)


def products(draft):
    rows, inner, columns = draft.size(1500, 1500, 1500)
    batch = draft.random.choice([[], [], [2], [64]])
    op = draft.random.choice(["MatMul", "MatMul", "Gemm", "MatMulInteger"])
    if op == "MatMulInteger":
        draft.kind = draft.random.choice([TensorProto.UINT8, TensorProto.INT8])
    return draft.node(op, [draft.tensor(*batch, rows, inner), draft.tensor(*batch, inner, columns)])


def convolutions(draft):
    side, channels, kernel = draft.random.choice([(256, 32, 7), (64, 256, 3), (1000, 4, 31), (30, 64, 29), (2000, 1, 101)])
    op = draft.random.choice(["Conv", "Conv", "ConvTranspose", "ConvInteger"])
    if op == "ConvInteger":
        draft.kind = draft.random.choice([TensorProto.UINT8, TensorProto.INT8])
    rank = draft.random.choice([1, 2, 2, 2, 3])
    side = side if rank < 3 else 32
    attributes = {"pads": [kernel // 2] * (2 * rank)} if draft.random.random() < 0.5 else {}
    if draft.random.random() < 0.3:
        attributes["strides"] = [draft.random.choice([1, 2, 50])] * rank
    if draft.random.random() < 0.3:
        attributes["group"] = channels
    kernel = min(kernel, side)
    return draft.node(op, [draft.tensor(1, channels, *[side] * rank), draft.tensor(channels, channels if "group" not in attributes else 1, *[kernel] * rank)], **attributes)


def windows(draft):
    side, kernel = draft.random.choice([(1000, 101), (4000, 31), (300, 299), (100_000, 20_000)])
    rank = 1 if side == 100_000 else draft.random.choice([1, 2, 2])
    op = draft.random.choice(["MaxPool", "AveragePool", "LpPool"])
    attributes = {"pads": [kernel // 2] * (2 * rank)} if draft.random.random() < 0.5 else {}
    return draft.node(op, [draft.tensor(1, 1, *[side] * rank)], kernel_shape=[kernel] * rank, **attributes)


def neighbours(draft):
    size = draft.random.choice([5, 1001, 1_000_001, 2**31 - 1, 2**62 + 1])
    return draft.node("LRN", [draft.tensor(1, *draft.size(20_000, 10, 10))], size=size)


def sums(draft):
    equation, sizes = draft.random.choice([
        ("ij,jk->ik", [(1500, 1500), (1500, 1500)]), ("i,j,k->", [(400,), (400,), (400,)]), ("ijk,kl->ijl", [(64, 64, 256), (256, 256)]),
        ("i,i,i,i->i", [(2_000_000,)] * 4), ("ij,kl->", [(1000, 1000), (1000, 1000)]), ("ij,kl->ijkl", [(60, 60), (60, 60)]),
        ("abcdefgh->hgfedcba", [(6,) * 8]), ("ij,ji->", [(3000, 3000)] * 2), ("i,j,k,l,m->", [(40,)] * 5),
    ])
    return draft.node("Einsum", [draft.tensor(*size) for size in sizes], equation=equation)


def orders(draft):
    count = draft.size(3_000_000)[0]
    op = draft.random.choice(["TopK", "TopK", "CumSum", "CumProd", "ArgMax", "Hardmax", "NonZero", "ReverseSequence", "Compress"])
    value = draft.tensor(*draft.random.choice([[count], [1, count], [count, 1], [1000, count // 1000]]))
    if op == "TopK":
        return draft.node(op, [value, draft.numbers(draft.random.choice([1, 1000, count]))], axis=draft.random.choice([0, -1]))
    if op in ("CumSum", "CumProd"):
        return draft.node(op, [value, draft.numbers(0)])
    if op == "ReverseSequence":
        return draft.node(op, [value, draft.tensor(1000, kind=7)], batch_axis=0, time_axis=1)
    if op == "Compress":
        return draft.node(op, [value, draft.tensor(count, kind=9)])
    return draft.node(op, [value])


def picks(draft):
    count = draft.size(1_000_000)[0]
    op = draft.random.choice(["Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "OneHot", "Trilu", "EyeLike", "Where"])
    if op in ("Trilu", "EyeLike"):
        return draft.node(op, [draft.tensor(*draft.size(2000, 2000))])
    if op == "OneHot":
        return draft.node(op, [draft.tensor(count // 50, kind=7), draft.numbers(200), draft.tensor(2)])
    if op == "Where":
        return draft.node(op, [draft.tensor(3000, 1, kind=9), draft.tensor(1, 3000), draft.tensor(3000, 3000)])
    places = draft.tensor(*([count, 1] if op.endswith("ND") else [count]), kind=7)
    given = [draft.tensor(count), places]
    if op.startswith("Scatter"):
        given.append(draft.tensor(count))
    return draft.node(op, given)


def resizes(draft):
    mode = draft.random.choice(["nearest", "linear", "cubic"])
    rank = draft.random.choice([1, 2, 3, 4, 4, 4, 5])
    side = {1: 4000, 2: 1000, 3: 60, 4: 30, 5: 12}[rank]
    attributes = {"mode": mode, "antialias": draft.random.choice([0, 0, 1])}
    sizes = [draft.random.choice([1, side // 2, side * 2, side * 50])] * rank
    return draft.node("Resize", [draft.tensor(*[side] * rank), "", "", draft.numbers(*sizes)], **attributes)


def powers(draft):
    draft.kind = draft.random.choice([TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT, TensorProto.UINT8])
    ends = draft.tensor(*draft.size(1_000_000))
    exponent = constant(draft.graph, draft.random.choice([2**62, 2**31, 1000, -1, -(2**63)]), np.int64)
    return draft.node(draft.random.choice(["Pow", "Mod", "BitShift"]), [ends, exponent])


def sequences(draft):
    draft.kind = TensorProto.FLOAT
    steps, batch, width, hidden = draft.random.choice([(100_000, 1, 4, 8), (2000, 1, 64, 256), (10, 500, 32, 128), (1_000_000, 1, 1, 1), (1, 1, 1, 1500)])
    op, gates = draft.random.choice([("RNN", 1), ("GRU", 3), ("LSTM", 4)])
    ways = draft.random.choice([1, 2])
    given = [draft.tensor(steps, batch, width), draft.tensor(ways, gates * hidden, width), draft.tensor(ways, gates * hidden, hidden)]
    return draft.node(op, given, hidden_size=hidden, direction="bidirectional" if ways == 2 else "forward")


def loops(draft):
    """Loops in loops, each of a moderate count."""
    depth, times = draft.random.choice([(2, 3000), (3, 200), (4, 60), (8, 12), (1, 5_000_000), (20, 3)])
    inner = helper.make_graph([helper.make_node(draft.random.choice(["Neg", "Identity", "Relu", "Sin"]), ["s0"], ["t0"])], "b0", [], [])
    for level in range(depth):
        inner.input.extend([growth.info(f"i{level}", 7, []), growth.info(f"go{level}", 9, []), growth.info(f"s{level}", 1, None)])
        inner.node.append(helper.make_node("Identity", [f"go{level}"], [f"on{level}"]))
        inner.output.extend([growth.info(f"on{level}", 9, []), growth.info(f"t{level}", 1, None)])
        if level == depth - 1:
            break
        outside = helper.make_graph([], f"b{level + 1}", [], [])
        outside.node.append(helper.make_node("Constant", [], [f"n{level}"], value=helper.make_tensor("n", 7, [], [times])))
        outside.node.append(helper.make_node("Loop", [f"n{level}", "", f"s{level + 1}"], [f"t{level + 1}"], body=inner))
        inner = outside
    limit = growth.where(draft.specimen, draft.graph, times, draft.random)
    draft.kind = TensorProto.FLOAT
    value = draft.tensor(draft.random.choice([1, 1, 1000]))
    return draft.node("Loop", [limit, "", value], body=inner)


def scans(draft):
    """A Scan over very many steps, or one that keeps a large row for each."""
    steps, width = draft.random.choice([(1_000_000, 1), (3000, 3000), (100_000, 100)])
    draft.kind = TensorProto.FLOAT
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "x"], ["s1"]), helper.make_node("Identity", ["s1"], ["row"])], "body",
        [growth.info("s", 1, [width]), growth.info("x", 1, [width])], [growth.info("s1", 1, [width]), growth.info("row", 1, [width])],
    )
    name, rows = f"end{len(draft.graph.node)}", f"rows{len(draft.graph.node)}"
    draft.graph.node.append(helper.make_node("Scan", [draft.tensor(width), draft.tensor(steps, width)], [name, rows], body=body, num_scan_inputs=1))
    return draft.random.choice([name, rows])


def normalised(draft):
    op = draft.random.choice(["Softmax", "LogSoftmax", "LayerNormalization", "InstanceNormalization", "MeanVarianceNormalization", "LpNormalization", "ReduceLogSumExp", "ReduceProd"])
    sizes = draft.random.choice([[1, 8_000_000], [8_000_000, 1], [2000, 4000], [1, 4, 1000, 1000]])
    given = [draft.tensor(*sizes)]
    if op == "LayerNormalization":
        given.append(draft.tensor(sizes[-1]))
    if op == "InstanceNormalization":
        given += [draft.tensor(sizes[1]), draft.tensor(sizes[1])]
    return draft.node(op, given)


def moved(draft):
    op = draft.random.choice(["Transpose", "Tile", "Concat", "Pad", "Slice", "Split", "Expand", "SpaceToDepth", "DepthToSpace", "Reshape"])
    if op == "Transpose":
        rank = draft.random.choice([2, 5, 10, 20])
        return draft.node(op, [draft.tensor(*[max(2, int(8e6 ** (1 / rank)))] * rank)], perm=list(range(rank))[::-1])
    if op == "Concat":
        value = draft.tensor(1_000_000)
        return draft.node(op, [value] * draft.random.choice([2, 8, 64, 1000]), axis=0)
    if op == "Split":
        value, count = draft.tensor(100_000, 10), draft.random.choice([2, 100, 20_000])
        names = [f"part{index}" for index in range(count)]
        draft.graph.node.append(helper.make_node(op, [value], names, axis=0, **({"num_outputs": count} if draft.random.random() < 0.5 else {})))
        return names[0]
    if op in ("SpaceToDepth", "DepthToSpace"):
        return draft.node(op, [draft.tensor(1, 100 * 100, 100, 100)], blocksize=draft.random.choice([1, 2, 10, 100]))
    if op == "Slice":
        return draft.node(op, [draft.tensor(4_000_000), draft.numbers(-1), draft.numbers(-(2**63)), draft.numbers(0), draft.numbers(draft.random.choice([-1, -2, -(2**63), 2**63 - 1]))])
    if op == "Pad":
        return draft.node(op, [draft.tensor(1000, 1000), draft.numbers(*[draft.random.choice([0, 1000, 999, 100_000])] * 4)], mode=draft.random.choice(["constant", "reflect", "edge", "wrap"]))
    ends = draft.numbers(*draft.random.choice([[4, 2000, 1000], [1, 1, 1], [1 << 13, 1 << 10]]))
    return draft.node(op, [draft.tensor(1000) if op != "Reshape" else draft.tensor(8_000_000), ends])


WAYS = [products, convolutions, windows, neighbours, sums, orders, picks, resizes, powers, sequences, loops, scans, normalised, moved]
