"""tritonclient over HTTP against a running server: ADDRESS, and the folder of models that it watches."""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
import requests
import tritonclient.http as http
from onnx import TensorProto, helper, numpy_helper
from tritonclient.utils import InferenceServerException

from checks import Checks

address, folder = sys.argv[1], sys.argv[2]
client = http.InferenceServerClient(address, concurrency=4)
check = Checks("tritonclient")
random = np.random.default_rng(7)
images = random.standard_normal((3, 1, 28, 28)).astype(np.float32)


def infer(model, arrays, outputs=None, binary=(True, True), classes=0, **options):
    """Outputs by name; `binary` says how inputs and outputs travel."""
    inputs = []
    for name, array, datatype in arrays:
        tensor = http.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array, binary_data=binary[0])
        inputs.append(tensor)
    wishes = None
    if outputs:
        wishes = [
            http.InferRequestedOutput(name, binary_data=binary[1], class_count=classes)
            for name in outputs
        ]
    result = client.infer(model, inputs, outputs=wishes, **options)
    names = [output["name"] for output in result.get_response()["outputs"]]
    return {name: result.as_numpy(name) for name in names}, result.get_response()


def fashion(array=images, **options):
    return infer("fashion", [("image", array, "FP32")], ["probabilities"], **options)[0]["probabilities"]


def refused(status, function):
    try:
        function()
    except InferenceServerException as error:
        assert error.status() == str(status), f"{error.status()}: {error.message()}"
        return error.message()
    raise AssertionError("nothing was refused")


expected = fashion()


@check("the server is live, ready and says what it speaks")
def _():
    assert client.is_server_live() and client.is_server_ready()
    metadata = client.get_server_metadata()
    assert metadata["name"] == "striate" and "binary_tensor_data" in metadata["extensions"]


@check("a model's metadata and configuration are read")
def _():
    assert client.is_model_ready("fashion") and client.is_model_ready("fashion", "2")
    assert not client.is_model_ready("none")
    metadata = client.get_model_metadata("fashion")
    assert metadata["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 1, 28, 28]}]
    configuration = client.get_model_config("fashion")
    assert configuration["input"][0]["dims"] == [1, 28, 28] and configuration["max_batch_size"] > 0


@check("JSON and binary tensors give the same numbers in any mix")
def _():
    assert expected.shape == (3, 10) and np.allclose(expected.sum(1), 1, atol=1e-5)
    for binary in [(True, True), (True, False), (False, True), (False, False)]:
        np.testing.assert_array_equal(fashion(binary=binary), expected)
    everything, response = infer("fashion", [("image", images, "FP32")], request_id="r-7")
    np.testing.assert_array_equal(everything["probabilities"], expected)
    assert response["id"] == "r-7" and response["model_version"] == "2"


@check("bodies are compressed both ways")
def _():
    for request in (None, "gzip", "deflate"):
        for response in (None, "gzip", "deflate"):
            for binary in [(True, True), (False, False)]:
                answer = fashion(
                    binary=binary,
                    request_compression_algorithm=request,
                    response_compression_algorithm=response,
                )
                np.testing.assert_array_equal(answer, expected)


@check("any layer is an output, and several come in the order asked for")
def _():
    answer, response = infer("fashion", [("image", images, "FP32")], ["pool1", "logits"])
    assert [output["name"] for output in response["outputs"]] == ["pool1", "logits"]
    assert answer["pool1"].shape == (3, 32, 14, 14) and answer["logits"].shape == (3, 10)


@check("classes come as value, index and label")
def _():
    for binary in (True, False):
        answer = fashion(binary=(True, binary), classes=2)
        assert answer.shape == (3, 2)
        value, index, label = np.asarray(answer)[0, 0].decode().split(":") if isinstance(
            np.asarray(answer)[0, 0], bytes
        ) else str(np.asarray(answer)[0, 0]).split(":")
        assert int(index) == expected[0].argmax() and abs(float(value) - expected[0].max()) < 1e-6
        assert label


@check("pictures are sent as BYTES")
def _():
    with open(os.path.join(folder, "fashion/examples/shirt.png"), "rb") as file:
        pictures = np.array([file.read()] * 2, dtype=object)
    answer = infer("fashion", [("image", pictures, "BYTES")])[0]["probabilities"]
    assert answer.shape == (2, 10) and answer[0].max() > 0.5


@check("sequences keep their state on the server, by number and by name")
def _():
    def step(tokens, **options):
        array = np.array(tokens, dtype=np.int64).reshape(-1, 1)
        return infer("scripture-lstm", [("tokens", array, "INT64")], **options)[0]["probabilities"]

    whole = step([5, 9, 13, 2])
    parts = [
        step([5, 9], sequence_id=42, sequence_start=True),
        step([13], sequence_id=42),
        step([2], sequence_id=42, sequence_end=True),
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    first = step([5], sequence_id="a", sequence_start=True)
    second = step([9, 13, 2], sequence_id="a", sequence_end=True)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    refused(400, lambda: step([2], sequence_id=42))


@check("priority and timeout are taken; a deadline that passed is 504")
def _():
    np.testing.assert_array_equal(fashion(priority=1, timeout=5_000_000), expected)
    refused(504, lambda: fashion(timeout=1))


@check("32 requests run at once")
def _():
    tensor = http.InferInput("image", [3, 1, 28, 28], "FP32")
    tensor.set_data_from_numpy(images)
    waiting = [client.async_infer("fashion", [tensor]) for _ in range(32)]
    for request in waiting:
        np.testing.assert_array_equal(request.get_result().as_numpy("probabilities"), expected)


@check("mistakes are refused with the model's signature")
def _():
    wide = images.reshape(3, 28, 28, 1)
    assert "FP32 [-1, 1, 28, 28]" in refused(400, lambda: fashion(wide))
    refused(400, lambda: infer("fashion", [("image", images.astype(np.int64), "INT64")]))
    refused(400, lambda: infer("fashion", [("picture", images, "FP32")]))
    refused(400, lambda: infer("fashion", [("image", images, "FP32")], ["nothing"]))
    refused(404, lambda: infer("none", [("image", images, "FP32")]))


@check("statistics count what was computed")
def _():
    before = client.get_inference_statistics("fashion")["model_stats"][0]
    fashion()
    after = client.get_inference_statistics("fashion")["model_stats"][0]
    assert after["inference_count"] == before["inference_count"] + 3
    assert after["execution_count"] == before["execution_count"] + 1
    assert after["inference_stats"]["compute_infer"]["ns"] > before["inference_stats"]["compute_infer"]["ns"]
    assert len(client.get_inference_statistics()["model_stats"]) >= 3


@check("models are unloaded, loaded and listed")
def _():
    def states():
        return {row["name"]: row["state"] for row in client.get_model_repository_index()}

    assert states()["brackets"] == "READY"
    client.unload_model("brackets")
    assert states()["brackets"] == "UNAVAILABLE" and not client.is_model_ready("brackets")
    client.load_model("brackets")
    assert states()["brackets"] == "READY" and client.is_model_ready("brackets")
    refused(404, lambda: client.load_model("none"))


def put(name, model):
    """Writes a model as a whole, so that the server never sees a part of it; returns onnxruntime's session."""
    place = os.path.join(folder, name, "1")
    os.makedirs(place, exist_ok=True)
    content = model.SerializeToString()
    with open(os.path.join(place, "model.onnx.part"), "wb") as file:
        file.write(content)
    os.replace(os.path.join(place, "model.onnx.part"), os.path.join(place, "model.onnx"))
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def graph(nodes, inputs, outputs, initializers):
    def ports(named):
        return [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in named]

    tensors = [numpy_helper.from_array(array, name) for name, array in initializers.items()]
    return helper.make_model(
        helper.make_graph(nodes, "graph", ports(inputs), ports(outputs), tensors),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )


def weights(*shape):
    return (random.standard_normal(shape) / 4).astype(np.float32)


@check("an ONNX file of convolutions answers what onnxruntime does")
def _():
    session = put(
        "convolutions",
        graph(
            [
                helper.make_node("Conv", ["x", "W"], ["c"], pads=[1, 1, 1, 1]),
                helper.make_node("Relu", ["c"], ["r"]),
                helper.make_node("GlobalAveragePool", ["r"], ["g"]),
                helper.make_node("Flatten", ["g"], ["f"]),
                helper.make_node("Gemm", ["f", "V"], ["y"]),
            ],
            [("x", TensorProto.FLOAT, ["batch", 3, 16, 16])],
            [("y", TensorProto.FLOAT, ["batch", 5])],
            {"W": weights(8, 3, 3, 3), "V": weights(8, 5)},
        ),
    )
    client.load_model("convolutions")
    assert client.get_model_metadata("convolutions")["inputs"][0]["shape"] == [-1, 3, 16, 16]
    x = random.standard_normal((4, 3, 16, 16)).astype(np.float32)
    want = session.run(None, {"x": x})[0]
    for binary in [(True, True), (False, False)]:
        got = infer("convolutions", [("x", x, "FP32")], ["y"], binary)[0]["y"]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@check("an ONNX file of an LSTM answers what onnxruntime does")
def _():
    session = put(
        "recurrent",
        graph(
            [helper.make_node("LSTM", ["x", "W", "R"], ["y", "h", "c"], hidden_size=6)],
            [("x", TensorProto.FLOAT, ["steps", "batch", 4])],
            [("y", TensorProto.FLOAT, ["steps", 1, "batch", 6]), ("h", TensorProto.FLOAT, [1, "batch", 6])],
            {"W": weights(1, 24, 4), "R": weights(1, 24, 6)},
        ),
    )
    client.load_model("recurrent")
    x = random.standard_normal((7, 2, 4)).astype(np.float32)
    answer = infer("recurrent", [("x", x, "FP32")])[0]
    for name, want in zip(["y", "h"], session.run(["y", "h"], {"x": x})):
        np.testing.assert_allclose(answer[name], want, rtol=1e-4, atol=1e-5)


@check("ONNX files of every datatype give back what they are given")
def _():
    types = [
        ("BOOL", TensorProto.BOOL, np.array([[True, False]])),
        ("UINT8", TensorProto.UINT8, np.array([[0, 255]], np.uint8)),
        ("INT8", TensorProto.INT8, np.array([[-128, 127]], np.int8)),
        ("INT32", TensorProto.INT32, np.array([[-(2**31), 2**31 - 1]], np.int32)),
        ("INT64", TensorProto.INT64, np.array([[-(2**63), 2**63 - 1]], np.int64)),
        ("UINT64", TensorProto.UINT64, np.array([[0, 2**64 - 1]], np.uint64)),
        ("FP16", TensorProto.FLOAT16, np.array([[1.5, -65504]], np.float16)),
        ("FP64", TensorProto.DOUBLE, np.array([[0.1, -1e300]], np.float64)),
        ("BYTES", TensorProto.STRING, np.array([["ab", "ü"]], object)),
    ]
    for datatype, kind, array in types:
        name = f"identity-{datatype.lower()}"
        put(
            name,
            graph(
                [helper.make_node("Identity", ["x"], ["y"])],
                [("x", kind, ["batch", 2])],
                [("y", kind, ["batch", 2])],
                {},
            ),
        )
        client.load_model(name)
        for binary in [(True, True), (False, False)]:
            if datatype == "FP16" and not binary[0]:
                continue  # The client itself has no JSON form for it.
            got = infer(name, [("x", array, datatype)], ["y"], binary)[0]["y"]
            if datatype == "BYTES":
                texts = [item.decode() if isinstance(item, bytes) else str(item) for item in got.flat]
                assert texts == list(array.flat), texts
            else:
                np.testing.assert_array_equal(got, array)


@check("NaN and infinities travel as JSON, both ways, by tritonclient and by requests")
def _():
    values = [np.nan, np.inf, -np.inf, 0.5]
    for kind, datatype, type in [
        (TensorProto.FLOAT, "FP32", np.float32),
        (TensorProto.DOUBLE, "FP64", np.float64),
    ]:
        name = f"unusual-{datatype.lower()}"
        node = helper.make_node("Identity", ["x"], ["y"])
        put(name, graph([node], [("x", kind, ["batch"])], [("y", kind, ["batch"])], {}))
        client.load_model(name)
        array = np.array(values, type)
        for binary in [(True, True), (False, False), (True, False), (False, True)]:
            got = infer(name, [("x", array, datatype)], ["y"], binary)[0]["y"]
            np.testing.assert_array_equal(got, array)
        # requests refuses to write what JSON does not have; json, which most call themselves, does write it.
        body = {"inputs": [{"name": "x", "shape": [4], "datatype": datatype, "data": values}]}
        answer = requests.post(f"http://{address}/v2/models/{name}/infer", data=json.dumps(body))
        np.testing.assert_array_equal(np.array(answer.json()["outputs"][0]["data"], type), array)
        answer = requests.post(
            f"http://{address}/v1/models/{name}:predict", data=json.dumps({"instances": values})
        )
        np.testing.assert_array_equal(np.array(answer.json()["predictions"], type), array)


@check("a half beyond 65504 in JSON is refused, a small one is kept")
def _():
    def ask(value):
        tensor = {"name": "x", "shape": [1, 2], "datatype": "FP16", "data": [value, 1]}
        return requests.post(f"http://{address}/v2/models/identity-fp16/infer", json={"inputs": [tensor]})

    assert ask(70000).status_code == 400
    small = ask(1 / 70000).json()["outputs"][0]["data"][0]
    assert small == np.float16(1 / 70000), small


check.finish()
