"""RNN, LSTM, GRU and Jordan: loops from the equations, checked against PyTorch's modules."""

import numpy as np
import torch

from case import Case, Numbers

# Name, steps, batch, inputs, hidden units, whether the states are given and biases are there.
SEQUENCES = [
    ("short", 3, 1, 4, 5, False, True),
    ("sixteen", 4, 1, 16, 16, False, True),
    ("ragged-20", 5, 1, 7, 20, True, True),
    ("ragged-23-units", 3, 1, 3, 23, True, True),
    ("batch-3", 4, 3, 5, 8, False, True),
    ("batch-3-states", 4, 3, 5, 20, True, True),
    ("one-step", 1, 1, 5, 16, True, True),
    ("long", 40, 1, 3, 6, False, True),
    ("no-bias", 4, 2, 5, 7, False, False),
    ("no-bias-states", 3, 1, 6, 5, True, False),
]


# Name, steps, batch, inputs, hidden units, whether the states are given and biases are there.
DIRECTED = [
    ("short", 4, 1, 3, 5, False, True),
    ("states", 5, 2, 4, 20, True, True),
    ("sixteen-batch-3", 3, 3, 5, 16, False, True),
    ("one-step-states", 1, 2, 3, 18, True, False),
]

# Name, steps, batch, inputs, hidden units, outputs, whether the first fed-back vector is given.
JORDAN = [
    ("short", 3, 1, 4, 5, 3, False),
    ("sixteen", 4, 1, 16, 16, 16, True),
    ("wide-output", 5, 2, 5, 7, 35, True),
    ("batch-3", 4, 3, 6, 40, 5, False),
    ("one-step", 1, 1, 3, 20, 18, True),
    ("long", 30, 1, 3, 6, 4, False),
]


def cases():
    """All cases of the cells, in every direction."""
    for name, *sizes in SEQUENCES:
        yield from cells(name, sizes, "forward")
    for name, *sizes in DIRECTED:
        yield from cells(f"{name}-reverse", sizes, "reverse")
        yield from cells(f"{name}-bidirectional", sizes, "bidirectional")
    for name, *sizes in SEQUENCES[:4]:
        inputs, attributes = drawn("RNN", f"{name}-saturating", 1, 1, *sizes)
        outputs = rnn(**inputs, function=lambda x: np.clip(x, 0, 1))
        attributes["activation"] = "Saturating"
        yield Case("RNN", f"{name}-saturating", inputs, outputs, attributes)
    for name, *sizes in JORDAN:
        for feedback in ["output", "softmax"]:
            yield jordan_case(f"{name}-{feedback}", *sizes, feedback)


def cells(name, sizes, direction):
    """One case of each cell, and both kinds of GRU."""
    count = 2 if direction == "bidirectional" else 1
    extra = {} if direction == "forward" else {"direction": direction}
    inputs, attributes = drawn("RNN", name, 1, count, *sizes)
    outputs = directed(rnn, inputs, direction)
    confirm(torch.nn.RNN, inputs, outputs, [0], direction)
    yield Case("RNN", name, inputs, outputs, attributes | extra)

    inputs, attributes = drawn("LSTM", name, 4, count, *sizes)
    outputs = directed(lstm, inputs, direction)
    # ONNX orders the gates input, output, forget, cell; PyTorch input, forget, cell, output.
    confirm(torch.nn.LSTM, inputs, outputs, [0, 2, 3, 1], direction)
    yield Case("LSTM", name, inputs, outputs, attributes | extra)

    for linear in [0, 1]:
        variant = f"{name}-{'reset-after' if linear else 'reset-before'}"
        inputs, attributes = drawn("GRU", variant, 3, count, *sizes)
        outputs = directed(gru, inputs, direction, linear_before_reset=linear)
        if linear:
            # ONNX orders the gates update, reset, hidden; PyTorch reset, update, hidden.
            confirm(torch.nn.GRU, inputs, outputs, [1, 0, 2], direction)
        attributes["linear_before_reset"] = linear
        yield Case("GRU", variant, inputs, outputs, attributes | extra)


def directed(cell, inputs, direction, **options):
    """Y [T, D, B, H] and the last states [D, B, H] of a cell, each direction by itself."""
    backward = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    parts = []
    for index, flips in enumerate(backward):
        own = {key: value if key == "X" else value[index : index + 1] for key, value in inputs.items()}
        if flips:
            own["X"] = own["X"][::-1]
        outputs = cell(**own, **options)
        if flips:
            outputs["Y"] = outputs["Y"][::-1]
        parts.append(outputs)
    return {
        key: np.concatenate([part[key] for part in parts], axis=1 if key == "Y" else 0)
        for key in parts[0]
    }


def jordan_case(name, steps, batch, inputs, hidden, units, given, feedback):
    """A layer whose output, or the softmax of it, is fed back, computed by PyTorch."""
    numbers = Numbers(f"Jordan/{name}")
    values = {
        "X": numbers.floats(steps, batch, inputs),
        "W": numbers.floats(hidden, inputs, scale=0.6),
        "R": numbers.floats(hidden, units, scale=0.9 / np.sqrt(units)),
        "B": numbers.floats(hidden, scale=0.5),
        "V": numbers.floats(units, hidden, scale=0.9 / np.sqrt(hidden)),
        "C": numbers.floats(units, scale=0.5),
    }
    if given:
        values["initial_f"] = numbers.floats(1, batch, units, scale=0.5)
    tensors = {key: torch.from_numpy(value) for key, value in values.items()}
    fed = tensors["initial_f"][0] if given else torch.zeros(batch, units, dtype=torch.float64)
    rows = []
    for x in tensors["X"]:
        a = tensors["B"] + fed @ tensors["R"].T + x @ tensors["W"].T
        o = tensors["C"] + torch.tanh(a) @ tensors["V"].T
        fed = o if feedback == "output" else torch.softmax(o, dim=1)
        rows.append(o)
    outputs = {"Y": torch.stack(rows).numpy(), "Y_f": fed[None].numpy()}
    return Case("Jordan", name, values, outputs, {"hidden_size": hidden, "feedback": feedback})


def drawn(op, name, gates, directions, steps, batch, inputs, hidden, given, biased):
    """Random inputs under their ONNX names; those that a case leaves out are absent."""
    numbers = Numbers(f"{op}/{name}")
    values = {
        "X": numbers.floats(steps, batch, inputs),
        "W": numbers.floats(directions, gates * hidden, inputs, scale=0.6),
        "R": numbers.floats(directions, gates * hidden, hidden, scale=0.9 / np.sqrt(hidden)),
    }
    if biased:
        values["B"] = numbers.floats(directions, 2 * gates * hidden, scale=0.5)
    if given:
        values["initial_h"] = numbers.floats(directions, batch, hidden, scale=0.5)
        if op == "LSTM":
            values["initial_c"] = numbers.floats(directions, batch, hidden)
    return values, {"hidden_size": hidden}


def beginning(X, R, B, gates, *states):
    """Biases of input and recurrence by gate [gates, hidden], and the states [batch, hidden]."""
    hidden = R.shape[2]
    biases = np.zeros(2 * gates * hidden) if B is None else B[0]
    wb, rb = biases.reshape(2, gates, hidden)
    zeros = np.zeros((X.shape[1], hidden))
    return wb, rb, *[zeros if state is None else state[0] for state in states]


def rnn(X, W, R, B=None, initial_h=None, function=np.tanh):
    """Ht = f(Xt Wi' + Ht-1 Ri' + Wbi + Rbi)."""
    (wb,), (rb,), h = beginning(X, R, B, 1, initial_h)
    states = []
    for x in X:
        h = function(x @ W[0].T + h @ R[0].T + wb + rb)
        states.append(h)
    return {"Y": np.stack(states)[:, None], "Y_h": h[None]}


def lstm(X, W, R, B=None, initial_h=None, initial_c=None):
    """it, ot, ft = s(Xt W' + Ht-1 R' + Wb + Rb); ct likewise with tanh.

    Ct = ft Ct-1 + it ct;  Ht = ot tanh(Ct).
    """
    wb, rb, h, c = beginning(X, R, B, 4, initial_h, initial_c)
    wi, wo, wf, wc = np.split(W[0], 4)
    ri, ro, rf, rc = np.split(R[0], 4)
    states = []
    for x in X:
        i = sigmoid(x @ wi.T + h @ ri.T + wb[0] + rb[0])
        o = sigmoid(x @ wo.T + h @ ro.T + wb[1] + rb[1])
        f = sigmoid(x @ wf.T + h @ rf.T + wb[2] + rb[2])
        candidate = np.tanh(x @ wc.T + h @ rc.T + wb[3] + rb[3])
        c = f * c + i * candidate
        h = o * np.tanh(c)
        states.append(h)
    return {"Y": np.stack(states)[:, None], "Y_h": h[None], "Y_c": c[None]}


def gru(X, W, R, B=None, initial_h=None, linear_before_reset=0):
    """zt, rt = s(Xt W' + Ht-1 R' + Wb + Rb);  Ht = (1 - zt) ht + zt Ht-1.

    ht = tanh(Xt Wh' + (rt Ht-1) Rh' + Rbh + Wbh), or with `linear_before_reset`
    ht = tanh(Xt Wh' + rt (Ht-1 Rh' + Rbh) + Wbh).
    """
    wb, rb, h = beginning(X, R, B, 3, initial_h)
    wz, wr, wh = np.split(W[0], 3)
    rz, rr, rh = np.split(R[0], 3)
    states = []
    for x in X:
        z = sigmoid(x @ wz.T + h @ rz.T + wb[0] + rb[0])
        r = sigmoid(x @ wr.T + h @ rr.T + wb[1] + rb[1])
        if linear_before_reset:
            candidate = np.tanh(x @ wh.T + r * (h @ rh.T + rb[2]) + wb[2])
        else:
            candidate = np.tanh(x @ wh.T + (r * h) @ rh.T + rb[2] + wb[2])
        h = (1 - z) * candidate + z * h
        states.append(h)
    return {"Y": np.stack(states)[:, None], "Y_h": h[None]}


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def confirm(module, inputs, outputs, order, direction):
    """Checks the loop against a PyTorch module whose gate i is the ONNX gate order[i]."""
    gates, hidden, biased = len(order), inputs["R"].shape[2], "B" in inputs
    cell = module(
        inputs["X"].shape[2],
        hidden,
        bias=biased,
        bidirectional=direction == "bidirectional",
        dtype=torch.float64,
    )

    def ordered(array):
        """The array's gates in PyTorch's order."""
        return torch.from_numpy(np.concatenate([np.split(array, gates)[gate] for gate in order]))

    parameters = {}
    for index, suffix in enumerate(["", "_reverse"][: len(inputs["W"])]):
        parameters[f"weight_ih_l0{suffix}"] = inputs["W"][index]
        parameters[f"weight_hh_l0{suffix}"] = inputs["R"][index]
        if biased:
            halves = np.split(inputs["B"][index], 2)
            parameters[f"bias_ih_l0{suffix}"], parameters[f"bias_hh_l0{suffix}"] = halves
    cell.load_state_dict({name: ordered(array) for name, array in parameters.items()})
    given = [torch.from_numpy(inputs[key]) for key in ["initial_h", "initial_c"] if key in inputs]
    state = None if not given else tuple(given) if len(given) == 2 else given[0]
    x = torch.from_numpy(inputs["X"])
    with torch.no_grad():
        # PyTorch has no layer that reads backward only: it reads the sequence turned round.
        y, last = cell(x.flip(0) if direction == "reverse" else x, state)
    y = y.flip(0) if direction == "reverse" else y
    y = torch.stack(y.split(hidden, dim=2), dim=1)
    np.testing.assert_allclose(outputs["Y"], y.numpy(), rtol=1e-11, atol=1e-13)
    for key, other in zip(["Y_h", "Y_c"], last if isinstance(last, tuple) else [last]):
        np.testing.assert_allclose(outputs[key], other.numpy(), rtol=1e-11, atol=1e-13)
