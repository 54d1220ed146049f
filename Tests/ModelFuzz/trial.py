"""One model's way through the server: loaded, looked at, asked, and unloaded."""

import json
import os
import shutil

import numpy as np

import requests
import tensors
from folders import name_of
from server import Fault

# What may be answered beside successes and 4xx: a limit, the end of patience, a result that is not finite.
STATUSES = {503, 504, 507}
CODES = {"non_finite_result", "load_failed"}


class Trial:
    """What was asked is kept, so that it can be asked again."""

    def __init__(self, server, files):
        self.server, self.files, self.name = server, files, name_of(files)
        self.asked = []
        self.is_loaded = False
        self.status = None

    def ask(self, method, path, body=b"", headers=()):
        status, answer = self.server.ask(method, path, body, headers)
        if status >= 500 and status not in STATUSES and code(answer) not in CODES:
            raise Fault("STATUS", f"{status} {answer[:300].decode('utf-8', 'replace')}")
        return status, answer

    def load(self):
        lay(self.server.models, self.name, self.files)
        self.status, self.answer = self.ask("POST", f"/v2/repository/models/{self.name}/load", b"{}")
        self.is_loaded = self.status == 200
        return self.is_loaded

    def ports(self):
        status, answer = self.ask("GET", f"/v2/models/{self.name}")
        return json.loads(answer).get("inputs", []) if status == 200 else []

    def infer(self, arrays, outputs=None, as_text=False, extra=None):
        self.asked.append({"infer": arrays, "outputs": outputs, "as_text": as_text, "extra": extra})
        body, headers = message(arrays, outputs, as_text, extra)
        return self.ask("POST", f"/v2/models/{self.name}/infer", body, headers)[0]

    def leave(self, arrays):
        """An infer request whose client goes before the answer comes."""
        self.asked.append({"leave": arrays})
        body, headers = message(arrays, None, False, None)
        self.server.send_aside("POST", f"/v2/models/{self.name}/infer", body, headers).close()

    def infer_meanwhile(self, arrays):
        """An infer request, while the model goes and comes."""
        self.asked.append({"meanwhile": arrays})
        body, headers = message(arrays, None, False, None)
        aside = self.server.send_aside("POST", f"/v2/models/{self.name}/infer", body, headers)
        self.unload()
        self.load()
        aside.close()

    def get(self, path):
        self.asked.append({"get": path})
        return self.ask("GET", f"/models/{self.name}{path}")[0]

    def post(self, path, body):
        self.asked.append({"post": path, "body": body})
        return self.ask("POST", f"/models/{self.name}{path}", body.encode())[0]

    def predict(self, body):
        self.asked.append({"predict": body})
        return self.ask("POST", f"/v1/models/{self.name}:predict", body.encode())[0]

    def unload(self):
        if self.is_loaded:
            self.ask("POST", f"/v2/repository/models/{self.name}/unload", b"{}")
            self.is_loaded = False

    def repeat(self, asked):
        for entry in asked:
            if "infer" in entry:
                self.infer(entry["infer"], entry["outputs"], entry["as_text"], entry.get("extra"))
            elif "get" in entry:
                self.get(entry["get"])
            elif "leave" in entry:
                self.leave(entry["leave"])
            elif "meanwhile" in entry:
                self.infer_meanwhile(entry["meanwhile"])
            elif "predict" in entry:
                self.predict(entry["predict"])
            else:
                self.post(entry["post"], entry["body"])


def lay(models, name, files):
    """An ONNX file alone lies in the models' folder itself; several files in a folder of the model's."""
    place = os.path.join(models, name)
    if os.path.exists(place):
        shutil.rmtree(place)
    if os.path.exists(place + ".onnx"):
        os.remove(place + ".onnx")
    if list(files) == ["model.onnx"]:
        with open(place + ".onnx", "wb") as file:
            file.write(files["model.onnx"])
        return
    os.mkdir(place)
    for file_name, content in files.items():
        with open(os.path.join(place, file_name), "wb") as file:
            file.write(content)


def code(answer):
    try:
        return json.loads(answer).get("code")
    except (ValueError, AttributeError):
        return None


def message(arrays, outputs, as_text, extra):
    """Body and headers of an infer request; tensors in JSON or binary."""
    heads, tail = [], []
    for name, value, shape in arrays:
        head = {"name": name, "shape": list(shape), "datatype": word(value)}
        if as_text and value.dtype.kind not in "OSU":
            head["data"] = plain(value)
        else:
            data = binary(value)
            head["parameters"] = {"binary_data_size": len(data)}
            tail.append(data)
        heads.append(head)
    document = {"inputs": heads}
    if outputs is not None:
        document["outputs"] = [{"name": name, "parameters": {"binary_data": True}} for name in outputs]
    elif not as_text:
        document["parameters"] = {"binary_data_output": True}
    head = json.dumps({**document, **(extra or {})}).encode()
    return b"".join([head, *tail]), (f"Inference-Header-Content-Length: {len(head)}",)


def word(value):
    return "BYTES" if value.dtype.kind in "OSU" else tensors.WORDS.get(str(value.dtype), "FP32")


def plain(value):
    """Numbers as JSON has them; NaN stays NaN, as the reference clients write it."""
    flat = value.reshape(-1)
    return flat.tolist() if flat.dtype.kind in "biu" else flat.astype(np.float64).tolist()


def binary(value):
    if value.dtype.kind not in "OSU":
        return np.ascontiguousarray(value).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in value.reshape(-1)]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def attempt(server, specimen, files, random):
    """A trial that went well; a Fault brings its trial along."""
    trial = Trial(server, files)
    try:
        server.begin()
        if trial.load():
            requests.ask_around(trial, specimen, random)
        trial.unload()
        server.end()
    except Fault as fault:
        fault.trial = trial
        raise
    return trial
