"""Gemm and MatMul."""

import torch

from case import Case, Numbers

# Name, M, K, N, shape of C, attributes.
GEMMS = [
    ("plain", 3, 5, 4, None, {}),
    ("row-bias", 3, 20, 16, (16,), {}),
    ("row-bias-2d", 4, 16, 33, (1, 33), {}),
    ("full-c", 5, 7, 20, (5, 20), {}),
    ("column-c", 5, 16, 6, (5, 1), {}),
    ("scalar-c", 3, 5, 20, (), {}),
    ("one-c", 3, 5, 20, (1,), {}),
    ("trans-a", 5, 20, 7, (7,), {"transA": 1}),
    ("trans-b", 5, 20, 33, (33,), {"transB": 1}),
    ("trans-both", 20, 5, 16, None, {"transA": 1, "transB": 1}),
    ("alpha", 3, 16, 5, (5,), {"alpha": 0.5}),
    ("beta", 3, 16, 5, (5,), {"beta": -0.25}),
    ("alpha-beta", 4, 33, 5, (4, 1), {"alpha": 1.5, "beta": 2.0, "transB": 1}),
    ("beta-zero", 2, 5, 3, (2, 3), {"beta": 0.0}),
    ("one-row", 1, 33, 20, (20,), {"transB": 1}),
    ("one-row-16", 1, 64, 16, (16,), {"transB": 1}),
    ("one-column", 16, 20, 1, (1,), {}),
    ("one-number", 1, 1, 1, (1,), {}),
    ("tall", 37, 3, 5, (5,), {"transB": 1}),
]

# Name, shapes of both factors.
MATMULS = [
    ("square", (16, 16), (16, 16)),
    ("ragged", (5, 20), (20, 33)),
    ("row", (1, 33), (33, 5)),
    ("column", (20, 5), (5, 1)),
    ("inner", (1, 37), (37, 1)),
    ("outer", (5, 1), (1, 20)),
    ("batch", (3, 4, 5), (3, 5, 6)),
    ("batch-of-batches", (2, 3, 4, 5), (2, 3, 5, 2)),
    ("broadcast-right", (3, 4, 16), (16, 5)),
    ("broadcast-left", (4, 5), (3, 5, 20)),
    ("broadcast-ones", (2, 1, 3, 5), (1, 4, 5, 2)),
]


def cases():
    """All cases of both operators."""
    for name, m, k, n, c_shape, attributes in GEMMS:
        numbers = Numbers(f"Gemm/{name}")
        inputs = {
            "A": numbers.floats(*((k, m) if attributes.get("transA") else (m, k))),
            "B": numbers.floats(*((n, k) if attributes.get("transB") else (k, n))),
        }
        if c_shape is not None:
            inputs["C"] = numbers.floats(*c_shape)
        yield Case("Gemm", name, inputs, {"Y": gemm(*inputs.values(), **attributes)}, attributes)
    for name, left, right in MATMULS:
        numbers = Numbers(f"MatMul/{name}")
        inputs = {"A": numbers.floats(*left), "B": numbers.floats(*right)}
        output = torch.matmul(*map(torch.from_numpy, inputs.values()))
        yield Case("MatMul", name, inputs, {"Y": output.numpy()})


def gemm(a, b, c=None, alpha=1.0, beta=1.0, transA=0, transB=0):
    """alpha A B + beta C, A and B transposed where asked, C broadcast to the product's shape."""
    a, b = torch.from_numpy(a), torch.from_numpy(b)
    product = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return (product if c is None else product + beta * torch.as_tensor(c)).numpy()
