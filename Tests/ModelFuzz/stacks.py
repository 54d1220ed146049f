"""Random networks whose layers fit each other, so that they reach what plans, fuses and packs."""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import growth
from specimen import Specimen

POINTWISE = """Relu LeakyRelu Sigmoid Tanh Elu Selu Softplus HardSigmoid HardSwish Gelu Mish Abs Neg Exp Sqrt Erf Floor Sin Identity Softsign
Celu ThresholdedRelu Sign Reciprocal Round Swish Dropout""".split()
PAIRED = ["Add", "Mul", "Sub", "Div", "Max", "Min", "PRelu", "Pow", "Sum", "Mean"]


def drawn(random):
    graph = helper.make_graph([], "stack", [], [])
    opset = random.choice([7, 9, 11, 13, 17, 21])
    made = Specimen(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), {}, "stack")
    stack = Stack(made, random, opset)
    for _ in range(random.choice([1, 2, 3, 4, 6, 10, 20])):
        random.choice(stack.layers())(*stack.pick())
    named = [name for name, _ in stack.values]
    for name in {named[-1], *random.sample(named, min(len(named), random.choice([0, 0, 1, 2])))}:
        made.graph.output.append(growth.info(name, 1, None))
    return made


class Stack:
    """Values with their shapes; each layer adds one."""

    def __init__(self, specimen, random, opset):
        self.specimen, self.graph, self.random, self.opset, self.values = specimen, specimen.graph, random, opset, []
        side = random.choice([1, 2, 3, 5, 8, 8, 17])
        shape = random.choice([
            [1, random.choice([1, 2, 3, 4, 16, 17]), side, side], [2, 3, side, random.choice([1, 5])], [random.choice([1, 4]), 3, side],
            [random.choice([1, 3]), random.choice([1, 8, 16])], [random.choice([0, 1]), 4, 4, 4], [random.choice([0, 7])],
        ])
        for index in range(random.choice([1, 1, 1, 2])):
            name = f"x{index}"
            self.specimen.values[name] = np.array([random.gauss(0, 1) for _ in range(math.prod(shape))], np.float32).reshape(shape)
            declared = [None if random.random() < 0.3 else size for size in shape]
            self.graph.input.append(growth.info(name, 1, declared))
            self.values.append((name, list(shape)))

    def pick(self):
        return self.values[-1] if self.random.random() < 0.7 else self.random.choice(self.values)

    def layers(self):
        return [self.pointwise, self.pointwise, self.paired, self.paired, self.convolution, self.convolution, self.pool, self.normalised,
                self.joined, self.flattened, self.product, self.product, self.softmax, self.reduced, self.transposed, self.sliced, self.padded,
                self.recurrent, self.quantised, self.upwards, self.global_pool, self.compared, self.rounded]

    def append(self, op, given, shape, **attributes):
        name = growth.append(self.graph, op, given, **attributes)
        self.values.append((name, shape))
        return name

    def weight(self, *shape, kind=np.float32):
        """A constant; seldom one that is computed, or all of one number."""
        name = f"w{len(self.graph.initializer)}"
        flat = np.array([self.random.gauss(0, 0.4) for _ in range(math.prod(shape))])
        if self.random.random() < 0.05:
            flat[:] = self.random.choice([0, 1, math.nan, math.inf, 1e38])
        with np.errstate(all="ignore"):
            self.graph.initializer.append(numpy_helper.from_array(flat.astype(kind).reshape(shape), name))
        return growth.append(self.graph, "Identity", [name]) if self.random.random() < 0.05 else name

    def numbers(self, values, kind=np.int64):
        return growth.constant(self.graph, values, kind)

    # Layers

    def pointwise(self, name, shape):
        self.append(self.random.choice(POINTWISE), [name], shape)

    def paired(self, name, shape):
        op, random = self.random.choice(PAIRED), self.random
        same = [other for other, sizes in self.values if sizes == shape]
        pick = random.random()
        if pick < 0.4:
            other = random.choice(same)
        elif pick < 0.7:
            other = self.weight(*[size if random.random() < 0.5 else 1 for size in shape])
        elif pick < 0.85:
            other = self.weight()
        else:
            other = self.weight(*shape[random.randrange(len(shape) + 1):]) if shape else self.weight(1)
        self.append(op, [name, other] if random.random() < 0.8 else [other, name], shape)

    def convolution(self, name, shape):
        random = self.random
        if len(shape) < 3:
            return self.product(name, shape)
        rank, channels = len(shape) - 2, shape[1]
        group = random.choice([1, 1, 1, channels, 2])
        group = group if group and channels % group == 0 else 1
        made, kernel = group * random.choice([1, 1, 2, 4, 16]), random.choice([1, 1, 2, 3, 3, 5])
        stride, dilation, padding = random.choice([1, 1, 1, 2, 3]), random.choice([1, 1, 1, 2]), random.choice([0, 0, 1, 2, kernel // 2])
        attributes = {"group": group, "strides": [stride] * rank, "dilations": [dilation] * rank}
        if random.random() < 0.2:
            attributes["auto_pad"] = random.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
        else:
            attributes["pads"] = [padding] * rank + [random.choice([padding, 0, 1])] * rank
        sizes = [max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1) for size in shape[2:]]
        given = [name, self.weight(made, max(1, channels // group), *[kernel] * rank)] + ([self.weight(made)] if random.random() < 0.6 else [])
        self.append("Conv", given, [shape[0], made, *sizes], **attributes)

    def pool(self, name, shape):
        random = self.random
        if len(shape) < 3:
            return self.reduced(name, shape)
        rank, kernel, stride = len(shape) - 2, random.choice([1, 2, 3]), random.choice([1, 2, 3])
        attributes = {"kernel_shape": [kernel] * rank, "strides": [stride] * rank}
        if random.random() < 0.4:
            attributes["pads"] = [random.choice([0, 1, kernel - 1])] * (2 * rank)
        if random.random() < 0.3:
            attributes["ceil_mode"] = 1
        sizes = [max(0, (size - kernel) // stride + 1) for size in shape[2:]]
        self.append(random.choice(["MaxPool", "AveragePool", "LpPool"]), [name], [*shape[:2], *sizes], **attributes)

    def global_pool(self, name, shape):
        if len(shape) > 2:
            self.append(self.random.choice(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), [name], [*shape[:2], *[1] * (len(shape) - 2)])

    def normalised(self, name, shape):
        if len(shape) < 2:
            return self.pointwise(name, shape)
        channels = shape[1]
        op = self.random.choice(["BatchNormalization", "BatchNormalization", "InstanceNormalization", "LRN", "LayerNormalization", "MeanVarianceNormalization", "LpNormalization", "GroupNormalization"])
        given = {"BatchNormalization": 4, "InstanceNormalization": 2, "GroupNormalization": 2}.get(op, 0)
        weights = [self.weight(channels) for _ in range(given)]
        attributes = {"LRN": {"size": self.random.choice([1, 3, 5, 2])}, "GroupNormalization": {"num_groups": self.random.choice([1, channels or 1])}}.get(op, {})
        if op == "LayerNormalization":
            axis = self.random.randrange(len(shape))
            weights, attributes = [self.weight(*shape[axis:])], {"axis": axis}
        self.append(op, [name, *weights], shape, **attributes)

    def joined(self, name, shape):
        if not shape:
            return
        axis = self.random.randrange(len(shape))
        others = [other for other, sizes in self.values if len(sizes) == len(shape) and sizes[:axis] + sizes[axis + 1:] == shape[:axis] + shape[axis + 1:]]
        given = [name] + [self.random.choice(others) for _ in range(self.random.choice([1, 1, 2, 3]))]
        sizes = {other: size for other, size in self.values}
        self.append("Concat", given, shape[:axis] + [sum(sizes[other][axis] for other in given)] + shape[axis + 1:], axis=self.random.choice([axis, axis - len(shape)]))

    def flattened(self, name, shape):
        rest = math.prod(shape[1:])
        if shape and self.random.random() < 0.5:
            return self.append("Flatten", [name], [shape[0], rest])
        sizes = self.random.choice([[shape[0], rest], [math.prod(shape)], [1, *shape], [*shape, 1]]) if shape else [1]
        target = self.random.choice([sizes, [-1 if index == len(sizes) - 1 else size for index, size in enumerate(sizes)]])
        self.append("Reshape", [name, self.numbers(target)], sizes)

    def product(self, name, shape):
        if not shape:
            return
        units = self.random.choice([1, 3, 8, 16, 33])
        if len(shape) == 2 and self.random.random() < 0.5:
            flip = self.random.random() < 0.5
            given = [name, self.weight(*([units, shape[1]] if flip else [shape[1], units]))] + ([self.weight(units)] if self.random.random() < 0.6 else [])
            return self.append("Gemm", given, [shape[0], units], transB=int(flip), alpha=self.random.choice([1.0, 1.0, 0.5, 0.0]))
        self.append("MatMul", [name, self.weight(shape[-1], units)], [*shape[:-1], units])

    def softmax(self, name, shape):
        if shape:
            self.append(self.random.choice(["Softmax", "LogSoftmax", "Hardmax"]), [name], shape, axis=self.random.randrange(-len(shape), len(shape)))

    def reduced(self, name, shape):
        if not shape:
            return
        axis = self.random.randrange(len(shape))
        op = self.random.choice(["ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2", "ArgMax"])
        keep = self.random.random() < 0.5
        attributes = {"axis": axis} if op == "ArgMax" else {"axes": [axis]} if self.opset < (13 if op == "ReduceSum" else 18) else {}
        given = [name] if attributes else [name, self.numbers([axis])]
        made = self.append(op, given, [1 if index == axis else size for index, size in enumerate(shape) if keep or index != axis], keepdims=int(keep), **attributes)
        if op == "ArgMax":
            self.values[-1] = (growth.append(self.graph, "Cast", [made], to=1), self.values[-1][1])

    def transposed(self, name, shape):
        if not shape:
            return
        order = list(range(len(shape)))
        self.random.shuffle(order)
        self.append("Transpose", [name], [shape[axis] for axis in order], perm=order)

    def sliced(self, name, shape):
        if not shape:
            return
        axis = self.random.randrange(len(shape))
        if self.opset < 10 or self.random.random() < 0.3:
            return self.append("Gather", [name, self.numbers([0])], shape[:axis] + [1] + shape[axis + 1:], axis=axis)
        start, end, step = self.random.choice([(0, 1, 1), (0, 2**62, 2), (-1, -(2**62), -1), (1, 3, 1)])
        size = len(range(shape[axis])[slice(start, end, step)])
        self.append("Slice", [name, *(self.numbers([number]) for number in (start, end, axis, step))], shape[:axis] + [size] + shape[axis + 1:])

    def padded(self, name, shape):
        if self.opset < 11:
            return
        pads = [self.random.choice([0, 0, 1, 2, -1]) for _ in range(2 * len(shape))]
        sizes = [max(0, size + pads[axis] + pads[axis + len(shape)]) for axis, size in enumerate(shape)]
        self.append("Pad", [name, self.numbers(pads)], sizes, mode=self.random.choice(["constant", "edge", "reflect"]))

    def recurrent(self, name, shape):
        if len(shape) != 3:
            return
        op, gates = self.random.choice([("RNN", 1), ("GRU", 3), ("LSTM", 4)])
        hidden, ways = self.random.choice([1, 4, 17]), self.random.choice([1, 1, 2])
        given = [name, self.weight(ways, gates * hidden, shape[2]), self.weight(ways, gates * hidden, hidden)]
        if self.random.random() < 0.6:
            given.append(self.weight(ways, 2 * gates * hidden))
        if len(given) == 4 and self.random.random() < 0.4:
            given += ["", self.weight(ways, shape[1], hidden)]
        way = "bidirectional" if ways == 2 else self.random.choice(["forward", "reverse"])
        self.append(op, given, [shape[0], ways, shape[1], hidden], hidden_size=hidden, direction=way)
        if self.random.random() < 0.6:
            self.transposed(*self.values[-1])

    def quantised(self, name, shape):
        if self.opset < 10:
            return
        scale, zero = self.numbers(self.random.choice([0.02, 1.0, 0.0, 1e-30]), np.float32), self.numbers(self.random.choice([0, 128]), np.uint8)
        stored = growth.append(self.graph, "QuantizeLinear", [name, scale, zero])
        self.append("DequantizeLinear", [stored, scale, zero], shape)

    def upwards(self, name, shape):
        if len(shape) < 3:
            return
        rank = len(shape) - 2
        pick = self.random.random()
        if pick < 0.4 and self.opset >= 11:
            scales = self.numbers([1.0, 1.0] + [self.random.choice([2.0, 0.5, 1.5])] * rank, np.float32)
            made = growth.append(self.graph, "Resize", [name, "", scales], mode=self.random.choice(["nearest", "linear", "cubic"]))
            return self.values.append((made, [*shape[:2], *[size * 2 for size in shape[2:]]]))
        made, kernel, stride = self.random.choice([1, 2, 4]), self.random.choice([1, 2, 3]), self.random.choice([1, 2])
        sizes = [(size - 1) * stride + kernel for size in shape[2:]]
        self.append("ConvTranspose", [name, self.weight(max(1, shape[1]), made, *[kernel] * rank)], [shape[0], made, *sizes], strides=[stride] * rank)

    def compared(self, name, shape):
        test = growth.append(self.graph, self.random.choice(["Less", "Greater"]), [name, self.weight()])
        self.append("Where", [test, name, self.random.choice([other for other, sizes in self.values if sizes == shape])], shape)

    def rounded(self, name, shape):
        kind = self.random.choice([TensorProto.FLOAT16, TensorProto.INT64, TensorProto.DOUBLE, TensorProto.UINT8, TensorProto.BFLOAT16, TensorProto.BOOL])
        self.append("Cast", [growth.append(self.graph, "Cast", [name], to=kind)], shape, to=1)
