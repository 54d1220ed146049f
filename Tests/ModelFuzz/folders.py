"""Models as folders: the shipped ones with spoiled manifests and weights, and ONNX files with a model.json beside."""

import copy
import glob
import json
import os

from specimen import FLOATS, Specimen, integer

WORDS = [
    "", "x", "y", "tokens", "image", "tensors", "image-classification", "image-features", "sequence-classification", "next-symbol", "series",
    "tree", "fast", "precise", "labels.txt", "../model.json", "model.onnx", "vocabulary.json", "same", "valid", "full", "reverse", "bidirectional",
    "Conv", "RNN", "LSTM", "GRU", "Gemm", "MaxPool", "OneHot", "Softmax", "Gabor", "Maxout", "TiledConv", "LocallyConnected", "Flatten",
    "Concat", "Add", "all", "last", "grey", "a" * 300, "\0", "/etc/passwd", "Saturating", "Jordan", "Reshape", "Transpose", "Dropout", "LRN", "Resize", "ConvTranspose",
]


def name_of(files):
    """What a model of these files is called: a server waits for a manifest or check vectors that the last one of a name had."""
    if list(files) == ["model.onnx"]:
        return "m"
    return "f" + "".join(name[0] + name[-4] for name in ("check.json", "model.json", "model.onnx") if name in files)


def named(files, manifest):
    """The files with a manifest that has their name, unless it was changed."""
    files["model.json"] = b""
    if manifest.get("name") == "m":
        manifest["name"] = name_of(files)
    files["model.json"] = json.dumps(manifest).encode()
    return files


def shipped(root, most=400_000):
    """Pairs of a name and files by name."""
    for place in sorted(glob.glob(f"{root}/config/models/*")):
        files = {}
        for name in os.listdir(place):
            path = os.path.join(place, name)
            if os.path.isfile(path) and not name.endswith(".md"):
                with open(path, "rb") as file:
                    files[name] = file.read()
        if sum(map(len, files.values())) < most:
            yield os.path.basename(place), files


def drawn(known, random):
    """A Specimen without a graph, and its files."""
    name, files = random.choice(known)
    files = dict(files)
    specimen = Specimen(None, {}, f"folder {name}")
    manifest = json.loads(files["model.json"])
    manifest["name"] = "m"
    for _ in range(random.choice([0, 1, 1, 2, 3, 5])):
        change(manifest, random, specimen.log)
    if random.random() < 0.8:
        # Else nearly every change ends at the check vectors.
        files.pop("check.json", None)
    else:
        spoil_document(files, "check.json", random)
    for other in ("vocabulary.json", "model.safetensors"):
        if random.random() < 0.2 and other in files:
            spoil_document(files, other, random)
    files = named(files, manifest)
    if random.random() < 0.03:
        files.pop(random.choice(sorted(files)))
    return specimen, files


def beside(content, specimen, random):
    """An ONNX file's folder with a manifest that says what it cannot."""
    ports = [port.name for port in specimen.graph.input] or ["x"]
    made = [port.name for port in specimen.graph.output] or ["y"]
    manifest = {"name": "m", "task": random.choice(["tensors", "image-classification", "next-symbol", "image-features", "sequence-classification", "series-classification"])}
    if random.random() < 0.5:
        manifest["states"] = {random.choice(ports): random.choice(made) for _ in range(random.choice([1, 2]))}
    if random.random() < 0.6:
        manifest["input"] = {"name": random.choice(ports), "channels": random.choice([1, 3]), "height": random.choice([None, 8]), "width": random.choice([None, 8])}
    if random.random() < 0.3:
        manifest["input"] = {"name": random.choice(ports), "vocabulary": "vocabulary.json"}
    if random.random() < 0.5:
        manifest["outputs"] = [random.choice(made)]
    if random.random() < 0.3:
        manifest["numerics"] = random.choice(["fast", "precise"])
    for _ in range(random.choice([0, 0, 1, 2])):
        change(manifest, random, specimen.log)
    files = {"model.onnx": content, "vocabulary.json": b'["a","b","c"]', "labels.txt": b"a\nb\nc\n"}
    if random.random() < 0.1:
        files["check.json"] = json.dumps({"cases": [{"inputs": {ports[0]: [integer(random)]}, "outputs": {made[0]: [1.0]}}]}).encode()
    return named(files, manifest)


def spoil_document(files, name, random):
    content = files[name]
    if name.endswith(".json") and random.random() < 0.8:
        document = json.loads(content)
        change(document, random, [])
        files[name] = json.dumps(document).encode()
        return
    if name.endswith(".safetensors") and random.random() < 0.8:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8:8 + size])
        change(header, random, [])
        made = json.dumps(header).encode()
        size = len(made) if random.random() < 0.9 else integer(random) % 2**64
        files[name] = size.to_bytes(8, "little") + made + content[8 + int.from_bytes(content[:8], "little"):]
        return
    spoiled = bytearray(content)
    for _ in range(random.choice([1, 3])):
        spoiled[random.randrange(len(spoiled))] = random.randrange(256)
    files[name] = bytes(spoiled[: random.choice([len(spoiled), random.randrange(len(spoiled))])])


def change(document, random, log):
    """One value somewhere in a document: another, gone, twice, or of another kind."""
    places = list(walk(document))
    if not places:
        return
    parent, key = random.choice(places)
    kind, value = random.random(), parent[key]
    log.append(f"{key}")
    if kind < 0.55:
        parent[key] = like(value, random)
    elif kind < 0.7:
        parent[key] = random.choice([None, True, [], {}, "", 0, -1, [[]], integer(random), random.choice(WORDS), [integer(random)], [1, 1], [3, 3, 3, 3]])
    elif kind < 0.8:
        del parent[key]
    elif isinstance(parent, list):
        parent.insert(key, copy.deepcopy(random.choice(parent)))
    else:
        extra = random.choice(["stride", "strides", "padding", "dilations", "groups", "group", "kernel", "axis", "units", "hidden", "channels", "perm", "shape",
                               "direction", "returns", "tile", "connections", "from", "inputs", "unfold", "alpha", "ceil_mode", "pads", "p", "activation", "weights", "scales", "size"])
        parent[extra] = random.choice([integer(random), [integer(random)] * 2, random.choice(WORDS), 1, 2, [2, 2]])


def walk(value):
    """Pairs of a list or object and a key of it."""
    keys = value.keys() if isinstance(value, dict) else range(min(len(value), 40)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from walk(value[key])


def like(value, random):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return integer(random)
    if isinstance(value, float):
        return random.choice([number for number in FLOATS if abs(number) < 1e301])
    if isinstance(value, str):
        return random.choice(WORDS)
    if isinstance(value, list) and value:
        return [like(item, random) if random.random() < 0.5 else item for item in value][: random.choice([len(value), len(value), 0, 1])] * random.choice([1, 1, 2])
    return random.choice(WORDS)
