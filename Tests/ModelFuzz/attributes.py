"""Mutations of attributes and of operators' types."""

import functools

import onnx
from onnx import AttributeProto, helper

from specimen import FLOATS, NAMES, integer, integers, pick_node, tensor

WORDS = [
    "", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "constant", "reflect", "edge", "wrap", "linear", "nearest", "cubic",
    "half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "pytorch_half_pixel", "half_pixel_symmetric", "floor", "ceil",
    "round_prefer_floor", "round_prefer_ceil", "forward", "reverse", "bidirectional", "add", "mul", "min", "max", "none", "mean", "sum",
    "DCR", "CRD", "tanh", "ij,jk->ik", "...ij->...ji", "i->", "ii->i", "ij,ij,ij->", "a" * 60 + "->", "->", ",", "i,j,k,l->ijkl", "...",
    "ijij->ij", "...i,...j->...", "Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "stretch", "not_larger", "LOWER", "bilinear", "RIGHT", "LEFT",
]


@functools.lru_cache(None)
def schemas():
    """The newest schema of every standard operator by name."""
    return {schema.name: schema for schema in onnx.defs.get_all_schemas() if schema.domain == ""}


# Those that are not refused at the first look: what others are called is read, and no more.
COMPUTED = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr
BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumProd CumSum
DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid
HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop
LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad
Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence Round Scan Scatter ScatterElements ScatterND
Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh
ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor
""".split()
# What layers of model.json are called, with attributes of their own.
OWN = {
    "Maxout": {"group": 2, "axis": 2}, "ChannelL2": {"group": 2, "axis": 2}, "TiledConv": {"tile": 7, "pads": 7, "strides": 7},
    "LocallyConnected": {"pads": 7, "strides": 7, "kernel_shape": 7}, "Jordan": {"hidden_size": 2, "feedback": 3, "one_hot_depth": 2},
    "Gabor": {"orientation": 6, "frequency": 6}, "Saturating": {}, "Conv": {"connections": 7, "connection_counts": 7},
}


def operator_name(random):
    kind = random.random()
    if kind < 0.03:
        return random.choice(sorted(OWN))
    return random.choice(COMPUTED if kind < 0.95 else operator_names())


@functools.lru_cache(None)
def operator_names():
    return sorted(schemas())


def extreme(attribute, random):
    """Another value of the same kind."""
    kind = attribute.type
    if kind == AttributeProto.INT:
        attribute.i = integer(random)
    elif kind == AttributeProto.FLOAT:
        attribute.f = min(3.4e38, max(-3.4e38, value)) if abs(value := random.choice(FLOATS)) < 1e301 else value
    elif kind == AttributeProto.STRING:
        attribute.s = random.choice(WORDS + NAMES).encode()
    elif kind == AttributeProto.INTS:
        change_integers(attribute, random)
    elif kind == AttributeProto.FLOATS:
        attribute.floats[:] = [float(random.choice(FLOATS[:17])) for _ in range(random.randrange(7))]
    elif kind == AttributeProto.STRINGS:
        attribute.strings[:] = [random.choice(WORDS).encode() for _ in range(random.randrange(7))]
    elif kind == AttributeProto.TENSOR:
        attribute.t.CopyFrom(tensor(random, attribute.t.name))
    else:
        return False
    return True


def change_integers(attribute, random):
    if attribute.ints and random.random() < 0.6:
        for _ in range(random.choice([1, 1, 2])):
            attribute.ints[random.randrange(len(attribute.ints))] = integer(random)
    else:
        attribute.ints[:] = integers(random, len(attribute.ints))


def drawn(name, kind, random):
    """An attribute of a kind, with a drawn value."""
    attribute = AttributeProto(name=name, type=kind)
    extreme(attribute, random)
    return attribute


def change_attribute(specimen, random):
    node = pick_node(specimen, random)
    if node is None or not node.attribute:
        return False
    attribute = random.choice(node.attribute)
    return extreme(attribute, random)


def add_attribute(specimen, random):
    """One that the operator knows, for the most part."""
    node = pick_node(specimen, random)
    if node is None:
        return False
    schema = schemas().get(node.op_type)
    own = OWN.get(node.op_type)
    if own and (schema is None or random.random() < 0.1):
        name = random.choice(sorted(own))
        node.attribute.append(drawn(name, own[name], random))
        return True
    if schema is None or not schema.attributes or random.random() < 0.1:
        node.attribute.append(drawn(random.choice(["axis", "axes", "to", "unknown", ""]), random.choice([1, 2, 3, 4, 6, 7, 8]), random))
        return True
    name = random.choice(sorted(schema.attributes))
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    if random.random() < 0.95:
        del node.attribute[:]
        node.attribute.extend(kept)
    node.attribute.append(drawn(name, int(schema.attributes[name].type.value), random))
    return True


def spoil_attribute(specimen, random):
    """Removed, twice, of another kind, or a reference."""
    node = pick_node(specimen, random)
    if node is None or not node.attribute:
        return False
    index = random.randrange(len(node.attribute))
    attribute, kind = node.attribute[index], random.random()
    if kind < 0.4:
        del node.attribute[index]
    elif kind < 0.5:
        node.attribute.append(attribute)
    elif kind < 0.8:
        attribute.CopyFrom(drawn(attribute.name, random.choice([1, 2, 3, 4, 6, 7, 8]), random))
    elif kind < 0.9:
        attribute.type = random.choice(range(15))
    else:
        attribute.ref_attr_name = random.choice(["a", attribute.name])
    return True


def swap_operator(specimen, random):
    node = pick_node(specimen, random)
    if node is None:
        return False
    node.op_type = operator_name(random)
    if random.random() < 0.05:
        node.domain = random.choice(["ai.onnx", "com.microsoft", "ai.onnx.ml", "own", "x"])
    return True


def change_opset(specimen, random):
    versions = specimen.model.opset_import
    if not versions or random.random() < 0.1:
        versions.append(helper.make_opsetid(random.choice(["", "ai.onnx", "own"]), random.randrange(30)))
    elif random.random() < 0.1:
        del versions[:]
    else:
        random.choice(versions).version = integer(random) if random.random() < 0.1 else random.randrange(1, 27)
    return True
