"""ONNX's backend cases as (kind, name, model bytes, operators, data sets, tolerance)."""

import dataclasses
import glob
import os

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests, load_node_model_tests


@dataclasses.dataclass
class Case:
    kind: str
    name: str
    model: onnx.ModelProto
    sets: list  # pairs of inputs and expected outputs, in the graph's order
    rtol: float
    atol: float

    @property
    def operators(self):
        return sorted(set(operators(self.model.graph.node)) | set(
            name for function in self.model.functions for name in operators(function.node)
        ))

    @property
    def inputs(self):
        made = {tensor.name for tensor in self.model.graph.initializer}
        return [port.name for port in self.model.graph.input if port.name not in made]

    @property
    def outputs(self):
        return [port.name for port in self.model.graph.output]


def operators(nodes):
    for node in nodes:
        standard = node.domain in ("", "ai.onnx")
        yield node.op_type if standard else f"{node.domain}.{node.op_type}"
        for attribute in node.attribute:
            yield from operators(attribute.g.node)
            for graph in attribute.graphs:
                yield from operators(graph.node)


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def stored(path, port):
    """A tensor's file; None for a sequence or an optional value."""
    if not port.type.HasField("tensor_type"):
        return None
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


def data_sets(folder, graph):
    def values(data, kind, ports):
        count = len(glob.glob(f"{data}/{kind}_*.pb"))
        return [stored(f"{data}/{kind}_{index}.pb", ports[index]) for index in range(count)]

    made = {tensor.name for tensor in graph.initializer}
    ports = [port for port in graph.input if port.name not in made]
    return [
        (values(data, "input", ports), values(data, "output", graph.output))
        for data in sorted(glob.glob(f"{folder}/test_data_set_*"))
    ]


def every():
    """Node cases (plain, and expanded into other operators), then those stored in the wheel."""
    for case in load_node_model_tests():
        kind = "expanded" if "_expanded" in case.name else "node"
        sets = [([array(x) for x in given], [array(x) for x in wanted]) for given, wanted in case.data_sets]
        yield Case(kind, case.name, case.model, sets, case.rtol, case.atol)
    for kind in ("simple", "pytorch-converted", "pytorch-operator"):
        for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name):
            model = onnx.load(os.path.join(case.model_dir, "model.onnx"))
            yield Case(kind, case.name, model, data_sets(case.model_dir, model.graph), case.rtol, case.atol)


def difference(case, got, wanted):
    """What is wrong with an output, or None; ONNX's own tolerances, 2^-6 for bfloat16."""
    if got.dtype != wanted.dtype:
        return f"type {got.dtype}, expected {wanted.dtype}"
    if got.shape != wanted.shape:
        return f"shape {got.shape}, expected {wanted.shape}"
    if wanted.dtype == object:
        return None if list(got.flat) == list(wanted.flat) else "other texts"
    rtol = case.rtol
    if wanted.dtype.name == "bfloat16":
        got, wanted, rtol = got.astype(np.float32), wanted.astype(np.float32), max(rtol, 2**-6)
    if np.allclose(got, wanted, rtol=rtol, atol=case.atol, equal_nan=True):
        return None
    return f"{got.ravel()[:4]}, expected {wanted.ravel()[:4]}"
