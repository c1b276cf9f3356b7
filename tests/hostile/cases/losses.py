"""The arguments of losses that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Case

CASES = {
    "losses.terms.gaussian_kl": Case(
        lambda: dict(mean=torch.zeros(2, 3), log_var=torch.zeros(2, 3)),
    ),
    "losses.terms.bernoulli_nll": Case(
        lambda: dict(logits=torch.zeros(2, 1, 4, 4), x=torch.rand(2, 1, 4, 4)),
    ),
}
