"""Writes small cases of onnxruntime's own operators, answered by onnxruntime, in the form of Tests/OnnxCases: FOLDER."""

import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"
random = np.random.default_rng(13)


def floats(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32)


def cases():
    """Name, operator, domain, inputs (None is left out; those named first are constants), outputs, attributes."""
    x, w, b = floats(1, 3, 5, 5), floats(4, 3, 3, 3), floats(4)
    pads = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
    for name, parameters in [
        ("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.2]), ("Clip", [-0.3, 0.4]),
        ("HardSigmoid", [0.3, 0.4]),
    ]:
        more = {"activation_params": parameters} if parameters else {}
        yield f"fusedconv_{name}", "FusedConv", MS, [x, w, b], 1, {"activation": name, **more, **pads}
    yield "fusedconv_sum", "FusedConv", MS, [x, w, b, floats(1, 4, 5, 5)], 1, {"activation": "Relu", **pads}
    a, c = floats(2, 3, 4, 5), floats(2, 3, 5, 2)
    yield "fusedmatmul", "FusedMatMul", MS, [a, c], 1, {"alpha": 0.5}
    turned = a.swapaxes(2, 3).copy()
    yield "fusedmatmul_trans_a", "FusedMatMul", MS, [turned, c], 1, {"transA": 1, "alpha": 0.5}
    other = c.swapaxes(2, 3).copy()
    yield "fusedmatmul_trans_b", "FusedMatMul", MS, [a, other], 1, {"transB": 1}
    yield "fusedmatmul_trans_both", "FusedMatMul", MS, [turned, other], 1, {"transA": 1, "transB": 1, "alpha": 2.0}
    gemm = [floats(3, 4), floats(4, 5), floats(5)]
    yield "fusedgemm", "FusedGemm", MS, gemm, 1, {"activation": "Relu", "alpha": 0.5}
    yield "fusedgemm_leaky", "FusedGemm", MS, gemm, 1, {"activation": "LeakyRelu", "activation_alpha": 0.1}
    rows = 3 * floats(2, 3, 8)
    yield "gelu", "Gelu", MS, [rows], 1, {}
    yield "biasgelu", "BiasGelu", MS, [rows, floats(8)], 1, {}
    yield "fastgelu", "FastGelu", MS, [rows, floats(8)], 1, {}
    yield "fastgelu_alone", "FastGelu", MS, [rows], 1, {}
    yield "quickgelu", "QuickGelu", MS, [rows], 1, {}
    yield "quickgelu_silu", "QuickGelu", MS, [rows], 1, {"alpha": 1.0}
    skip, gamma, beta, bias = floats(2, 3, 8), floats(8), floats(8), floats(8)
    yield "skiplayernorm", "SkipLayerNormalization", MS, [rows, skip, gamma, beta, bias], (1, 0, 0, 1), {"epsilon": 1e-5}
    yield "skiplayernorm_plain", "SkipLayerNormalization", MS, [rows, skip, gamma], 1, {}
    yield "skipsimplified", "SkipSimplifiedLayerNormalization", MS, [rows, skip, gamma], (1, 0, 0, 1), {"epsilon": 1e-6}
    yield "simplified", "SimplifiedLayerNormalization", "", [rows, gamma], 1, {"epsilon": 1e-6}
    ids = random.integers(0, 6, (2, 3)).astype(np.int32)
    segments = random.integers(0, 2, (2, 3)).astype(np.int32)
    tables = [floats(6, 8), floats(4, 8), floats(2, 8)]
    yield "embedlayernorm", "EmbedLayerNormalization", MS, [ids, segments, *tables, gamma, beta], (1, 0), {}
    words = np.array([[1, 1, 0], [1, 1, 1]], dtype=np.int32)
    yield "embedlayernorm_mask", "EmbedLayerNormalization", MS, [ids, segments, *tables, gamma, beta, words], (1, 1), {}
    qkv = [floats(2, 3, 8), floats(2, 4, 8), floats(2, 4, 8)]
    yield "multiheadattention", "MultiHeadAttention", MS, qkv, 1, {"num_heads": 2}
    keys = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], dtype=np.int32)
    yield "multiheadattention_mask", "MultiHeadAttention", MS, [*qkv, floats(24), keys], 1, {"num_heads": 2}
    added = floats(2, 2, 3, 4)
    yield "multiheadattention_added", "MultiHeadAttention", MS, [*qkv, None, None, added], 1, {"num_heads": 2}
    own = [floats(2, 3, 8), floats(8, 24), floats(24)]
    yield "attention", "Attention", MS, own, 1, {"num_heads": 2}
    mask = np.array([[1, 1, 0], [1, 1, 1]], dtype=np.int32)
    yield "attention_mask", "Attention", MS, [*own, mask], 1, {"num_heads": 2}
    yield "attention_causal", "Attention", MS, own, 1, {"num_heads": 2, "unidirectional": 1}
    grid = floats(1, 4, 4, 2) * 1.2
    for mode in ["bilinear", "nearest", "bicubic"]:
        for padding in ["zeros", "border", "reflection"]:
            yield f"gridsample_{mode}_{padding}", "GridSample", MS, [x, grid], 1, {"mode": mode, "padding_mode": padding}
    yield "inverse", "Inverse", MS, [floats(2, 3, 3)], 1, {}
    boxes = np.array([[0.1, 0.2, 0.9, 0.7], [-0.2, 0, 1.3, 1]], dtype=np.float32)
    crop = [x, boxes, np.zeros(2, np.int32), np.array([3, 4], np.int32)]
    yield "cropandresize", "CropAndResize", MS, crop, 1, {"extrapolation_value": 0.5}
    yield "cropandresize_nearest", "CropAndResize", MS, crop, 1, {"mode": "nearest"}
    bytes_ = random.integers(0, 255, (1, 5, 5, 3)).astype(np.uint8)
    yield "nhwcmaxpool", "NhwcMaxPool", MS, [bytes_], 1, {"kernel_shape": [2, 2], "strides": [2, 2]}
    yield "trilu", "Trilu", MS, [floats(3, 4), np.array(1, np.int64)], 1, {"upper": 0}
    scale, zero = np.array(0.02, np.float32), np.array(120, np.uint8)
    one, two = (random.integers(0, 255, (1, 3, 4, 4)).astype(np.uint8) for _ in range(2))
    double = np.array(0.05, np.float32)
    for name in ["Add", "Mul"]:
        yield f"qlinear{name}", f"QLinear{name}", MS, [one, scale, zero, two, scale, zero, double, zero], 1, {}
    yield "qlinearsigmoid", "QLinearSigmoid", MS, [one, scale, zero, np.array(1 / 256, np.float32), np.array(0, np.uint8)], 1, {}
    yield "qlinearleakyrelu", "QLinearLeakyRelu", MS, [one, scale, zero, scale, zero], 1, {"alpha": 0.1}
    yield "qlinearglobalpool", "QLinearGlobalAveragePool", MS, [one, scale, zero, scale, zero], 1, {"channels_last": 0}
    yield "qlinearaveragepool", "QLinearAveragePool", MS, [one, scale, zero, scale, zero], 1, {"kernel_shape": [3, 3]}
    yield "qlinearconcat", "QLinearConcat", MS, [scale, zero, one, scale, zero, two, double, zero], 1, {"axis": 1}
    yield "qlinearsoftmax", "QLinearSoftmax", MS, [one, scale, zero, np.array(1 / 256, np.float32), np.array(0, np.uint8)], 1, {"axis": -1, "opset": 13}
    left, right = random.integers(0, 255, (3, 4)).astype(np.uint8), random.integers(0, 255, (4, 5)).astype(np.uint8)
    steps = [scale, zero, right, double, zero, random.integers(-99, 99, 5).astype(np.int32)]
    yield "qgemm", "QGemm", MS, [left, *steps], 1, {"alpha": 0.5}
    yield "qgemm_quantized", "QGemm", MS, [left, *steps, np.array(0.1, np.float32), zero], 1, {}
    yield "matmulintegertofloat", "MatMulIntegerToFloat", MS, [left, right, scale, double, zero, zero, floats(5)], 1, {}
    yield "dynamicquantizematmul", "DynamicQuantizeMatMul", MS, [floats(3, 4), right, double, zero, floats(5)], 1, {}
    rois = np.array([[0, 0, 0, 3, 3], [0, 1, 2, 4, 4]], dtype=np.float32)
    yield "maxroipool", "MaxRoiPool", "", [x, rois], 1, {"pooled_shape": [2, 2], "spatial_scale": 1.0}
    for norm in ["MAX", "L1", "L2"]:
        yield f"ml_normalizer_{norm}", "Normalizer", "ai.onnx.ml", [floats(3, 4)], 1, {"norm": norm}
    yield "ml_scaler", "Scaler", "ai.onnx.ml", [floats(3, 4)], 1, {"offset": [0.1, 0.2, 0.3, 0.4], "scale": [1.0, 2.0, 3.0, 4.0]}
    texts = np.array([["cat", "dog"], ["cow", "dog"]], dtype=object)
    yield "ml_labels", "LabelEncoder", "ai.onnx.ml", [texts], 1, {
        "keys_strings": ["cat", "dog"], "values_int64s": [3, 5], "default_int64": 7}


def write(folder, case):
    name, op, domain, inputs, outputs, attributes = case
    outputs = (1,) * outputs if isinstance(outputs, int) else outputs
    names = ["" if value is None else f"i{index}" for index, value in enumerate(inputs)]
    results = [f"o{index}" if wanted else "" for index, wanted in enumerate(outputs)]
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    given = {name: value for name, value in zip(names, inputs) if name}

    def port(name, value):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)

    # onnxruntime tells the types of results.
    anything = [helper.make_empty_tensor_value_info(name) for name in results if name]
    graph = helper.make_graph([node], op, [port(*item) for item in given.items()], anything)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        answers = session.run(None, given)
    except Exception as error:
        print(f"{name}: onnxruntime says {str(error)[:160]}")
        return
    model.graph.ClearField("output")
    model.graph.output.extend(port(name, value) for name, value in zip([n for n in results if n], answers))
    place = os.path.join(folder, f"test_ort_{name.lower()}")
    os.makedirs(f"{place}/test_data_set_0", exist_ok=True)
    onnx.save(model, f"{place}/model.onnx")
    for kind, values in [("input", given.values()), ("output", answers)]:
        for index, value in enumerate(values):
            with open(f"{place}/test_data_set_0/{kind}_{index}.pb", "wb") as file:
                file.write(numpy_helper.from_array(np.asarray(value)).SerializeToString())


for case in cases():
    write(sys.argv[1], case)
