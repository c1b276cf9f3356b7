"""The exponential moving average of a network's weights.

It draws better pictures than the weights themselves, which jitter with each batch.
"""
from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from .guidance import share


class Average(nn.Module):
    """A copy of a network that follows it: average ← d · average + (1 − d) · weights.

    In update k = 0, 1, …, d = min(decay, (1 + k) / (10 + k)). This ramp lets the average forget the
    untrained weights soon: it spans about the last ninth of the updates, and later the last
    1 / (1 − decay) of them.

    The copy's weights are buffers: an optimiser does not see them, a state_dict holds them, so a
    checkpoint brings back both exactly.

    Args:
        network: what is followed.
        decay: the largest d, in [0, 1).
    Raises:
        UserError: decay outside [0, 1).
    Source:
        Ho et al. 2020, appendix B (decay 0.9999, for 500,000 and more updates).
    """

    updates: Tensor

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        self.decay = share("decay", decay)
        self.network = copy.deepcopy(network)
        for module in self.network.modules():
            _parameters_to_buffers(module)
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def update(self, network: nn.Module) -> None:
        """Take in the network's present weights; its own buffers are copied."""
        with torch.no_grad():
            self._update(network)

    def _update(self, network: nn.Module) -> None:
        decay = ((1 + self.updates) / (10 + self.updates)).clamp(max=self.decay)
        # tied weights have several names, and each copy follows under its own
        weights = dict(network.named_parameters(remove_duplicate=False))
        buffers = dict(network.named_buffers(remove_duplicate=False))

        for name, average in self.network.named_buffers():
            if name in weights:
                average.lerp_(weights[name], (1 - decay).to(average.dtype))
            else:
                average.copy_(buffers[name])
        self.updates += 1

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """The averaged network's answer."""
        return self.network(*inputs)


def _parameters_to_buffers(module: nn.Module) -> None:
    """Turn a module's own parameters into buffers of the same names."""
    for name, weight in list(module.named_parameters(recurse=False, remove_duplicate=False)):
        delattr(module, name)
        module.register_buffer(name, weight.detach().clone())
