"""Specimens: a seed with some mutations, or a network drawn from the operators' declarations."""

import numpy as np
import onnx
from onnx import helper

import attributes
import folders
import growth
import heavy
import hostile
import specimen as kinds
import stacks
import tensors
import wiring
from specimen import Specimen

WEIGHTS = [
    (attributes.change_attribute, 9),
    (attributes.add_attribute, 6),
    (attributes.spoil_attribute, 3),
    (attributes.swap_operator, 3),
    (attributes.change_opset, 1.5),
    (tensors.change_input, 6),
    (tensors.change_elements, 8),
    (tensors.spoil_initialiser, 5),
    (tensors.expose_initialiser, 4),
    (tensors.fix_input, 4),
    (wiring.change_arity, 6),
    (wiring.swap_wires, 3),
    (wiring.change_outputs, 2),
    (wiring.rename, 1.5),
    (wiring.move_nodes, 1.5),
    (wiring.chain_node, 4),
    (wiring.change_subgraph, 3),
    (wiring.nest, 0.8),
    (growth.grow, 2.5),
    (hostile.outside, 0.6),
    (hostile.many, 0.06),
    (hostile.long_name, 0.15),
    (hostile.extras, 0.3),
]


def model(seeds, random):
    """A specimen and the files that a server finds of it."""
    if random.random() < 0.06:
        return folders.drawn(seeds.folders, random)
    made = specimen(seeds, random)
    content = made.model.SerializeToString()
    if random.random() < 0.03:
        content = hostile.spoil_bytes(content, random)
    if random.random() < 0.04:
        return made, folders.beside(content, made, random)
    return made, {"model.onnx": content}


def specimen(seeds, random):
    kind = random.random()
    if kind < 0.015:
        made = heavy.drawn(random)
        if random.random() < 0.7:
            return made
    elif kind < 0.135:
        made = drawn(random)
    elif kind < 0.14:
        made = hostile.bare(random)
    elif kind < 0.26:
        made = stacks.drawn(random)
        if random.random() < 0.4:
            return made
    else:
        made = from_seed(seeds, random)
    for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3, 4, 6, 10])):
        if random.random() < 0.03:
            wiring.splice(made, random, from_seed(seeds, random))
            made.log.append("splice")
            continue
        (change,) = random.choices([change for change, _ in WEIGHTS], [weight for _, weight in WEIGHTS])
        try:
            if change(made, random):
                made.log.append(change.__name__)
        except Exception as error:
            # What protobuf or numpy cannot hold is no file either.
            made.log.append(f"({change.__name__}: {type(error).__name__})")
    return made


def from_seed(seeds, random):
    # Networks are few and cases many: each kind gets its part.
    name, content, values = random.choice(seeds.cases if random.random() < 0.7 else seeds.networks)
    model = onnx.ModelProto()
    model.ParseFromString(content)
    return Specimen(model, dict(values), name)


def drawn(random):
    """One node of any operator, its inputs drawn without asking whether they fit."""
    names = attributes.COMPUTED if random.random() < 0.95 else attributes.operator_names()
    schema = attributes.schemas()[random.choice(names)]
    node = helper.make_node(schema.name, [], [])
    graph = helper.make_graph([node], "drawn", [], [])
    made = Specimen(helper.make_model(graph, opset_imports=[helper.make_opsetid("", schema.since_version)], ir_version=10), {}, f"drawn {schema.name}")
    graph = made.graph
    node = graph.node[0]
    count = len(schema.inputs) if random.random() < 0.7 else random.randrange(len(schema.inputs) + 1)
    if schema.inputs and schema.inputs[-1].option.name == "Variadic":
        count += random.choice([0, 0, 1, 2])
    sizes, kind = kinds.shape(random), random.choice([1, 1, 1, 7, *kinds.TYPES])
    for index in range(count):
        add_input(made, node, f"i{index}", schema, index, sizes, kind, random)
    for name, attribute in schema.attributes.items():
        if attribute.required or random.random() < 0.4:
            node.attribute.append(attributes.drawn(name, int(attribute.type.value), random))
    for index in range(random.choice([len(schema.outputs) or 1, 1])):
        node.output.append(f"o{index}")
        graph.output.append(helper.make_tensor_value_info(f"o{index}", kind, None))
    return made


def add_input(made, node, name, schema, index, sizes, kind, random):
    form = schema.inputs[min(index, len(schema.inputs) - 1)]
    number = kind
    allowed = [text for text in form.types if text.startswith("tensor(")]
    if allowed and random.random() < 0.8:
        fitting = [number for number in kinds.TYPES if f"tensor({onnx.TensorProto.DataType.Name(number).lower()})" in allowed]
        if fitting and kind not in fitting:
            number = random.choice(fitting)
    value = kinds.array(random, kind=number, sizes=sizes if random.random() < 0.5 else kinds.shape(random))
    node.input.append(name if random.random() < 0.95 else "")
    if random.random() < 0.4:
        made.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        return
    declared = list(value.shape) if random.random() < 0.6 else [None] * value.ndim
    made.graph.input.append(helper.make_tensor_value_info(name, number, declared if random.random() < 0.9 else None))
    made.values[name] = np.asarray(value)
