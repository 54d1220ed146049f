"""The network with another fourth layer: kernels that positions do not share, or share in turn."""

import torch
from torch import nn
from torch.nn import functional

from network import MaxoutNetwork, maxout

# Units after maxout of the network that a variant begins with, as train.py makes it.
WIDTHS = (32, 48, 64, 96)
SIDE, TILE = 3, 2


class Local(nn.Module):
    """A locally connected layer, 3x3 with stride 2: each of 3x3 places has kernels of its own."""

    units = 32

    def __init__(self, conv, norm):
        """Takes the first pieces of a convolution's units; every place begins with the same."""
        super().__init__()
        kernels = some(conv.weight, self.units).flatten(1).T
        # [places, inputs of a place, channels]: one matrix product for each place.
        self.weight = nn.Parameter(kernels.repeat(SIDE * SIDE, 1, 1))
        self.norm = nn.BatchNorm1d(2 * self.units * SIDE * SIDE)
        inherit(self.norm, norm, self.units, repeats=SIDE * SIDE)

    def forward(self, x):
        """Maps [N, 2 units, 3, 3] for maps [N, 64, 7, 7]."""
        patches = functional.unfold(x, 3, stride=2).permute(2, 0, 1)
        values = (patches @ self.weight).permute(1, 2, 0)
        return self.norm(values.flatten(1)).unflatten(1, (-1, SIDE, SIDE))

    def folded(self):
        """Kernels [O, 3, 3, I, 3, 3] and biases [O, 3, 3] with the normalisation folded in."""
        gain, bias = (v.unflatten(0, (-1, SIDE, SIDE)) for v in affine(self.norm))
        kernels = self.weight.double().permute(2, 0, 1).unflatten(1, (SIDE, SIDE))
        return kernels.unflatten(3, (-1, 3, 3)) * gain[..., None, None, None], bias


class Tiled(nn.Module):
    """A tiled convolution, 3x3: neighbouring places take turns with 2x2 sets of kernels."""

    units = 64

    def __init__(self, conv, norm):
        """Takes the first pieces of a convolution's units; every set begins with the same."""
        super().__init__()
        kernels = some(conv.weight, self.units)
        self.weight = nn.Parameter(kernels.repeat(TILE, TILE, 1, 1, 1, 1))
        self.norm = nn.BatchNorm2d(2 * self.units)
        inherit(self.norm, norm, self.units)

    def forward(self, x):
        """Maps [N, 2 units, 7, 7] for maps [N, 64, 7, 7]."""
        padded = functional.pad(x, (1, 1, 1, 1))
        # In the layout that the convolutions give, which is a tenth of the epoch faster.
        values = torch.empty(
            (len(x), 2 * self.units, *x.shape[2:]),
            dtype=x.dtype,
            memory_format=torch.channels_last,
        )
        for row in range(TILE):
            for column in range(TILE):
                values[:, :, row::TILE, column::TILE] = functional.conv2d(
                    padded[:, :, row:, column:], self.weight[row, column], stride=TILE
                )
        return self.norm(values)

    def folded(self):
        """Kernels [O, I, 3, 3, 2, 2] and biases [O] with the normalisation folded in."""
        gain, bias = affine(self.norm)
        kernels = self.weight.double().permute(2, 3, 4, 5, 0, 1)
        return kernels * gain[:, None, None, None, None, None], bias


class Variant(MaxoutNetwork):
    """The network with its fourth convolution replaced, beginning with trained weights."""

    def __init__(self, kind, state):
        """`kind` is Local or Tiled, `state` that of a trained network of the widths above."""
        super().__init__(WIDTHS)
        self.load_state_dict(state)
        self.fourth = kind(self.conv4, self.norm4)
        columns = self.dense.weight.unflatten(1, (WIDTHS[-1], -1))[:, : kind.units].flatten(1)
        self.dense = nn.Linear(columns.shape[1], len(columns))
        self.dense.load_state_dict({"weight": columns, "bias": state["dense.bias"]})
        del self.conv4, self.norm4

    def forward(self, images):
        """Logits [N, 10] for normalised images [N, 1, 28, 28]."""
        x = functional.max_pool2d(maxout(self.norm1(self.conv1(images))), 2)
        x = functional.max_pool2d(maxout(self.norm2(self.conv2(x))), 2)
        x = maxout(self.fourth(maxout(self.norm3(self.conv3(x)))))
        if isinstance(self.fourth, Tiled):
            x = functional.max_pool2d(x, 3, 2)
        x = functional.dropout(x.flatten(1), self.dropout, self.training)
        x = functional.dropout(maxout(self.dense(x)), self.dropout, self.training)
        return self.logits(x)


KINDS = {"local": Local, "tiled": Tiled}


def some(tensor, units):
    """Both pieces of the first units of a maxout layer."""
    return torch.cat([piece[:units] for piece in tensor.detach().chunk(2)])


def inherit(norm, given, units, repeats=1):
    """Gives a normalisation what another one has learned of the same units."""
    state = given.state_dict()
    for name in ("weight", "bias", "running_mean", "running_var"):
        state[name] = some(state[name], units).repeat_interleave(repeats)
    norm.load_state_dict(state)


def affine(norm):
    """Factor and summand, in float64, that a normalisation comes to after training."""
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return gain, norm.bias.double() - norm.running_mean.double() * gain
