"""The exponential moving average of a network's weights: it draws better pictures than the weights themselves, which jitter with each batch."""
from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Average(nn.Module):
    """A copy of a network that follows it: after update k = 0, 1, …, average ← d·average + (1 − d)·weights, d = min(decay, (1 + k) / (10 + k)).

    The copy's weights are buffers: an optimiser does not see them, a state_dict holds them, so a checkpoint brings back both exactly. The ramp of d
    lets the average forget the untrained weights soon; it then spans about the last ninth of the updates, later the last 1 / (1 − decay) of them.
    Source: Ho et al. 2020, appendix B (decay 0.9999, for 500,000 and more updates).
    """

    updates: Tensor

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        self.decay, self.network = decay, copy.deepcopy(network)
        for module in self.network.modules():
            for name, weight in [(name, weight) for name, weight in module._parameters.items() if weight is not None]:
                del module._parameters[name]
                module.register_buffer(name, weight.detach().clone())          # tied weights part, but follow the same one
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the network's present weights; its own buffers are copied."""
        pull = 1 - ((1 + self.updates) / (10 + self.updates)).clamp(max=self.decay)
        weights, buffers = (dict(named(remove_duplicate=False)) for named in (network.named_parameters, network.named_buffers))
        for name, mine in self.network.named_buffers():
            mine.lerp_(weights[name], pull.to(mine.dtype)) if name in weights else mine.copy_(buffers[name])
        self.updates += 1

    def forward(self, *inputs) -> Tensor:
        return self.network(*inputs)
