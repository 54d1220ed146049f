"""Holds /openapi.json against its specification, makes a client of it, checks the client's types, and uses it.

openapi.test.py ADDRESS MODELS
"""

import importlib
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from openapi_spec_validator import validate

ADDRESS, MODELS = sys.argv[1], pathlib.Path(sys.argv[2])
METHODS = {"get", "post", "put", "delete", "patch", "head", "options", "trace"}


def read_document():
    with urllib.request.urlopen(f"http://{ADDRESS}/openapi.json") as answer:
        return json.load(answer)


def check_document(document):
    """The specification, and what it does not ask for: names, words, tags and errors everywhere."""
    validate(document)
    tags = {tag["name"] for tag in document["tags"]}
    identifiers = set()
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            operation, where = item[method], f"{method} {path}"
            assert operation["operationId"] not in identifiers, where
            identifiers.add(operation["operationId"])
            assert operation["summary"] and operation["description"], where
            assert operation["tags"] and set(operation["tags"]) <= tags, where
            errors = [status for status in operation["responses"] if status >= "400"]
            assert errors, where
            for status in errors:
                assert "`" in operation["responses"][status]["description"], f"{where} {status}"
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content and method == "post" and path.startswith("/models"):
                assert "example" in content["application/json"], where
    return len(identifiers)


def make_client(document, folder):
    """Generates a client's package, without a complaint, and checks its types."""
    (folder / "openapi.json").write_text(json.dumps(document))
    # Files whose kind the generator does not know are bytes like others.
    overrides = {
        kind: "application/octet-stream"
        for kind in ["image/png", "image/jpeg", "application/x-npy"]
    }
    (folder / "config.json").write_text(json.dumps({"content_type_overrides": overrides}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", "openapi.json", "--config", "config.json", "--output-path", "client"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    said = made.stdout + made.stderr
    assert made.returncode == 0, said
    skipped = [line for line in said.splitlines() if "will not be generated" in line]
    assert not skipped, said
    # 3.10 is what the client itself asks for.
    types = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "client"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert types.returncode == 0, types.stdout


def use_client(folder):
    sys.path.insert(0, str(folder))
    client = importlib.import_module("client").Client(base_url=f"http://{ADDRESS}")
    load = importlib.import_module

    classify = load("client.api.models.post_model_classify")
    file = load("client.types").File
    with open(MODELS / "fashion/examples/shirt.png", "rb") as picture:
        answer = classify.sync("fashion", client=client, body=file(payload=picture), top=3)
    labels = [entry.label for entry in answer.predictions]
    assert labels[0] == "Shirt" and len(labels) == 3, labels

    models = load("client.models")
    infer = load("client.api.open_inference.post_v2_model_infer")
    words = "In the"
    vocabulary = json.loads((MODELS / "scripture-lstm/vocabulary.json").read_text())
    tokens = [vocabulary.index(letter) for letter in words]
    body = models.InferRequest.from_dict(
        {
            "inputs": [
                {"name": "tokens", "datatype": "INT64", "shape": [len(tokens), 1], "data": tokens}
            ]
        }
    )
    answer = infer.sync("scripture-lstm", client=client, body=body)
    assert answer.outputs[0].shape[0] == len(tokens), answer.outputs[0].shape

    generate = load("client.api.models.post_model_generate")
    body = models.GenerationRequest(text=words, length=12, seed=7)
    answer = generate.sync("scripture-lstm", client=client, body=body)
    assert len(answer.tokens) == 12 and answer.seed == 7, answer

    error = classify.sync("nothing", client=client, body=models.ClassificationRequest(text="a"))
    assert error.code == "unknown_model", error


def main():
    document = read_document()
    count = check_document(document)
    with tempfile.TemporaryDirectory() as name:
        make_client(document, pathlib.Path(name))
        use_client(pathlib.Path(name))
    print(f"openapi: {count} operations are valid; a client of them has types, classifies, infers and generates")


main()
