"""Files that are hostile as files: nesting, counts, names, data that lies elsewhere, bytes that are no messages."""

from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper

import growth
from specimen import Specimen, graphs, integer
from tensors import initialisers


def outside(specimen, random):
    """A constant's data in another file, of all kinds of places."""
    found = [tensor for tensor in initialisers(specimen) if tensor.data_type]
    if not found:
        return False
    tensor = random.choice(found)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    places = ["data", "data", "m.onnx", "fifo", "folder", ".", "..", "", "/etc/passwd", "../noise", "link", "loop", "zero", "a" * 5000, "\0", "data/x", "./data", "m.onnx/"]
    del tensor.external_data[:]
    tensor.external_data.add(key="location", value=random.choice(places))
    for key in ("offset", "length", "checksum"):
        if random.random() < 0.5:
            tensor.external_data.add(key=key, value=str(random.choice([0, 4, 16, 65_536, integer(random), "x", "", "1e9", "-0", "99999999999999999999"])))
    if random.random() < 0.3:
        tensor.dims[:] = [random.choice([1, 4, 1 << 20, 1 << 31, 1 << 36]) for _ in range(random.choice([1, 2]))]
    return True


def many(specimen, random):
    """Very many of one thing."""
    graph, count, kind = specimen.graph, random.choice([1000, 10_000, 40_000]), random.randrange(9)
    if kind == 0:
        graph.input.extend(growth.info(f"in{index}", 1, [1]) for index in range(count))
    elif kind == 1:
        graph.node.extend(helper.make_node("Constant", [], [f"c{index}"], value_float=1.0) for index in range(count))
        graph.output.extend(growth.info(f"c{index}", 1, []) for index in range(count))
    elif kind == 2:
        graph.initializer.extend(helper.make_tensor(f"t{index}", 1, [], [1.0]) for index in range(count))
    elif kind == 3:
        graph.value_info.extend(growth.info(f"v{index}", 1, [1]) for index in range(count))
    elif kind == 4 and graph.node:
        random.choice(graph.node).attribute.extend(AttributeProto(name=f"a{index}", type=2, i=1) for index in range(count))
    elif kind == 5 and graph.node and graph.node[0].input:
        node = random.choice(graph.node)
        node.input.extend([random.choice(list(node.input) or [""])] * count)
    elif kind == 6 and graph.node:
        # All of one name, or each a prefix of another.
        for index in range(count):
            graph.node.append(helper.make_node("Constant", [], [f"c{index}"], name="n" if random.random() < 0.5 else f"n#{index}", value_int=1))
    elif kind == 7:
        graph.node.extend(helper.make_node(f"Unknown{index}", [], [f"c{index}"]) for index in range(count))
    else:
        value = (growth.value_names(graph) or [""])[0]
        sides = [f"w{index}" for index in range(count)]
        graph.node.extend(helper.make_node("Relu", [value], [name]) for name in sides)
        graph.node.append(helper.make_node("Concat", sides, ["joined"], axis=0))
        graph.output.append(growth.info("joined", 1, None))
    return True


def long_name(specimen, random):
    name = random.choice(["é" * 70_000, "a" * 1_000_000, "\n" * 1000, "{}<>&\"'" * 100, "\u202e", "%n%s", "a/../b"])
    for graph in list(graphs(specimen.model))[:1]:
        ports = [*graph.input, *graph.output]
        if not ports:
            return False
        old = random.choice(ports).name
        for port in ports:
            port.name = name if port.name == old else port.name
        for node in graph.node:
            node.input[:] = [name if given == old else given for given in node.input]
            node.output[:] = [name if made == old else made for made in node.output]
        if old in specimen.values:
            specimen.values[name] = specimen.values.pop(old)
    return True


def extras(specimen, random):
    """Parts of the format that few use."""
    model, graph, kind = specimen.model, specimen.graph, random.randrange(6)
    if kind == 0:
        sparse = graph.sparse_initializer.add()
        sparse.values.CopyFrom(helper.make_tensor("sparse", 1, [2], [1.0, 2.0]))
        sparse.indices.CopyFrom(helper.make_tensor("i", 7, [2], [0, integer(random)]))
        sparse.dims.extend([integer(random)])
    elif kind == 1:
        model.metadata_props.add(key="k" * random.choice([1, 100_000]), value="v" * random.choice([1, 1_000_000]))
    elif kind == 2:
        model.training_info.add().algorithm.CopyFrom(graph)
    elif kind == 3:
        entry = graph.quantization_annotation.add(tensor_name="x")
        entry.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="missing")
    elif kind == 4:
        model.ir_version = integer(random)
    else:
        for tensor in initialisers(specimen):
            tensor.segment.begin, tensor.segment.end = integer(random), integer(random)
            break
    return True


def spoil_bytes(content, random):
    """Flipped, cut, doubled or nested beyond what readers follow."""
    kind, content = random.random(), bytearray(content)
    if kind < 0.5 and content:
        for _ in range(random.choice([1, 1, 2, 5])):
            content[random.randrange(len(content))] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
    elif kind < 0.65:
        del content[random.randrange(len(content) + 1):]
    elif kind < 0.8:
        # A message that comes twice is merged.
        content += content
    else:
        content += nested(random.choice([30, 45, 99, 101, 1000, 20_000]))
    return bytes(content)


def nested(depth):
    """Graphs in attributes of nodes, as bytes: deeper than the library that writes them allows."""
    content = b""
    for _ in range(depth):
        content = field(6, content) + bytes([0xA0, 1, 5])
        content = field(4, b"If") + field(5, content)
        content = field(1, content)
    return field(7, content)


def field(number, content):
    """A field with a length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(data + bytes([value]))


def bare(random):
    """Next to nothing."""
    model = ModelProto()
    if random.random() < 0.7:
        model.opset_import.add(version=random.choice([0, 13, 21]))
    if random.random() < 0.8:
        model.graph.CopyFrom(GraphProto(name=""))
    for name in ["x", "x", "y"][: random.randrange(4)]:
        model.graph.input.append(growth.info(name, random.choice([0, 1, 8]), random.choice([[], None, [0], [2]])))
        model.graph.output.append(growth.info(name, 1, None))
    return Specimen(model, {}, "bare")
