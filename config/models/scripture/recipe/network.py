"""Recurrent networks over one-hot characters, with their gradients written out.

Autograd would run through every step of a sequence one operation at a time. Here each cell does
its own backward pass, with the gradients of its weights as one product over all steps at the end.
The products inside the loop are computed in bfloat16, everything else in float32.
"""

import math

import torch
from torch import nn


def product(left, right):
    """`left` times `right` in bfloat16, as float32."""
    return torch.mm(left.bfloat16(), right).float()


def gradient_of_weights(errors, inputs):
    """Sum over all steps and streams of errors [T, B, G] times inputs [T, B, H]: [G, H]."""
    return product(errors.flatten(0, 1).T, inputs.flatten(0, 1).bfloat16())


class VanillaCell(torch.autograd.Function):
    """h = tanh(drive + R h')."""

    gates = 1

    @staticmethod
    def forward(context, drive, weights, _, state):
        """States [T, B, H] and what the next call takes as `state`, for the drive b + W x."""
        states = drive.new_empty(len(drive) + 1, *drive.shape[1:])
        states[0] = state
        turned = weights.T.bfloat16().contiguous()
        for step, pushed in enumerate(drive):
            torch.tanh(product(states[step], turned).add_(pushed), out=states[step + 1])
        context.save_for_backward(states, weights)
        return states[1:].clone(), states[-1].clone()

    @staticmethod
    def backward(context, gradient, _):
        """Gradients of the drive and of the weights; the first state gets none."""
        states, weights = context.saved_tensors
        slope = 1 - states[1:] ** 2
        errors = torch.empty_like(gradient)
        weights, carry = weights.bfloat16(), 0
        for step in range(len(gradient) - 1, -1, -1):
            torch.mul(gradient[step] + carry, slope[step], out=errors[step])
            carry = product(errors[step], weights)
        return errors, gradient_of_weights(errors, states[:-1]), None, None


class GRUCell(torch.autograd.Function):
    """The GRU of ONNX with linear_before_reset = 1; gates in its order z, r, h."""

    gates = 3

    @staticmethod
    def forward(context, drive, weights, bias, state):
        """As in the vanilla cell; `bias` [H] is that of the candidate's recurrent product."""
        steps, streams, width = drive.shape
        hidden = width // 3
        states = drive.new_empty(steps + 1, streams, hidden)
        states[0] = state
        gates = drive.new_empty(steps, streams, 2 * hidden)
        inner, candidates = drive.new_empty(2, steps, streams, hidden)
        turned = weights.T.bfloat16().contiguous()
        for step, pushed in enumerate(drive):
            recurrent = product(states[step], turned)
            torch.sigmoid(recurrent[:, : 2 * hidden] + pushed[:, : 2 * hidden], out=gates[step])
            update, reset = gates[step].chunk(2, 1)
            torch.add(recurrent[:, 2 * hidden :], bias, out=inner[step])
            torch.tanh(pushed[:, 2 * hidden :] + reset * inner[step], out=candidates[step])
            torch.lerp(candidates[step], states[step], update, out=states[step + 1])
        context.save_for_backward(states, gates, inner, candidates, weights)
        return states[1:].clone(), states[-1].clone()

    @staticmethod
    def backward(context, gradient, _):
        """Gradients of the drive, the weights and the bias."""
        states, gates, inner, candidates, weights = context.saved_tensors
        hidden = states.shape[2]
        pushed = gradient.new_empty(*gradient.shape[:2], 3 * hidden)
        recurrent = torch.empty_like(pushed)
        slope = gates * (1 - gates)
        update_slope, reset_slope = slope.chunk(2, 2)
        update, reset = gates.chunk(2, 2)
        # What a change of the state means for the update gate and for the candidate's sum.
        to_update = (states[:-1] - candidates) * update_slope
        to_candidate = (1 - update) * (1 - candidates**2)
        to_reset = inner * reset_slope
        weights, carry = weights.bfloat16(), 0
        for step in range(len(gradient) - 1, -1, -1):
            error = gradient[step] + carry
            candidate = error * to_candidate[step]
            torch.mul(error, to_update[step], out=recurrent[step, :, :hidden])
            torch.mul(candidate, to_reset[step], out=recurrent[step, :, hidden : 2 * hidden])
            torch.mul(candidate, reset[step], out=recurrent[step, :, 2 * hidden :])
            pushed[step, :, 2 * hidden :] = candidate
            carry = product(recurrent[step], weights).addcmul_(error, update[step])
        pushed[:, :, : 2 * hidden] = recurrent[:, :, : 2 * hidden]
        bias = recurrent[:, :, 2 * hidden :].sum((0, 1))
        return pushed, gradient_of_weights(recurrent, states[:-1]), bias, None


class LSTMCell(torch.autograd.Function):
    """The LSTM of ONNX; gates in its order i, o, f, c. Its state is h and c side by side."""

    gates = 4

    @staticmethod
    def forward(context, drive, weights, _, state):
        """As in the vanilla cell."""
        steps, streams, width = drive.shape
        hidden = width // 4
        states, cells = drive.new_empty(2, steps + 1, streams, hidden)
        states[0], cells[0] = state.chunk(2, 1) if state.dim() else (0, 0)
        gates, squashed = torch.empty_like(drive), drive.new_empty(steps, streams, hidden)
        turned = weights.T.bfloat16().contiguous()
        for step, pushed in enumerate(drive):
            sums = product(states[step], turned).add_(pushed)
            torch.sigmoid(sums[:, : 3 * hidden], out=gates[step, :, : 3 * hidden])
            torch.tanh(sums[:, 3 * hidden :], out=gates[step, :, 3 * hidden :])
            entry, out, keep, candidate = gates[step].chunk(4, 1)
            torch.mul(cells[step], keep, out=cells[step + 1]).addcmul_(entry, candidate)
            torch.tanh(cells[step + 1], out=squashed[step])
            torch.mul(out, squashed[step], out=states[step + 1])
        context.save_for_backward(states, cells, gates, squashed, weights)
        return states[1:].clone(), torch.cat([states[-1], cells[-1]], 1)

    @staticmethod
    def backward(context, gradient, _):
        """Gradients of the drive and of the weights."""
        states, cells, gates, squashed, weights = context.saved_tensors
        entry, out, keep, candidate = gates.chunk(4, 2)
        to_cell = out * (1 - squashed**2)
        to_out = squashed * out * (1 - out)
        to_entry = candidate * entry * (1 - entry)
        to_keep = cells[:-1] * keep * (1 - keep)
        to_candidate = entry * (1 - candidate**2)
        errors = gradient.new_empty(*gradient.shape[:2], 4, gradient.shape[2])
        weights, carry, cell = weights.bfloat16(), 0, torch.zeros_like(gradient[0])
        for step in range(len(gradient) - 1, -1, -1):
            error = gradient[step] + carry
            cell.addcmul_(error, to_cell[step])
            torch.mul(cell, to_entry[step], out=errors[step, :, 0])
            torch.mul(error, to_out[step], out=errors[step, :, 1])
            torch.mul(cell, to_keep[step], out=errors[step, :, 2])
            torch.mul(cell, to_candidate[step], out=errors[step, :, 3])
            carry = product(errors[step].flatten(1), weights)
            cell.mul_(keep[step])
        errors = errors.flatten(2)
        return errors, gradient_of_weights(errors, states[:-1]), None, None


class CharacterNetwork(nn.Module):
    """One recurrent layer over one-hot characters, with a softmax readout."""

    cells = {"rnn": VanillaCell, "gru": GRUCell, "lstm": LSTMCell}

    def __init__(self, cell, symbols, hidden):
        """Makes a network with orthogonal recurrent weights."""
        super().__init__()
        self.cell = self.cells[cell]
        width = self.cell.gates * hidden
        # Only one input is 1 at a time: the layer's fan-in is one, not the size of the alphabet.
        self.input = nn.Parameter(torch.randn(symbols, width) * 0.3)
        blocks = [nn.init.orthogonal_(torch.empty(hidden, hidden)) for _ in range(self.cell.gates)]
        self.recurrent = nn.Parameter(torch.cat(blocks))
        self.bias = nn.Parameter(torch.zeros(width))
        if cell == "lstm":
            # An LSTM that forgets nothing at first learns long dependencies sooner.
            self.bias.data[2 * hidden : 3 * hidden] = 1
        self.candidate_bias = nn.Parameter(torch.zeros(hidden), requires_grad=cell == "gru")
        self.readout = nn.Linear(hidden, symbols)

    def forward(self, tokens, state):
        """Logits [T, B, V] and the last state for tokens [T, B] and the state before (or 0)."""
        # A one-hot vector times W is a row of its transpose.
        drive = nn.functional.embedding(tokens, self.input) + self.bias
        states, last = self.cell.apply(drive, self.recurrent, self.candidate_bias, state)
        return self.readout(states), last.detach()


class JordanCell(torch.autograd.Function):
    """h = tanh(drive + R o'), o = c + V h: only the output reaches the next step.

    Its 63 numbers are all the memory there is, so these products stay in float32.
    """

    @staticmethod
    def forward(context, drive, weights, readout, offset, output):
        """Outputs [T, B, V] for the drive b + W x [T, B, H] and the output before (or 0)."""
        outputs = drive.new_empty(len(drive) + 1, drive.shape[1], len(readout))
        outputs[0] = output
        states = torch.empty_like(drive)
        for step, pushed in enumerate(drive):
            torch.addmm(pushed, outputs[step], weights.T, out=states[step]).tanh_()
            torch.addmm(offset, states[step], readout.T, out=outputs[step + 1])
        context.save_for_backward(outputs, states, weights, readout)
        return outputs[1:].clone()

    @staticmethod
    def backward(context, gradient):
        """Gradients of everything but the first output."""
        outputs, states, weights, readout = context.saved_tensors
        slope = 1 - states**2
        errors, sums, carry = torch.empty_like(gradient), torch.empty_like(states), 0
        for step in range(len(gradient) - 1, -1, -1):
            torch.add(gradient[step], carry, out=errors[step])
            torch.mul(errors[step] @ readout, slope[step], out=sums[step])
            carry = sums[step] @ weights
        to_weights = sums.flatten(0, 1).T @ outputs[:-1].flatten(0, 1)
        to_readout = errors.flatten(0, 1).T @ states.flatten(0, 1)
        return sums, to_weights, to_readout, errors.sum((0, 1)), None


class JordanNetwork(nn.Module):
    """A network whose only recurrence leads from the output to the hidden layer."""

    def __init__(self, symbols, hidden):
        """Makes a network with small weights."""
        super().__init__()
        self.input = nn.Parameter(torch.randn(symbols, hidden) * 0.3)
        self.recurrent = nn.Parameter(torch.randn(hidden, symbols) * 0.05)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.readout = nn.Linear(hidden, symbols)

    def forward(self, tokens, output):
        """Logits [T, B, V] and the last of them, for tokens [T, B] and the output before (or 0)."""
        drive = nn.functional.embedding(tokens, self.input) + self.bias
        readout = self.readout
        outputs = JordanCell.apply(drive, self.recurrent, readout.weight, readout.bias, output)
        return outputs, outputs[-1].detach()


def make(cell, symbols, hidden):
    """The network of a name: rnn, gru, lstm or jordan."""
    if cell == "jordan":
        return JordanNetwork(symbols, hidden)
    return CharacterNetwork(cell, symbols, hidden)
