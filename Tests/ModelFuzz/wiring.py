"""Mutations of arity, names, order and subgraphs."""

import copy

from onnx import helper

import specimen as kinds
from attributes import operator_name
from specimen import graphs, integer, nodes, pick_node, value_names


def change_arity(specimen, random):
    node = pick_node(specimen, random)
    if node is None:
        return False
    side = node.input if random.random() < 0.75 else node.output
    kind = random.random()
    if kind < 0.35 and side:
        del side[random.randrange(len(side))]
    elif kind < 0.45:
        del side[:]
    elif kind < 0.6 and side:
        side[random.randrange(len(side))] = ""
    elif kind < 0.65:
        side.extend(list(side) * random.choice([1, 40, 3000]))
    elif kind < 0.75:
        side.append("")
    elif side is node.input:
        side.insert(random.randrange(len(side) + 1), random.choice(value_names(specimen.graph) or [""]))
    else:
        side.append(f"more{random.randrange(1000)}")
    return True


def swap_wires(specimen, random):
    names = [name for graph in graphs(specimen.model) for name in value_names(graph)]
    node = pick_node(specimen, random)
    if node is None or not names:
        return False
    side = node.input if random.random() < 0.8 else node.output
    if not side:
        return False
    side[random.randrange(len(side))] = random.choice(names)
    return True


def change_outputs(specimen, random):
    """Of the graph: other values, twice, or none."""
    graph = random.choice(list(graphs(specimen.model)))
    names, kind = value_names(graph), random.random()
    if kind < 0.6 and names:
        graph.output.append(helper.make_tensor_value_info(random.choice(names), random.choice(kinds.TYPES), None))
    elif kind < 0.8 and graph.output:
        del graph.output[random.randrange(len(graph.output))]
    elif graph.output:
        graph.output.append(random.choice(graph.output))
    return True


def rename(specimen, random):
    """A value everywhere, or only where it is made."""
    names = value_names(specimen.graph)
    if not names:
        return False
    old, new = random.choice(names), random.choice(names + kinds.NAMES)
    for graph in graphs(specimen.model):
        for port in [*graph.input, *graph.output, *graph.initializer]:
            if port.name == old and random.random() < 0.9:
                port.name = new
        for node in graph.node:
            for side in (node.input, node.output):
                for index, name in enumerate(side):
                    if name == old and random.random() < 0.9:
                        side[index] = new
    if old in specimen.values:
        specimen.values[new] = specimen.values.pop(old)
    return True


def move_nodes(specimen, random):
    """Removed, twice, or in another order."""
    found = nodes(specimen.model)
    if not found:
        return False
    place, index = random.choice(found)
    kind = random.random()
    if kind < 0.3:
        del place[index]
    elif kind < 0.6:
        copied = copy.deepcopy(place[index])
        if copied.output and random.random() < 0.8:
            copied.output[:] = [f"{name}_{random.randrange(100)}" for name in copied.output]
        place.insert(index + 1, copied)
    else:
        other = random.randrange(len(place))
        first, second = copy.deepcopy(place[index]), copy.deepcopy(place[other])
        place[index].CopyFrom(second)
        place[other].CopyFrom(first)
    return True


def chain_node(specimen, random):
    """A node of another operator behind a value, which becomes an output."""
    names = value_names(specimen.graph)
    if not names:
        return False
    made = f"chained{random.randrange(1000)}"
    given = [random.choice(names) for _ in range(random.choice([1, 1, 2, 2, 3]))]
    specimen.graph.node.append(helper.make_node(operator_name(random), given, [made]))
    specimen.graph.output.append(helper.make_tensor_value_info(made, random.choice([1, 1, 7, 9]), None))
    return True


def change_subgraph(specimen, random):
    inner = list(graphs(specimen.model))[1:]
    if not inner:
        return False
    graph = random.choice(inner)
    part = random.choice([graph.input, graph.output, graph.node, graph.initializer])
    kind = random.random()
    if kind < 0.4 and part:
        del part[random.randrange(len(part))]
    elif kind < 0.6 and part:
        part.append(random.choice(part))
    elif kind < 0.7 and part:
        del part[:]
    else:
        port = helper.make_tensor_value_info(random.choice(value_names(graph) or ["z"]), random.choice(kinds.TYPES), kinds.shape(random))
        (graph.input if random.random() < 0.5 else graph.output).append(port)
    return True


def nest(specimen, random):
    """The whole network inside of an If or a Loop, or of many."""
    depth = random.choice([1, 1, 1, 2, 3, 12, 33, 80])
    if len(specimen.graph.node) > 20 and depth > 3:
        return False
    loops = random.random() < 0.5
    for level in range(depth):
        graph = specimen.graph
        inner = copy.deepcopy(graph)
        del inner.input[:]
        del inner.initializer[:]
        outer = [f"{port.name}_{level}" for port in graph.output]
        condition = helper.make_tensor(f"yes{level}", 9, [], [random.random() < 0.8])
        graph.initializer.append(condition)
        del graph.node[:]
        if loops:
            inner.input.extend([helper.make_tensor_value_info(f"i{level}", 7, []), helper.make_tensor_value_info(f"go{level}", 9, [])])
            inner.node.append(helper.make_node("Identity", [f"go{level}"], [f"on{level}"]))
            inner.output.insert(0, helper.make_tensor_value_info(f"on{level}", 9, []))
            times = random.choice([0, 1, 2, 3, integer(random)])
            graph.initializer.append(helper.make_tensor(f"times{level}", 7, [], [times]))
            graph.node.append(helper.make_node("Loop", [f"times{level}", f"yes{level}"], outer, body=inner))
        else:
            graph.node.append(helper.make_node("If", [f"yes{level}"], outer, then_branch=inner, else_branch=copy.deepcopy(inner) if depth < 4 else inner_of(inner)))
        for port, name in zip(graph.output, outer):
            port.name = name
            if loops:
                port.type.tensor_type.ClearField("shape")
    return True


def inner_of(graph):
    """As many outputs, of nothing but constants: copies of copies would double with each level."""
    made = copy.deepcopy(graph)
    del made.node[:]
    for port in made.output:
        tensor = helper.make_tensor("c", 1, [1], [1.0])
        made.node.append(helper.make_node("Constant", [], [port.name], value=tensor))
    return made


def splice(specimen, random, other):
    """Another network's nodes too, its first input from a value of this one."""
    prefix = "o_"
    theirs = copy.deepcopy(other.model)
    names = value_names(specimen.graph)
    for node in theirs.graph.node:
        node.input[:] = [name and prefix + name for name in node.input]
        node.output[:] = [name and prefix + name for name in node.output]
    for port in [*theirs.graph.input, *theirs.graph.output, *theirs.graph.initializer]:
        port.name = prefix + port.name
    specimen.graph.node.extend(theirs.graph.node)
    specimen.graph.initializer.extend(theirs.graph.initializer)
    specimen.graph.output.extend(theirs.graph.output)
    specimen.model.functions.extend(theirs.functions)
    for port in theirs.graph.input:
        if names and random.random() < 0.6:
            specimen.graph.node.insert(
                max(0, len(specimen.graph.node) - len(theirs.graph.node)),
                helper.make_node("Identity", [random.choice(names)], [port.name]),
            )
        else:
            specimen.graph.input.append(port)
            specimen.values[port.name] = other.values.get(port.name[len(prefix):])
    specimen.values = {name: value for name, value in specimen.values.items() if value is not None}
    return True
