"""Findings: where they come from, told apart by it, and kept as files that can be tried again."""

import functools
import json
import os
import re
import shutil
import subprocess

import ml_dtypes
import numpy as np
import onnx

from specimen import graphs

ASKED = ("infer", "leave", "meanwhile")
SYMBOLIZER = shutil.which("llvm-symbolizer")


@functools.lru_cache(None)
def lines(program, offset):
    """Functions and their places at an address, those that were inlined first, as (function, file:line)."""
    if SYMBOLIZER is None:
        return [("?", hex(offset))]
    # A frame is where a call returns to: the call is before it.
    text = subprocess.run(
        [SYMBOLIZER, f"--obj={program}", "--inlines", "--demangle", "--output-style=GNU", "-f", hex(offset - 1)],
        capture_output=True, text=True,
    ).stdout.strip().split("\n")
    return [(text[index], short(text[index + 1])) for index in range(0, len(text) - 1, 2)]


def short(place):
    match = re.search(r"Sources/(.*?:\d+)", place)
    return match.group(1) if match and not place.endswith(":0") else ""


def stack(program, trace):
    """Our own places of a trace, the innermost first."""
    found = []
    for file, offset in trace:
        if os.path.realpath(file) == os.path.realpath(program):
            found += [place for _, place in lines(program, offset) if place and (not found or found[-1] != place)]
    return found


def signature(program, fault):
    """What is the same for findings of one cause."""
    places = stack(program, fault.trace)
    if fault.kind == "STATUS":
        return "STATUS " + re.sub(r'"request_id":"[^"]*"|\d+', "#", fault.text)[:150]
    if not places:
        return re.sub(r"\d+", "#", f"{fault.kind} {fault.text.split(':')[0][:60]} {spoken(fault)}".strip())
    if fault.kind == "DEATH":
        return f"DEATH {fault.text} {' < '.join(places[:2])}"
    # Where it is when it is looked at differs by chance: the file says enough.
    return f"{fault.kind} {' < '.join(distinct(place.split(':')[0] for place in places)[:2])}"


def distinct(items):
    return list(dict.fromkeys(items))


def spoken(fault):
    match = re.search(r"(Fatal error[^\n]*|terminate[^\n]*|free\(\)[^\n]*|malloc[^\n]*|corrupt[^\n]*)", fault.noise)
    return match.group(1)[:120] if match else ""


def parsed(files):
    """The network in a file; None if there is none that can be read."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(files["model.onnx"])
    except Exception:
        return None
    return model


def operators(files):
    model = parsed(files)
    return distinct(node.op_type for graph in graphs(model) for node in graph.node) if model else []


def slug(text):
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:80]


def write(folder, name, files, asked, report):
    os.makedirs(folder, exist_ok=True)
    place = os.path.join(folder, name)
    kept = place + (".onnx" if list(files) == ["model.onnx"] else "")
    if kept == place:
        os.makedirs(place, exist_ok=True)
    for file_name, content in files.items():
        with open(kept if kept != place else os.path.join(place, file_name), "wb") as file:
            file.write(content)
    if asked:
        with open(place + ".inputs.json", "w") as file:
            json.dump([stored(entry) for entry in asked], file)
    with open(place + ".txt", "w") as file:
        file.write(report)
    return kept


def stored(entry):
    """A request as JSON: tensors as names, types, claimed shapes and data."""
    return {key: [flat(*tensor) for tensor in value] if key in ASKED else value for key, value in entry.items()}


def flat(name, value, shape):
    return {"name": name, "datatype": str(value.dtype), "shape": list(shape), "data": data(value)}


def data(value):
    """Bytes as hexadecimal digits; texts as they are."""
    if value.dtype.kind in "OSU":
        return [text.decode("latin-1") if isinstance(text, bytes) else str(text) for text in value.reshape(-1)]
    return np.ascontiguousarray(value).tobytes().hex()


def read(place):
    """A model's files, and what was asked of it."""
    names = sorted(os.listdir(place)) if os.path.isdir(place) else [""]
    files = {}
    for name in names:
        with open(os.path.join(place, name) if name else place, "rb") as file:
            files[name or "model.onnx"] = file.read()
    inputs = re.sub(r"\.onnx$", "", place) + ".inputs.json"
    if not os.path.exists(inputs):
        return files, None
    with open(inputs) as file:
        return files, [restored(entry) for entry in json.load(file)]


def restored(entry):
    return {
        key: [(item["name"], tensor(item), item["shape"]) for item in value] if key in ASKED else value for key, value in entry.items()
    }


def tensor(item):
    if isinstance(item["data"], list):
        value = np.empty(len(item["data"]), object)
        value[:] = item["data"]
        return value
    kind = np.dtype(getattr(ml_dtypes, item["datatype"], item["datatype"]))
    return np.frombuffer(bytes.fromhex(item["data"]), kind)
