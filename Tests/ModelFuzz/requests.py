"""What a loaded model is asked, beside plain inferring: other protocols, parameters, many shapes, changes meanwhile."""

import json

import numpy as np

import tensors
from specimen import INTEGERS, integer, value_names


def ask_around(trial, specimen, random):
    ports = trial.ports()
    if random.random() < 0.35:
        trial.get("")
    if random.random() < 0.15:
        trial.get(random.choice(["/graph", "/graph?unfold=3", "/kernels", "/graph?unfold=1000000", "/graph?unfold=-1"]))
    for _ in range(random.choice([1, 1, 2, 3])):
        trial.infer(tensors.given(ports, specimen, random), outputs(specimen, random), as_text=random.random() < 0.1)
    if random.random() < 0.15:
        random.choice([own_routes, own_routes, predict, parameters, widths, gone])(trial, ports, specimen, random)


def outputs(specimen, random):
    """None for the model's own, or names of any values."""
    if random.random() < 0.85:
        return None
    names = value_names(specimen.graph) if specimen.model else []
    return [random.choice(names or ["x"]) for _ in range(random.choice([0, 1, 1, 2, 5]))]


def own_routes(trial, ports, specimen, random):
    """What a model of pictures, symbols, series or trees answers; others refuse."""
    side, numbers = random.choice([1, 2, 8, 28]), [0, 1, 128, 255]
    picture = json.dumps({"pixels": [[random.choice(numbers) for _ in range(side)] for _ in range(side)]})
    tokens = json.dumps({"tokens": [random.choice([0, 1, 2, 5, 2**31 - 1, -1]) for _ in range(random.choice([0, 1, 3, 9]))]})
    steps = json.dumps({"steps": random.choice([0, 1, 3, 100, 2**31, 2**63 - 1, -1])})
    series = json.dumps({"series": [[random.choice([0, 1.5, -1]) for _ in range(random.choice([1, 12]))] for _ in range(random.choice([0, 1, 9]))]})
    length = random.choice([0, 1, 5, 1000, 2**62])
    trial.post(*random.choice([
        ("/classify", picture), ("/features", picture), ("/features?pool=mean", picture), ("/features?pool=max&layer=x", picture),
        ("/preview", picture), ("/classify?top=1000000", picture),
        ("/next", tokens), ("/next?all=true", tokens), ("/score", tokens), ("/encode", tokens), ("/encode?all=true", tokens),
        ("/classify", tokens), ("/generate", f'{tokens[:-1]},"length":{length},"temperature":{random.choice(["0", "1e-30", "1e30", "-1"])}}}'),
        ("/encode", steps), ("/encode?all=true", steps), ("/classify", series), ("/features", series),
        ("/tree", json.dumps({"tree": random.choice([[], 1, ["max", 1, 2], [[[["min", 3]]]], ["sm"] * 50])})),
    ]))


def predict(trial, ports, specimen, random):
    """TensorFlow Serving's rows or columns."""
    arrays = {name: value.tolist() for name, value, _ in tensors.given(ports, specimen, random) if value.dtype.kind in "fiub" and value.size < 5000}
    body = {"inputs": arrays} if random.random() < 0.5 else {"instances": [arrays] * random.choice([0, 1, 2])}
    if arrays and random.random() < 0.3:
        body = {"instances": next(iter(arrays.values()))}
    trial.predict(json.dumps(body))


def parameters(trial, ports, specimen, random):
    """An infer request with what the protocol's extensions know."""
    names = [name for node in specimen.graph.node for name in node.output] if specimen.model else []
    extra = {
        "parameters": random.choice([
            {}, {"sequence_id": random.choice([1, "s", 2**63]), "sequence_start": random.random() < 0.5, "sequence_end": random.random() < 0.5},
            {"priority": integer(random)}, {"timeout": integer(random)},
        ]),
        "outputs": [{"name": random.choice(names or ["y"]), "parameters": {"classification": random.choice(INTEGERS)}}],
    }
    if random.random() < 0.3:
        del extra["outputs"]
    for _ in range(random.choice([1, 3])):
        trial.infer(tensors.given(ports, specimen, random), None, as_text=random.random() < 0.5, extra=extra)


def widths(trial, ports, specimen, random):
    """Many shapes one after the other: what is kept for each is bounded."""
    for width in random.sample(range(1, 400), 25):
        arrays = []
        for port in ports:
            sizes = [size if size >= 0 else width for size in port["shape"]]
            if len(sizes) > 20 or np.prod([float(size) for size in sizes]) > 100_000:
                return
            value = np.zeros(sizes, tensors.helper.tensor_dtype_to_np_dtype(tensors.TYPES.get(port["datatype"], 1)))
            arrays.append((port["name"], value, sizes))
        if trial.infer(arrays) >= 400 or all(size >= 0 for port in ports for size in port["shape"]):
            return


def gone(trial, ports, specimen, random):
    """Clients that leave, and models that do."""
    way = random.choice([trial.leave, trial.infer_meanwhile])
    for _ in range(random.choice([1, 2, 5])):
        way(tensors.given(ports, specimen, random))
