"""Batch normalisations that have seen data, and learned."""
from torch import nn


def normed(module):
    """A batch normalisation that has seen data, and learned."""
    for tensor in (*module.parameters(), module.running_mean):
        nn.init.uniform_(tensor, -1, 1)
    nn.init.uniform_(module.running_var, 0.5, 2)
    return module


def weighted(model):
    """A model whose batch normalisations have seen data."""
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            normed(part)
    return model.eval()
