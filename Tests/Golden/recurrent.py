"""RNN, LSTM and GRU: loops from the equations of ONNX, checked against PyTorch's modules."""

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


def cases():
    """All cases of the three cells."""
    for name, *sizes in SEQUENCES:
        inputs, attributes = drawn("RNN", name, 1, *sizes)
        outputs = rnn(**inputs)
        confirm(torch.nn.RNN, inputs, outputs, [0])
        yield Case("RNN", name, inputs, outputs, attributes)

        inputs, attributes = drawn("LSTM", name, 4, *sizes)
        outputs = lstm(**inputs)
        # ONNX orders the gates input, output, forget, cell; PyTorch input, forget, cell, output.
        confirm(torch.nn.LSTM, inputs, outputs, [0, 2, 3, 1])
        yield Case("LSTM", name, inputs, outputs, attributes)

        for linear in [0, 1]:
            variant = f"{name}-{'reset-after' if linear else 'reset-before'}"
            inputs, attributes = drawn("GRU", variant, 3, *sizes)
            outputs = gru(**inputs, linear_before_reset=linear)
            if linear:
                # ONNX orders the gates update, reset, hidden; PyTorch reset, update, hidden.
                confirm(torch.nn.GRU, inputs, outputs, [1, 0, 2])
            attributes["linear_before_reset"] = linear
            yield Case("GRU", variant, inputs, outputs, attributes)


def drawn(op, name, gates, steps, batch, inputs, hidden, given, biased):
    """Random inputs under their ONNX names; those that a case leaves out are absent."""
    numbers = Numbers(f"{op}/{name}")
    values = {
        "X": numbers.floats(steps, batch, inputs),
        "W": numbers.floats(1, gates * hidden, inputs, scale=0.6),
        "R": numbers.floats(1, gates * hidden, hidden, scale=0.9 / np.sqrt(hidden)),
    }
    if biased:
        values["B"] = numbers.floats(1, 2 * gates * hidden, scale=0.5)
    if given:
        values["initial_h"] = numbers.floats(1, batch, hidden, scale=0.5)
        if op == "LSTM":
            values["initial_c"] = numbers.floats(1, batch, hidden)
    return values, {"hidden_size": hidden}


def beginning(X, R, B, gates, *states):
    """Biases of input and recurrence by gate [gates, hidden], and the states [batch, hidden]."""
    hidden = R.shape[2]
    biases = np.zeros(2 * gates * hidden) if B is None else B[0]
    wb, rb = biases.reshape(2, gates, hidden)
    zeros = np.zeros((X.shape[1], hidden))
    return wb, rb, *[zeros if state is None else state[0] for state in states]


def rnn(X, W, R, B=None, initial_h=None):
    """Ht = tanh(Xt Wi' + Ht-1 Ri' + Wbi + Rbi)."""
    (wb,), (rb,), h = beginning(X, R, B, 1, initial_h)
    states = []
    for x in X:
        h = np.tanh(x @ W[0].T + h @ R[0].T + wb + rb)
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


def confirm(module, inputs, outputs, order):
    """Checks the loop against a PyTorch module whose gate i is the ONNX gate order[i]."""
    gates, hidden, biased = len(order), inputs["R"].shape[2], "B" in inputs
    cell = module(inputs["X"].shape[2], hidden, bias=biased, dtype=torch.float64)

    def ordered(array):
        """The array's gates in PyTorch's order."""
        return torch.from_numpy(np.concatenate([np.split(array, gates)[gate] for gate in order]))

    parameters = {"weight_ih_l0": inputs["W"][0], "weight_hh_l0": inputs["R"][0]}
    if biased:
        parameters["bias_ih_l0"], parameters["bias_hh_l0"] = np.split(inputs["B"][0], 2)
    cell.load_state_dict({name: ordered(array) for name, array in parameters.items()})
    given = [torch.from_numpy(inputs[key]) for key in ["initial_h", "initial_c"] if key in inputs]
    state = None if not given else tuple(given) if len(given) == 2 else given[0]
    with torch.no_grad():
        y, last = cell(torch.from_numpy(inputs["X"]), state)
    np.testing.assert_allclose(outputs["Y"][:, 0], y.numpy(), rtol=1e-11, atol=1e-13)
    for key, other in zip(["Y_h", "Y_c"], last if isinstance(last, tuple) else [last]):
        np.testing.assert_allclose(outputs[key], other.numpy(), rtol=1e-11, atol=1e-13)
