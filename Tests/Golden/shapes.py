"""Operators that move numbers without computing: Flatten, Reshape, Transpose, Gather and OneHot."""

import numpy as np

from case import Case, Numbers


def cases():
    """All cases of the five operators."""
    yield from flatten_cases()
    yield from reshape_cases()
    yield from transpose_cases()
    yield from gather_cases()
    yield from one_hot_cases()


def flatten_cases():
    """Flatten: the axes before `axis` become the rows, the others the columns."""
    for name, shape, attributes in [
        ("default", (2, 5, 3, 4), {}),
        ("axis-0", (2, 3, 4), {"axis": 0}),
        ("axis-1", (2, 20, 2, 3), {"axis": 1}),
        ("axis-1-ragged", (1, 33, 3, 3), {"axis": 1}),
        ("axis-2", (2, 3, 4, 5), {"axis": 2}),
        ("axis-last", (2, 3, 4), {"axis": 3}),
        ("axis-negative", (2, 3, 4), {"axis": -1}),
        ("vector", (5,), {"axis": 0}),
    ]:
        axis = attributes.get("axis", 1)
        axis = axis + len(shape) if axis < 0 else axis
        x = Numbers(f"Flatten/{name}").floats(*shape)
        rows = int(np.prod(shape[:axis], dtype=np.int64))
        yield Case("Flatten", name, {"input": x}, {"output": x.reshape(rows, -1)}, attributes)


def reshape_cases():
    """Reshape: 0 keeps the input's length at that axis, -1 takes what remains."""
    for name, shape, wanted in [
        ("plain", (2, 6), [3, 4]),
        ("more-axes", (24,), [2, 3, 4]),
        ("minus-one", (2, 5, 3), [-1, 3]),
        ("zero", (2, 5, 6), [0, 3, 10]),
        ("zero-and-minus-one", (2, 20, 2, 3), [0, -1]),
        ("two-zeros", (2, 5, 3, 4), [0, 0, -1]),
        ("same", (3, 16), [3, 16]),
        ("ones", (5,), [1, 5, 1, 1]),
        ("to-scalar", (1, 1), []),
    ]:
        x = Numbers(f"Reshape/{name}").floats(*shape)
        target = [shape[axis] if length == 0 else length for axis, length in enumerate(wanted)]
        inputs = {"data": x, "shape": np.array(wanted, np.int64)}
        yield Case("Reshape", name, inputs, {"reshaped": x.reshape(target)})


def transpose_cases():
    """Transpose: axes in another order, reversed unless `perm` says."""
    for name, shape, order in [
        ("default", (2, 3, 4), None),
        ("matrix", (5, 18), [1, 0]),
        ("directions", (4, 2, 3, 5), [0, 2, 1, 3]),
        ("states", (2, 3, 20), [1, 0, 2]),
        ("same", (3, 16), [0, 1]),
        ("channels-last", (2, 3, 4, 5), [0, 2, 3, 1]),
    ]:
        x = Numbers(f"Transpose/{name}").floats(*shape)
        attributes = {} if order is None else {"perm": order}
        yield Case("Transpose", name, {"data": x}, {"transposed": x.transpose(order)}, attributes)


def gather_cases():
    """Gather: rows of an embedding, and slices along another axis."""
    for name, shape, indices, attributes in [
        ("rows", (10, 16), [3, 0, 9, 3], {}),
        ("rows-ragged", (7, 33), [[1, 6], [0, 0], [5, 2]], {"axis": 0}),
        ("sequence-and-batch", (12, 5), [[11], [0], [4]], {"axis": 0}),
        ("one-row", (6, 20), 4, {"axis": 0}),
        ("negative", (5, 4), [-1, 0, -5], {"axis": 0}),
        ("axis-1", (3, 6, 4), [5, 1], {"axis": 1}),
        ("axis-last", (2, 3, 8), [[7, 0], [1, 1]], {"axis": -1}),
    ]:
        data, rows = Numbers(f"Gather/{name}").floats(*shape), np.array(indices, np.int64)
        output = np.take(data, rows, attributes.get("axis", 0))
        inputs = {"data": data, "indices": rows}
        yield Case("Gather", name, inputs, {"output": output}, attributes)


def one_hot_cases():
    """OneHot: `values` holds the number for "off" and the one for "on"."""
    for name, indices, depth, values, attributes in [
        ("tokens", [2, 0, 4, 1], 5, [0, 1], {}),
        ("sequence-and-batch", [[3], [19], [0]], 20, [0, 1], {"axis": -1}),
        ("off-and-on", [1, 2], 4, [-0.5, 2.5], {}),
        ("axis-0", [1, 0, 2], 3, [0, 1], {"axis": 0}),
        ("axis-1", [[1, 0], [2, 2], [0, 1]], 3, [0, 1], {"axis": 1}),
        ("negative", [-1, -5, 0], 5, [0, 1], {}),
        ("out-of-range", [5, 2, -6], 5, [0, 1], {}),
    ]:
        places = np.array(indices, np.int64)
        axis = attributes.get("axis", -1)
        wrapped = np.where(places < 0, places + depth, places)
        # Indices outside the range give a vector that is off everywhere.
        hot = wrapped[..., None] == np.arange(depth)
        output = np.moveaxis(np.where(hot, float(values[1]), float(values[0])), -1, axis)
        inputs = {
            "indices": places,
            "depth": np.array(depth, np.int64),
            "values": np.array(values, np.float64),
        }
        yield Case("OneHot", name, inputs, {"output": output}, attributes)
