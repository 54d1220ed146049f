"""The network of LeCun, Bottou, Bengio and Haffner (1998), as it is trained."""

import torch
from torch import nn

# Table I of the paper: the maps of the first stage that each map of the third layer sees.
CONNECTIONS = [
    [0, 1, 2],
    [1, 2, 3],
    [2, 3, 4],
    [3, 4, 5],
    [0, 4, 5],
    [0, 1, 5],
    [0, 1, 2, 3],
    [1, 2, 3, 4],
    [2, 3, 4, 5],
    [0, 3, 4, 5],
    [0, 1, 4, 5],
    [0, 1, 2, 5],
    [0, 1, 3, 4],
    [1, 2, 4, 5],
    [0, 2, 3, 5],
    [0, 1, 2, 3, 4, 5],
]


class LeNet(nn.Module):
    """Convolutions of 6, 16 and 120 channels, then 84 and 10 units, with tanh between them."""

    def __init__(self):
        """Makes the network; a mask keeps the missing connections of `conv3` at zero."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv3 = nn.Conv2d(6, 16, 5)
        self.conv5 = nn.Conv2d(16, 120, 5)
        self.dense = nn.Linear(120, 84)
        self.logits = nn.Linear(84, 10)
        self.register_buffer("mask", torch.zeros(16, 6, 1, 1))
        for channel, sources in enumerate(CONNECTIONS):
            self.mask[channel, sources] = 1
        with torch.no_grad():
            self.conv3.weight *= (6 / self.mask.sum(1, keepdim=True)).sqrt()

    def forward(self, images):
        """Logits [N, 10] for normalised images [N, 1, 28, 28]."""
        x = nn.functional.avg_pool2d(self.conv1(images).tanh(), 2)
        x = nn.functional.conv2d(x, self.conv3.weight * self.mask, self.conv3.bias)
        x = nn.functional.avg_pool2d(x.tanh(), 2)
        x = self.conv5(x).tanh().flatten(1)
        return self.logits(self.dense(x).tanh())
