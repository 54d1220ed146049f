"""Mutations of declared inputs and of initialisers, and tensors to infer with."""

import math

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import specimen as kinds
from specimen import array, cast, dimensions, graphs, integer


def change_input(specimen, random):
    """What a port claims: type, sizes, rank."""
    ports = [port for graph in graphs(specimen.model) for port in [*graph.input, *graph.output, *graph.input]]
    if not ports:
        return False
    port, kind = random.choice(ports), random.random()
    declared = port.type.tensor_type
    if kind < 0.15:
        declared.elem_type = random.choice(kinds.TYPES)
    elif kind < 0.18:
        declared.elem_type = random.choice(kinds.ODD_TYPES)
    elif kind < 0.25:
        declared.ClearField("shape")
    elif kind < 0.55 and declared.shape.dim:
        random.choice(declared.shape.dim).dim_value = integer(random)
    elif kind < 0.7 and declared.shape.dim:
        random.choice(declared.shape.dim).dim_param = random.choice(["n", "", "any"])
    elif kind < 0.97:
        declared.ClearField("shape")
        declared.shape.SetInParent()
        for size in dimensions(random):
            declared.shape.dim.add().dim_value = size
    else:
        port.type.sequence_type.elem_type.tensor_type.elem_type = 1
    return True


def initialisers(specimen):
    found = [tensor for graph in graphs(specimen.model) for tensor in graph.initializer]
    for graph in graphs(specimen.model):
        for node in graph.node:
            found += [attribute.t for attribute in node.attribute if attribute.HasField("t")]
    return found


def change_elements(specimen, random):
    """Some numbers of a constant, or of an input's own values."""
    found = initialisers(specimen)
    named = [name for name, value in specimen.values.items() if getattr(value, "size", 0)]
    if named and (not found or random.random() < 0.5):
        name = random.choice(named)
        specimen.values[name] = spoiled(specimen.values[name], random)
        return True
    if not found:
        return False
    tensor = random.choice(found)
    try:
        value = numpy_helper.to_array(tensor)
    except Exception:
        return False
    tensor.CopyFrom(numpy_helper.from_array(spoiled(value, random), tensor.name))
    return True


def spoiled(value, random):
    """The same shape and type; a few elements, or all, are others."""
    flat = np.array(value).reshape(-1).copy()
    if flat.size == 0:
        return np.array(value)
    places = range(flat.size) if flat.size < 9 and random.random() < 0.2 else [random.randrange(flat.size) for _ in range(random.choice([1, 1, 2, 3]))]
    for place in places:
        if flat.dtype.kind in "OSU":
            flat[place] = random.choice(kinds.NAMES)
        elif flat.dtype.kind in "iub":
            flat[place] = cast([integer(random)], flat.dtype)[0]
        else:
            flat[place] = cast([random.choice(kinds.FLOATS)], flat.dtype)[0]
    return flat.reshape(np.shape(value))


def spoil_initialiser(specimen, random):
    """Its shape, its data or its type contradict each other, or it is another."""
    found = initialisers(specimen)
    if not found:
        return False
    tensor, kind = random.choice(found), random.random()
    if kind < 0.3:
        tensor.dims[:] = dimensions(random)
    elif kind < 0.4:
        tensor.data_type = random.choice(kinds.TYPES + kinds.ODD_TYPES)
    elif kind < 0.5:
        tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]
    elif kind < 0.75:
        tensor.CopyFrom(kinds.tensor(random, tensor.name))
    elif kind < 0.9:
        tensor.CopyFrom(kinds.tensor(random, tensor.name, kind=tensor.data_type if tensor.data_type in kinds.TYPES else 1))
    else:
        try:
            value = numpy_helper.to_array(tensor).reshape(-1)
        except Exception:
            return False
        value = value[: random.randrange(value.size + 1)]
        tensor.CopyFrom(numpy_helper.from_array(value.reshape(random.choice([[-1], [1, -1], [-1, 1]]) if value.size else [0, 3]), tensor.name))
    return True


def expose_initialiser(specimen, random):
    """A constant becomes an input, so that its value comes from the client."""
    graph = specimen.graph
    if not graph.initializer:
        return False
    index = random.randrange(len(graph.initializer))
    tensor = graph.initializer[index]
    try:
        value = numpy_helper.to_array(tensor)
    except Exception:
        return False
    sizes = [None] * value.ndim if random.random() < 0.7 else list(value.shape)
    graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, sizes))
    specimen.values[tensor.name] = value
    del graph.initializer[index]
    return True


def fix_input(specimen, random):
    """An input becomes a constant, so that what it leads to is computed while loading."""
    graph = specimen.graph
    found = [index for index, port in enumerate(graph.input) if port.name in specimen.values]
    if not found:
        return False
    index = random.choice(found)
    name = graph.input[index].name
    try:
        graph.initializer.append(numpy_helper.from_array(np.asarray(specimen.values.pop(name)), name))
    except Exception:
        return False
    del graph.input[index]
    return True


# Tensors of requests

TYPES = {
    "BOOL": 9, "UINT8": 2, "UINT16": 4, "UINT32": 12, "UINT64": 13, "INT8": 3, "INT16": 5, "INT32": 6, "INT64": 7,
    "FP16": 10, "BF16": 16, "FP32": 1, "FP64": 11, "BYTES": 8,
}
WORDS = {str(np.dtype(helper.tensor_dtype_to_np_dtype(kind))): word for word, kind in TYPES.items() if word != "BYTES"}


def given(ports, specimen, random):
    """Names, arrays and claimed shapes for a model's inputs as the server describes them: its own, fitting or spoiled."""
    arrays = []
    plain = random.random() < 0.5
    for port in ports:
        value = specimen.values.get(port["name"])
        if value is None or random.random() < 0.15:
            value = fitting(port, random)
        if not plain and random.random() < 0.5:
            try:
                value = other(value, random)
            except ValueError:
                value = array(random)
        arrays.append((port["name"], np.asarray(value)))
    if not plain and arrays and random.random() < 0.1:
        arrays.pop(random.randrange(len(arrays)))
    if not plain and random.random() < 0.05:
        arrays.append((random.choice(kinds.NAMES), array(random)))
    return [(name, value, np.shape(value) if plain else claimed(value, random)) for name, value in arrays]


def fitting(port, random):
    sizes = [size if size >= 0 else random.choice([0, 1, 1, 2, 3, 5, 9]) for size in port["shape"]]
    if len(sizes) > 60 or math.prod(sizes) > 200_000:
        sizes = [min(size, 3) for size in sizes][:8]
    kind = TYPES.get(port["datatype"], 1)
    try:
        return array(random, kind=kind, sizes=sizes)
    except ValueError:
        # No elements, and more sizes than numpy counts.
        return array(random, kind=kind, sizes=[0])


def other(value, random):
    value = np.asarray(value)
    kind = random.random()
    if kind < 0.5:
        return spoiled(value, random)
    if kind < 0.6:
        return array(random, sizes=list(value.shape) if value.size < 5000 else None)
    same = TensorProto.STRING if value.dtype.kind in "OSU" else helper.np_dtype_to_tensor_dtype(value.dtype)
    if kind < 0.75:
        sizes = list(value.shape) or [1]
        sizes[random.randrange(len(sizes))] = random.choice([0, 1, 2, 3, 17, 300, 5000])
        if math.prod(sizes) < 100_000:
            return array(random, kind=same, sizes=sizes)
    if kind < 0.9:
        return array(random, kind=same)
    return array(random, kind=same, sizes=random.choice([[0], [0, 2**20], [1] * 12, [0, 2**40], [], [70_000]]))


def claimed(value, random):
    """The shape that a request says its tensor has."""
    if random.random() < 0.97:
        return list(np.shape(value))
    return random.choice([[2**40, 0], [2**31, 0, 2**31], [2**62, 4], [2**63 - 1], [-1], [2**32, 2**32], [0] * 40, [1] * 70_000, [value.size + 1], kinds.dimensions(random)])
