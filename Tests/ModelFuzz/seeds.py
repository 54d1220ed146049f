"""What is mutated: ONNX's own node cases, the committed cases and files, and small networks."""

import glob
import os
import pickle

import onnx
from onnx import numpy_helper

import folders
import networks
from attributes import COMPUTED
from specimen import graphs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARGEST = 40_000


class Seeds:
    """`cases`, `networks`: a name, a model's bytes and arrays by input; `folders`: a name and files by name."""

    def __init__(self, cache):
        self.cases = [seed for seed in kept(cache) if is_computed(seed[1])] + list(committed())
        self.networks = list(made())
        self.folders = list(folders.shipped(ROOT))


def kept(cache):
    """The node cases, which take seconds to make."""
    place = os.path.join(cache, f"seeds-{onnx.__version__}.pickle")
    if not os.path.exists(place):
        seeds = list(node_cases())
        with open(place + ".new", "wb") as file:
            pickle.dump(seeds, file)
        os.replace(place + ".new", place)
    with open(place, "rb") as file:
        return pickle.load(file)


def is_computed(content):
    """Whether a server gets further with it than to refuse an operator by name; a few that it refuses stay."""
    model = onnx.ModelProto()
    model.ParseFromString(content)
    return len(content) % 50 == 0 or all(node.op_type in COMPUTED for graph in graphs(model) for node in graph.node)


def node_cases():
    from onnx.backend.test.loader import load_node_model_tests

    for case in load_node_model_tests():
        model = case.model
        values = {}
        if case.data_sets:
            given = [port.name for port in model.graph.input]
            values = {name: array(value) for name, value in zip(given, case.data_sets[0][0])}
        values = {name: value for name, value in values.items() if value is not None and value.nbytes < LARGEST}
        content = model.SerializeToString()
        if len(content) < LARGEST:
            yield case.name, content, values


def array(value):
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    return value if hasattr(value, "nbytes") else None


def committed():
    for place in sorted(glob.glob(f"{ROOT}/Tests/OnnxCases/*/model.onnx")):
        values = {}
        with open(place, "rb") as file:
            content = file.read()
        if len(content) < LARGEST:
            yield os.path.basename(os.path.dirname(place)), content, values
    for place in sorted(glob.glob(f"{ROOT}/Tests/ModelFuzz/found/*.onnx")):
        with open(place, "rb") as file:
            yield os.path.basename(place), file.read(), {}


def made():
    for name, model, values in networks.every():
        yield name, model.SerializeToString(), values
