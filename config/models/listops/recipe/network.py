"""The recursive network: one composition of two vectors, applied up the tree."""

import torch
from torch import nn

WIDTH, HIDDEN = 64, 256


class RecursiveNetwork(nn.Module):
    """A vector for every symbol, one composition, and one readout for every node."""

    def __init__(self, symbols, values=10, noise=0.0):
        """Makes the network; `noise` disturbs what is composed while training.

        A network that has learned in noise pulls a disturbed vector back, so that errors do not
        grow on the way up a deep tree.
        """
        super().__init__()
        self.embedded = nn.Embedding(symbols, WIDTH)
        self.hidden = nn.Linear(2 * WIDTH, HIDDEN)
        self.mixed = nn.Linear(HIDDEN, WIDTH)
        self.logits = nn.Linear(WIDTH, values)
        self.noise = noise

    def composed(self, left, right):
        """The vectors [N, W] of nodes with these children [N, W]."""
        hidden = self.hidden(torch.cat([left, right], 1)).relu()
        vectors = self.mixed(hidden).tanh()
        if self.training:
            vectors = vectors + self.noise * torch.randn_like(vectors)
        return vectors

    def forward(self, forest):
        """The vectors of all nodes of a trees.Batch, composed level by level."""
        levels = forest.levels()
        leaves = forest.symbol[: levels[0][0]] if levels else forest.symbol
        vectors = self.embedded(torch.from_numpy(leaves))
        for first, last in levels:
            left, right = (
                vectors[torch.from_numpy(side[first:last])] for side in (forest.left, forest.right)
            )
            vectors = torch.cat([vectors, self.composed(left, right)])
        return vectors
