"""The game that `fit` plays: one step against the same step by hand, what the history shows, how it stops and how it goes on."""
import functools
import math

import pytest
import torch
from test_gan import LOSSES, SHAPE, small
from torch import nn

from vaekit import plots, training
from vaekit.errors import UserError
from vaekit.models import gan
from vaekit.models.gan import GAN, GANOutput
from vaekit.training.fit import _seed


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values()))


def two_modes(n=256):
    """Images with either the upper half or the lower half white."""
    x = torch.zeros(n, *SHAPE)
    x[::2, :, :2], x[1::2, :, 2:] = 1, 1
    return x


def to_nearest_mode(images):
    """The distance of each image to the nearer one of the two modes, (N,)."""
    return (images[:, None] - two_modes(2)).flatten(2).norm(dim=2).min(1).values


@LOSSES
def test_one_step_of_fit_is_one_step_of_each_player_at_the_same_weights(loss):
    ours, hand, x = small(), small(), torch.rand(20, *SHAPE)
    history = training.fit(ours, x, loss, epochs=1, batch_size=20, lr=1e-2, betas=(0.5, 0.9), weight_decay=0.01, seed=5)

    hand.train()
    with torch.random.fork_rng():
        order = torch.randperm(20, generator=_seed(5, 0))
        fake = hand.generator(torch.randn(20, 3)) / 2 + 0.5
    real = x[order]
    output = GANOutput(hand.discriminator(2 * real - 1)[:, 0], hand.discriminator(2 * fake - 1)[:, 0], fake)
    terms, norms = loss(output, real), {}
    for player in ("discriminator", "generator"):                       # all gradients first, then the steps
        weights = list(getattr(hand, player).parameters())
        gradients = torch.autograd.grad(terms[f"{player}_loss"].mean(), weights, retain_graph=True)
        norms[player] = torch.cat([g.flatten() for g in gradients]).norm().item()
        for weight, gradient in zip(weights, gradients):
            weight.grad = gradient
    for player in ("discriminator", "generator"):
        torch.optim.Adam(getattr(hand, player).parameters(), lr=1e-2, betas=(0.5, 0.9), weight_decay=0.01, fused=True).step()
    assert same(ours, hand) and not same(ours, small())
    for player, norm in norms.items():
        assert history.last[f"train_{player}_gradient"] == pytest.approx(norm, rel=1e-5)
        assert history.last[f"train_{player}_loss"] == pytest.approx(terms[f"{player}_loss"].mean().item(), rel=1e-5)


def test_each_player_moves_by_its_own_loss_only(monkeypatch):
    """With the other one's optimiser at rest, a player ends where it does in the full game's first step."""
    x, step = torch.rand(20, *SHAPE), torch.optim.Adam.step
    both, start = small(), small()
    training.fit(both, x, gan.minimax, epochs=1, batch_size=20)
    for player, other in (("discriminator", "generator"), ("generator", "discriminator")):
        model = small()
        mine = set(getattr(model, player).parameters())
        monkeypatch.setattr(torch.optim.Adam, "step", lambda self, mine=mine: step(self) if self.param_groups[0]["params"][0] in mine else None)
        training.fit(model, x, gan.minimax, epochs=1, batch_size=20)
        assert same(getattr(model, player), getattr(both, player)) and same(getattr(model, other), getattr(start, other))


def test_the_schedule_rules_both_players(monkeypatch):
    rates, step = {}, torch.optim.Adam.step
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: (rates.setdefault(id(self), []).append(self.param_groups[0]["lr"]), step(self))[1])
    training.fit(small(), two_modes(128), gan.minimax, epochs=2, batch_size=32, lr=1e-3, schedule="one-cycle")
    assert list(rates.values()) == [pytest.approx([1e-3 * training.one_cycle(k / 8) for k in range(8)])] * 2


def test_the_history_tells_of_both_players(digits):
    history = training.fit(small(shape=(1, 28, 28)), digits[0].first(100), gan.minimax, test=digits[1].first(50), epochs=2, batch_size=50)
    terms = ["discriminator_loss", "generator_loss", "accuracy", "variety"]
    train = [*terms, "discriminator_gradient", "generator_gradient"]
    assert history.columns == ["epoch", *(f"train_{term}" for term in train), *(f"test_{term}" for term in terms), "seconds"]
    assert repr(history).startswith("History(2 epochs: train_discriminator_loss ")
    lines = {line.get_label(): list(line.get_ydata()) for line in plots.curves(history).axes[0].lines}
    pairs = [(player, split) for player in ("discriminator", "generator") for split in ("train", "test")]
    assert lines == {f"{player} {split}": history[f"{split}_{player}_loss"] for player, split in pairs}


def test_a_dead_discriminator_and_a_collapsed_generator_can_be_seen():
    dead, collapsed = small(), small()
    nn.init.zeros_(dead.discriminator[-1].weight), nn.init.zeros_(dead.discriminator[-1].bias)
    nn.init.zeros_(collapsed.generator[0].weight)
    played = {name: training.fit(model, two_modes(), gan.minimax, epochs=1, lr=1e-12).last
              for name, model in (("fresh", small()), ("dead", dead), ("collapsed", collapsed))}
    assert played["dead"]["train_accuracy"] == 0.5 and played["dead"]["train_generator_gradient"] < 1e-9 < played["fresh"]["train_generator_gradient"]
    assert played["collapsed"]["train_variety"] < 1e-6 < played["fresh"]["train_variety"]


@LOSSES
def test_the_generator_moves_towards_the_data_and_variety_tells_how_many_modes_it_has(loss):
    model, z = small(hidden=64), torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    before = to_nearest_mode(model.decode(z)).mean().item()
    history = training.fit(model, two_modes(), loss, epochs=60, batch_size=64, lr=2e-3, betas=(0.5, 0.999))
    images = model.decode(z)
    assert to_nearest_mode(images).mean().item() < before / 3
    upper = (images[:, :, :2].mean((1, 2, 3)) > images[:, :, 2:].mean((1, 2, 3))).float().mean().item()
    # two images differ if they are of different modes: 2·p·(1 − p) of all pairs here, half of them in the data
    assert history["train_variety"][-1] == pytest.approx(4 * upper * (1 - upper), abs=0.2)


@pytest.mark.parametrize("term", ["discriminator_loss", "generator_loss"])
def test_a_game_that_diverges_stops_with_the_term_the_step_and_the_advice(term):
    calls = []

    def breaking(output, x, c):
        calls.append(x)
        terms = gan.minimax(output, x)
        return terms | ({term: terms[term] * math.nan} if len(calls) == 6 else {})

    words = f"the {term.replace('_', ' ')} became nan at epoch 2, step 2; try a lower lr than 0.002, or a weaker discriminator"
    with pytest.raises(UserError, match=f"^{words}$"):
        training.fit(small(), two_modes(128), breaking, epochs=9, batch_size=32, lr=2e-3)


@LOSSES
def test_a_learning_rate_beyond_reason_stops_the_run(loss):
    with pytest.raises(UserError, match=r"the (discriminator|generator) loss became (inf|nan) at epoch 1, step [23]; try a lower lr than 1e\+30"):
        training.fit(small(), two_modes(128), loss, epochs=9, batch_size=32, lr=1e30)


def test_patience_needs_one_loss_to_watch():
    with pytest.raises(UserError, match="each have their own .discriminator_loss, generator_loss. and none says when to stop; leave patience out"):
        training.fit(small(), two_modes(), gan.minimax, test=two_modes(), patience=3)


@pytest.mark.parametrize("optimizer", ["adam", "radam"])
def test_an_interrupted_game_ends_where_an_uninterrupted_one_does(tmp_path, optimizer):
    def new(seed):
        torch.manual_seed(seed)
        return GAN(gan.dc_generator(3, SHAPE, 4), gan.dc_discriminator(SHAPE, 4), 3, SHAPE)

    whole, broken, resumed, calls = new(0), new(0), new(1), []
    settings = dict(epochs=8, batch_size=32, optimizer=optimizer, betas=(0.5, 0.999))
    history = training.fit(whole, two_modes(128), gan.minimax, test=two_modes(20), **settings)

    @functools.wraps(gan.minimax)
    def interrupted(output, x, c):
        calls.append(x)
        if len(calls) > 33:                    # in the seventh epoch, of 4 steps and 1 to evaluate; RAdam adapts from its sixth step on
            raise KeyboardInterrupt
        return gan.minimax(output, x)

    path = tmp_path / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        training.fit(broken, two_modes(128), interrupted, test=two_modes(20), checkpoint=path, **settings)
    again = training.fit(resumed, two_modes(128), gan.minimax, test=two_modes(20), checkpoint=path, **settings)
    assert same(whole, resumed) and len(again) == 8
    assert all(again[term] == history[term] for term in history.columns if term != "seconds")


@pytest.mark.parametrize("change, words", [
    (dict(loss=gan.least_squares), "loss .*minimax.* → .*least_squares"), (dict(betas=(0.5, 0.999)), "betas None → .0.5, 0.999."),
    (dict(optimizer="radam"), "optimizer None → radam")])
def test_a_checkpoint_of_another_game_is_refused(tmp_path, change, words):
    def fit(loss=gan.minimax, **settings):
        training.fit(small(), two_modes(32), loss, epochs=1, checkpoint=tmp_path / "run.safetensors", **settings)

    fit()
    with pytest.raises(UserError, match=words):
        fit(**change)


def test_a_last_step_that_diverges_is_not_saved(tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(UserError, match=r"the weights became (inf|nan) at epoch 1, step 1; try a lower lr than 1e\+38, or a weaker discriminator"):
        training.fit(small(), two_modes(8), gan.minimax, epochs=1, batch_size=8, lr=1e38, checkpoint=path)
    assert not path.exists()
