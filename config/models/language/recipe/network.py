"""The bidirectional network over the characters of a word, as it is trained."""

import torch
from torch import nn


class WordNetwork(nn.Module):
    """Two bidirectional GRU layers; the last states of the second one are read."""

    def __init__(self, symbols, languages, hidden=64):
        """Makes the network; `hidden` counts the units of one direction."""
        super().__init__()
        self.symbols = symbols
        self.layers = nn.GRU(symbols, hidden, num_layers=2, bidirectional=True)
        self.readout = nn.Linear(2 * hidden, languages)

    def forward(self, tokens):
        """Logits [B, K] for tokens [T, B]: words of one length."""
        characters = nn.functional.one_hot(tokens, self.symbols).float()
        _, states = self.layers(characters)
        # The last two states are the second layer's: forward at the end, reverse at the start.
        return self.readout(torch.cat([states[-2], states[-1]], 1))
