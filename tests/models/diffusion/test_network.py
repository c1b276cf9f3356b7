"""A network that diffusion cannot use is refused when the model is made."""
import pytest
import torch
from torch import nn

from vaekit.errors import UserError
from vaekit.models import Diffusion

SHAPE = (1, 8, 8)


class Pair(nn.Module):
    def forward(self, x, t, cond):
        return x, x


@pytest.mark.parametrize("network, words", [
    (nn.Conv2d(1, 1, 3, padding=1), "the network does not suit images .* takes 2 positional"),
    (nn.Identity(), "the network does not suit images"),
    (Pair(), "must answer in the shape of the images, .* got "),
])
def test_a_network_of_other_arguments_or_answers_is_refused_at_once(network, words):
    with pytest.raises(UserError, match=words):
        Diffusion(network, SHAPE)


def test_refusing_it_leaves_the_modes_as_they_were():
    network = nn.Conv2d(1, 1, 3, padding=1).train()
    with pytest.raises(UserError):
        Diffusion(network, SHAPE)
    assert network.training
    assert torch.is_grad_enabled()
