"""The parts of the Open Inference Protocol that the cases need, binary tensors both ways."""

import http.client
import json

import ml_dtypes
import numpy as np

DATATYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "float16": "FP16", "bfloat16": "BF16", "float32": "FP32", "float64": "FP64",
}
TYPES = {word: np.dtype(getattr(ml_dtypes, name, name)) for name, word in DATATYPES.items()}


def datatype(value):
    """The protocol's word for an array's type; None where it has none."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    if value.dtype.kind in "OSU":
        return "BYTES"
    return DATATYPES.get(value.dtype.name)


def texts(value):
    """An array of bytes objects."""
    flat = [x if isinstance(x, bytes) else str(x).encode() for x in np.asarray(value).flat]
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(np.asarray(value).shape)


class Refused(Exception):
    pass


class Client:
    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=120)

    def call(self, path, body=b"{}", headers={}):
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise Refused(json.loads(content)["error"])
        return response, content

    def load(self, name):
        self.call(f"/v2/repository/models/{name}/load")

    def unload(self, name):
        self.call(f"/v2/repository/models/{name}/unload")

    def infer(self, name, inputs, outputs):
        """Arrays for the named outputs."""
        heads, tail = [], b""
        for port, value in inputs:
            word = datatype(value)
            data = pack(texts(value)) if word == "BYTES" else np.asarray(value, order="C").tobytes()
            heads.append({
                "name": port, "shape": list(value.shape), "datatype": word,
                "parameters": {"binary_data_size": len(data)},
            })
            tail += data
        head = json.dumps({
            "inputs": heads,
            "outputs": [{"name": port, "parameters": {"binary_data": True}} for port in outputs],
        }).encode()
        response, content = self.call(
            f"/v2/models/{name}/infer", head + tail, {"Inference-Header-Content-Length": str(len(head))}
        )
        place = int(response.getheader("Inference-Header-Content-Length", len(content)))
        answers = {}
        for output in json.loads(content[:place])["outputs"]:
            size = output["parameters"]["binary_data_size"]
            data, place = content[place:place + size], place + size
            word = output["datatype"]
            flat = unpack(data) if word == "BYTES" else np.frombuffer(data, TYPES[word])
            answers[output["name"]] = flat.reshape(output["shape"])
        return [answers[port] for port in outputs]


def pack(value):
    return b"".join(len(text).to_bytes(4, "little") + text for text in value.flat)


def unpack(data):
    found, place = [], 0
    while place < len(data):
        size = int.from_bytes(data[place:place + 4], "little")
        found.append(data[place + 4:place + 4 + size])
        place += 4 + size
    result = np.empty(len(found), object)
    result[:] = found
    return result
