"""Images whose attributes are planted, and a reader of them, which errs where it is told to."""
import torch
from torch import nn

from vaekit.data import ImageSet
from vaekit.device import seeded

SHAPE = (3, 16, 16)
NAMES = ("Eyeglasses", "Smiling", "Bald")


def images_of(y):
    """An image for each row of attributes (N, A): one bright column for each that it has."""
    x = torch.zeros(len(y), *SHAPE)
    x[:, :, :, : y.shape[1]] = y[:, None, None, :].float()
    return x


def attribute_set(y, names=NAMES):
    return ImageSet(images_of(y), y, names, name="planted")


def planted(n, shares=(0.5, 0.3, 0.1), seed=0):
    """Independent attributes of these shares, (n, 3)."""
    return (torch.rand(n, 3, generator=seeded(seed)) < torch.tensor(shares)).long()


def correlated(both, first, second, neither):
    """So many images of each combination of the first two attributes; the third alternates."""
    rows = [[1, 1]] * both + [[1, 0]] * first + [[0, 1]] * second + [[0, 0]] * neither
    third = torch.arange(len(rows)) % 2
    return torch.cat([torch.tensor(rows), third[:, None]], 1)


class Reader(nn.Module):
    """Sees what `images_of` drew.

    Args:
        blind: columns in which it never sees an attribute.
        fixed: pairs (seen, column): it says of a column what it sees in another.
    """

    def __init__(self, blind=(), fixed=()):
        super().__init__()
        self.blind = blind
        self.fixed = fixed
        self.norm = nn.BatchNorm1d(len(NAMES))

    def classify(self, x):
        seen = (x[:, 0, 0, : len(NAMES)] > 0.5).long()
        read = seen.clone()
        for column in self.blind:
            read[:, column] = 0
        for source, column in self.fixed:
            read[:, column] = seen[:, source]
        return read
