"""The recurrent network: h = tanh(b + W h' + U x), o = c + V h."""

import math

import torch
from torch import nn


class Recurrence(torch.autograd.Function):
    """All hidden states of a tanh recurrence, with its gradient written out.

    The gradient of the recurrent weights is one product over all steps at the end, instead of
    one per step, which halves the time of the backward pass.
    """

    @staticmethod
    def forward(context, drive, weights, state):
        """States [T, B, H] for the drive b + U x [T, B, H], W [H, H] and a state [B, H]."""
        states = torch.empty(len(drive) + 1, *state.shape)
        states[0] = state
        for step, pushed in enumerate(drive):
            torch.addmm(pushed, states[step], weights.T, out=states[step + 1])
            states[step + 1].tanh_()
        context.save_for_backward(states, weights)
        return states[1:].clone()

    @staticmethod
    def backward(context, gradient):
        """Gradients of the drive and of the weights; the first state gets none."""
        states, weights = context.saved_tensors
        slope = 1 - states[1:] ** 2
        errors = torch.empty_like(gradient)
        errors[-1] = gradient[-1] * slope[-1]
        for step in range(len(gradient) - 2, -1, -1):
            torch.addmm(gradient[step], errors[step + 1], weights, out=errors[step])
            errors[step] *= slope[step]
        before = states[:-1].flatten(0, 1)
        return errors, errors.flatten(0, 1).T @ before, None


class CharacterNetwork(nn.Module):
    """A vanilla recurrent network over one-hot characters, with a softmax readout."""

    def __init__(self, symbols, hidden):
        """Makes a network with orthogonal recurrent weights."""
        super().__init__()
        bound = 1 / math.sqrt(hidden)
        self.input = nn.Parameter(torch.empty(symbols, hidden).uniform_(-bound, bound))
        self.recurrent = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden, hidden)))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.readout = nn.Linear(hidden, symbols)

    def forward(self, tokens, state):
        """Logits [T, B, V] and the last state [B, H] for tokens [T, B] and the state before."""
        # A one-hot vector times U is a row of its transpose.
        drive = nn.functional.embedding(tokens, self.input) + self.bias
        states = Recurrence.apply(drive, self.recurrent, state)
        return self.readout(states), states[-1].detach()
