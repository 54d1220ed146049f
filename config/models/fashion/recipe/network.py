"""The convolutional maxout network, as it is trained."""

import torch
from torch import nn
from torch.nn import functional


# Channels of the convolutions after maxout: of the network trained first, and of the shipped one.
NARROW, WIDE = (32, 48, 64, 96), (32, 56, 80, 128)


class MaxoutNetwork(nn.Module):
    """Four convolutions and two dense layers, with maxout as the only nonlinearity.

    While training, maxout takes the larger of channel c and channel c + C/2, because halves are
    cheap to split. The export reorders the channels so that the two pieces of a unit become
    neighbours, and folds each batch normalisation into the convolution before it.
    """

    def __init__(self, widths, dense=64, dropout=0.25):
        """Makes the network; `widths` and `dense` count channels and units after maxout."""
        super().__init__()
        sources, kernels = (1, *widths), (5, 3, 3, 3)
        for index, (source, width, kernel) in enumerate(zip(sources, widths, kernels), 1):
            conv = nn.Conv2d(source, 2 * width, kernel, padding=kernel // 2, bias=False)
            setattr(self, f"conv{index}", conv)
            setattr(self, f"norm{index}", nn.BatchNorm2d(2 * width))
        self.dense = nn.Linear(9 * widths[-1], 2 * dense)
        self.logits = nn.Linear(dense, 10)
        self.dropout = dropout

    def forward(self, images):
        """Logits [N, 10] for normalised images [N, 1, 28, 28]."""
        x = functional.max_pool2d(maxout(self.norm1(self.conv1(images))), 2)
        x = functional.max_pool2d(maxout(self.norm2(self.conv2(x))), 2)
        x = maxout(self.norm3(self.conv3(x)))
        x = functional.max_pool2d(maxout(self.norm4(self.conv4(x))), 3, 2)
        x = functional.dropout(x.flatten(1), self.dropout, self.training)
        x = functional.dropout(maxout(self.dense(x)), self.dropout, self.training)
        return self.logits(x)


def widened(narrow, network):
    """Gives `network` the weights of the network with the state `narrow`: it computes the same.

    Of each convolution the channels c and c + C/2 of a unit stay partners. What a new unit says
    counts for nothing at first, so that training goes on from where the narrow network stood.
    """
    state = network.state_dict()
    for name, tensor in state.items():
        old = narrow[name]
        if not tensor.dim() or name.startswith("logits"):
            tensor.copy_(old)
            continue
        if tensor.dim() > 1:
            tensor[:, old.shape[1] :] = 0
        for piece, given in zip(tensor.chunk(2), old.chunk(2)):
            corner = piece[: len(given), : given.shape[1]] if given.dim() > 1 else piece[: len(given)]
            corner.copy_(given)
    network.load_state_dict(state)
    return network


def maxout(x):
    """The larger of each channel of the first half and its partner in the second half."""
    lower, upper = x.chunk(2, 1)
    return torch.maximum(lower, upper)
