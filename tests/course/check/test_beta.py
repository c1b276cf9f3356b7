"""The checks of lab 04 pass the right answer and tell each wrong one which property failed."""
import pytest
import torch

from vaekit import losses
from vaekit.course import check


def total(t, kl, beta):
    return t - beta * kl + kl


def cyclic(p, to, cycles, rise):
    return losses.Cyclic(to, cycles, rise)(p)


def free_bits(kl, free):
    return torch.maximum(kl.mean(0), torch.full_like(kl[0], free)).sum()


def gap(i, h, other=1):
    first, second = i.sort(0, descending=True).values[[0, other]]
    return ((first - second) / h).mean()


def gap_to_a_later_latent(i, h):
    rest = [torch.cat([column[int(column.argmax()) + 1:], torch.zeros(1)]).max() for column in i.T]
    return ((i.amax(0) - torch.stack(rest)) / h).mean()


@pytest.mark.parametrize("checker, solution", [
    (check.comparable_total, total),
    (check.comparable_total, lambda t, kl, beta: torch.tensor(t + (1 - beta) * kl)),
    (check.cyclic, cyclic),
    (check.cyclic, lambda p, to, cycles, rise: to * min(p * cycles - int(p * cycles), rise) / rise),
    (check.free_bits, free_bits),
    (check.free_bits, lambda kl, free: torch.where(kl.mean(0) > free, kl, free).sum(1).mean()),
    (check.information_gap, gap),
    (check.information_gap, lambda i, h: sum(((a := c.sort().values)[-1] - a[-2]) / e for c, e in zip(i.T, h)) / len(h)),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    assert repr(checker(solution)).startswith(f"✓ {checker.__name__}: ")


def test_the_librarys_own_objective_is_what_the_free_bits_check_asks_for():
    mean, log_var = torch.randn(8, 3), torch.randn(8, 3)
    output = type("Output", (), dict(logits=torch.zeros(8, 1, 2, 2), mean=mean, log_var=log_var))
    terms = losses.free_bits(output, torch.rand(8, 1, 2, 2), free=0.7)
    price = (terms["loss"] - terms["reconstruction"]).mean()
    assert torch.isclose(price, free_bits(losses.gaussian_kl(mean, log_var), 0.7), atol=1e-5)


@pytest.mark.parametrize("checker, wrong, words", [
    (check.comparable_total, lambda t, kl, beta: t, "comes back unchanged"),
    (check.comparable_total, lambda t, kl, beta: t - beta * kl, "reconstruction term alone"),
    (check.comparable_total, lambda t, kl, beta: t - kl, "reconstruction term alone|At β = 1"),
    (check.comparable_total, lambda t, kl, beta: t / beta, "does not depend on β"),
    (check.comparable_total, lambda t, kl, beta: t + (beta - 1) * kl, "does not depend on β"),
    (check.comparable_total, lambda t, kl, beta: t + 1, "At β = 1 the total already is"),
    (check.comparable_total, lambda t, kl, beta: None, "returns nothing"),
    (check.cyclic, lambda p, to, cycles, rise: 1 - cyclic(p, to, cycles, rise), "start at weight 0"),
    (check.cyclic, lambda p, to, cycles, rise: to * (p * cycles % 1) / rise, "Cut it off"),
    (check.cyclic, lambda p, to, cycles, rise: to * (1 - abs(2 * (p * cycles % 1) - 1)), "should never fall"),
    (check.cyclic, lambda p, to, cycles, rise: 0.5 * cyclic(p, to, cycles, rise), "end of its first cycle"),
    (check.cyclic, lambda p, to, cycles, rise: cyclic(p, to, cycles, min(1, 1.5 * rise)), "straight line"),
    (check.cyclic, lambda p, to, cycles, rise: cyclic(p, to, cycles, rise) ** 2 / to, "straight line"),
    (check.cyclic, lambda p, to, cycles, rise: to * min(1, p * cycles / rise), "should repeat the first one"),
    (check.cyclic, lambda p, to, cycles, rise: cyclic(p, 1.0, cycles, rise), "end of its first cycle"),
    (check.free_bits, lambda kl, free: kl.sum(1).mean(), "each allowed 0.5 nats, cost 0 with you"),
    (check.free_bits, lambda kl, free: (kl.mean(0) - free).clamp(min=0).sum(), "cost 0 with you"),
    (check.free_bits, lambda kl, free: kl.clamp(min=free).sum(1).mean(), "Average over images first"),
    (check.free_bits, lambda kl, free: kl.sum(1).mean().clamp(min=free), "should cost 4 · 0.5"),
    (check.free_bits, lambda kl, free: kl.mean(0).clamp(min=free).mean(), "summed over dimensions"),
    (check.free_bits, lambda kl, free: kl.mean(0).clamp(min=free).sum() * len(kl), "averaged over images"),
    (check.free_bits, lambda kl, free: kl.mean(0).clamp(max=free).sum(), "summed over dimensions"),
    (check.free_bits, lambda kl, free: kl.mean(0).sum() + (free - kl.mean(0)).clamp(min=0).sum().detach(), "should feel no force"),
    (check.free_bits, lambda kl, free: free_bits(kl, free).detach(), "No gradient comes back"),
    (check.free_bits, lambda kl, free: free_bits(kl, free).detach() + 0 * kl.sum(), "should feel the price"),
    (check.free_bits, lambda kl, free: free_bits(kl, free).item(), "Return a tensor, not float"),
    (check.free_bits, lambda kl, free: kl.mean(0).clamp(min=free, max=3).sum(), "whole KL"),
    (check.information_gap, lambda i, h: (i.amax(0) / h).mean(), "no gap"),
    (check.information_gap, lambda i, h: gap(i, torch.ones_like(h)), "Divide by the entropy"),
    (check.information_gap, lambda i, h: gap(i, h) * len(h), "should be 1"),
    (check.information_gap, lambda i, h: gap(i, h, other=-1), "Compare the best latent with the second best|nothing"),
    (check.information_gap, lambda i, h: ((i[0] - i[1]).abs() / h).mean(), "should be 1|order of the latents"),
    (check.information_gap, lambda i, h: ((t := i.topk(2, 0).values)[0] - t[1]).sum() / h.sum(), "every factor counts alike"),
    (check.information_gap, lambda i, h: gap(i, h) ** 2, "the mean gap is 0.667"),
    (check.information_gap, gap_to_a_later_latent, "order of the latents"),
    (check.information_gap, lambda i, h: gap(i.exp(), h.exp() - 1), "in other units"),
    (check.information_gap, lambda i, h: i, "one real number"),
])
def test_a_wrong_answer_is_told_which_property_failed(checker, wrong, words):
    with pytest.raises(check.CheckFailed, match=words):
        checker(wrong)
