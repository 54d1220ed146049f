"""KServe's inference client over HTTP against a running server: ADDRESS."""

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

from checks import Checks

url = f"http://{sys.argv[1]}"
check = Checks("kserve")
images = np.random.default_rng(7).standard_normal((2, 1, 28, 28)).astype(np.float32)


def client(protocol):
    return InferenceRESTClient(RESTConfig(protocol=protocol, retries=0, timeout=30))


async def infer(binary):
    tensor = InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images, binary_data=binary)
    request = InferRequest(model_name="fashion", infer_inputs=[tensor])
    response = await client("v2").infer(url, request, model_name="fashion")
    return response.outputs[0].as_numpy()


@check("the server and its models are live and ready")
def _():
    async def ask():
        assert await client("v2").is_server_live(url) is True
        assert await client("v2").is_server_ready(url) is True
        assert await client("v2").is_model_ready(url, "fashion") is True

    asyncio.run(ask())


@check("JSON and binary tensors give the same numbers")
def _():
    answers = [asyncio.run(infer(binary)) for binary in (False, True)]
    assert answers[0].shape == (2, 10)
    np.testing.assert_allclose(answers[0].sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(answers[0], answers[1])


@check("the first protocol predicts the same")
def _():
    answer = asyncio.run(
        client("v1").infer(url, {"instances": images.tolist()}, model_name="fashion")
    )
    second = asyncio.run(infer(True))
    np.testing.assert_allclose(np.array(answer["predictions"]), second, rtol=1e-6)


check.finish()
