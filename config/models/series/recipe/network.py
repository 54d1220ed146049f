"""The 1-D convolutional maxout network, as it is trained."""

import torch
from torch import nn
from torch.nn import functional


class SeriesNetwork(nn.Module):
    """Three convolutions in time with maxout, the mean over time, and one connected layer.

    Neighbouring channels are maxout partners. Series of a batch differ in length: after each
    layer what lies behind a series' end is put back to zero, so that a series gives the same
    answer alone as in a batch.
    """

    def __init__(self, width=32, kernels=(5, 5, 3), dropout=0.3):
        """Makes the network; `width` counts channels after maxout."""
        super().__init__()
        sources = (12, width, width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(source, 2 * width, kernel, padding=kernel // 2)
            for source, kernel in zip(sources, kernels)
        )
        self.logits = nn.Linear(width, 9)
        self.dropout = dropout

    def forward(self, series, mask):
        """Logits [N, 9] for normalised series [N, 12, L] that count where mask [N, 1, L] is 1."""
        x = series
        for convolution in self.convolutions:
            x = convolution(x).unflatten(1, (-1, 2)).amax(2) * mask
            x = functional.dropout1d(x, self.dropout, self.training)
        x = x.sum(2) / mask.sum(2)
        return self.logits(functional.dropout(x, self.dropout, self.training))
