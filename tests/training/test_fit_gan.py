"""The game that `fit` plays with two players.

One step against the same step by hand, what the history shows, how the game goes on.
"""
import pytest
import torch
from support.gan import LOSSES, SHAPE, small_gan
from support.training import two_modes
from support.vaes import same_weights
from torch import nn

from vaekit import plots, training
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import gan
from vaekit.models.gan import GAN, GANOutput
from vaekit.training.seeds import seed_epoch

PLAYERS = ("discriminator", "generator")


def to_nearest_mode(images):
    """The distance of each image to the nearer one of the two modes, (N,)."""
    differences = images[:, None] - two_modes(2)
    return differences.flatten(2).norm(dim=2).min(1).values


@LOSSES
def test_one_step_of_fit_is_one_step_of_each_player_at_the_same_weights(loss):
    ours = small_gan()
    x = torch.rand(20, *SHAPE)
    settings = {"lr": 1e-2, "betas": (0.5, 0.9), "weight_decay": 0.01}
    history = training.fit(ours, x, loss, epochs=1, batch_size=20, seed=5, **settings)

    hand = small_gan()
    hand.train()
    with torch.random.fork_rng():
        order = torch.randperm(20, generator=seed_epoch(5, 0))
        fake = hand.generator(torch.randn(20, 3)) / 2 + 0.5
    real = x[order]
    scores_real = hand.discriminator(2 * real - 1)[:, 0]
    scores_fake = hand.discriminator(2 * fake - 1)[:, 0]
    terms = loss(GANOutput(scores_real, scores_fake, fake), real)

    # all gradients first, then the steps
    norms = {}
    for player in PLAYERS:
        weights = list(getattr(hand, player).parameters())
        own_loss = terms[f"{player}_loss"].mean()
        gradients = torch.autograd.grad(own_loss, weights, retain_graph=True)
        norms[player] = torch.cat([g.flatten() for g in gradients]).norm().item()
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
    for player in PLAYERS:
        weights = getattr(hand, player).parameters()
        torch.optim.Adam(weights, **settings, fused=True).step()

    assert same_weights(ours, hand)
    assert not same_weights(ours, small_gan())
    for player in PLAYERS:
        own_loss = terms[f"{player}_loss"].mean().item()
        gradient = history.last[f"train_{player}_gradient"]
        assert gradient == pytest.approx(norms[player], rel=1e-5)
        assert history.last[f"train_{player}_loss"] == pytest.approx(own_loss, rel=1e-5)


@pytest.mark.parametrize("player, other", [
    ("discriminator", "generator"),
    ("generator", "discriminator"),
])
def test_each_player_moves_by_its_own_loss_only(monkeypatch, player, other):
    """With the other's optimiser at rest, a player ends where the full game's first step ends."""
    x = torch.rand(20, *SHAPE)
    start = small_gan()
    both = small_gan()
    training.fit(both, x, gan.non_saturating, epochs=1, batch_size=20)

    model = small_gan()
    own_weights = set(getattr(model, player).parameters())
    adam_step = torch.optim.Adam.step

    def step_of_one_player(self):
        if self.param_groups[0]["params"][0] in own_weights:
            adam_step(self)

    monkeypatch.setattr(torch.optim.Adam, "step", step_of_one_player)
    training.fit(model, x, gan.non_saturating, epochs=1, batch_size=20)
    assert same_weights(getattr(model, player), getattr(both, player))
    assert same_weights(getattr(model, other), getattr(start, other))


def test_the_schedule_rules_both_players(monkeypatch):
    rates = {}
    adam_step = torch.optim.Adam.step

    def recorded_step(self):
        rates.setdefault(id(self), []).append(self.param_groups[0]["lr"])
        adam_step(self)

    monkeypatch.setattr(torch.optim.Adam, "step", recorded_step)
    training.fit(
        small_gan(),
        two_modes(128),
        gan.non_saturating,
        epochs=2,
        batch_size=32,
        lr=1e-3,
        schedule="one-cycle",
    )
    expected = [1e-3 * training.one_cycle(step / 8) for step in range(8)]
    assert len(rates) == 2
    for of_one_player in rates.values():
        assert of_one_player == pytest.approx(expected)


def test_the_history_has_the_numbers_of_both_players(digits):
    history = training.fit(
        small_gan(shape=(1, 28, 28)),
        digits[0].first(100),
        gan.non_saturating,
        test=digits[1].first(50),
        epochs=2,
        batch_size=50,
    )
    terms = ["discriminator_loss", "generator_loss", "accuracy", "variety"]
    gradients = ["discriminator_gradient", "generator_gradient"]
    train_columns = [f"train_{term}" for term in [*terms, *gradients]]
    test_columns = [f"test_{term}" for term in terms]
    assert history.columns == ["epoch", *train_columns, *test_columns, "seconds"]
    assert repr(history).startswith("History(2 epochs: train_discriminator_loss ")

    drawn = plots.curves(history).axes[0].lines
    found = {line.get_label(): list(line.get_ydata()) for line in drawn}
    expected = {}
    for player in PLAYERS:
        for split in ("train", "test"):
            expected[f"{player} {split}"] = history[f"{split}_{player}_loss"]
    assert found == expected


def test_a_dead_discriminator_and_a_collapsed_generator_can_be_seen():
    dead = small_gan()
    nn.init.zeros_(dead.discriminator[-1].weight)
    nn.init.zeros_(dead.discriminator[-1].bias)
    collapsed = small_gan()
    nn.init.zeros_(collapsed.generator[0].weight)

    def played(model):
        return training.fit(model, two_modes(), gan.non_saturating, epochs=1, lr=1e-12).last

    of_fresh = played(small_gan())
    of_dead = played(dead)
    of_collapsed = played(collapsed)
    assert of_dead["train_accuracy"] == 0.5
    assert of_dead["train_generator_gradient"] < 1e-9
    assert of_fresh["train_generator_gradient"] > 1e-9
    assert of_collapsed["train_variety"] < 1e-6
    assert of_fresh["train_variety"] > 1e-6


@LOSSES
def test_the_generator_moves_towards_the_data_and_variety_counts_its_modes(loss):
    model = small_gan(hidden=64)
    z = torch.randn(200, 3, generator=seeded(0))
    before = to_nearest_mode(model.decode(z)).mean().item()
    history = training.fit(
        model, two_modes(), loss, epochs=60, batch_size=64, lr=2e-3, betas=(0.5, 0.999)
    )
    images = model.decode(z)
    after = to_nearest_mode(images).mean().item()
    assert after < before / 3

    upper = images[:, :, :2].mean((1, 2, 3))
    lower = images[:, :, 2:].mean((1, 2, 3))
    share = (upper > lower).float().mean().item()
    # two images differ if they are of different modes: 2·p·(1 − p) of all pairs here, and half
    # of them in the data
    expected = 4 * share * (1 - share)
    assert history["train_variety"][-1] == pytest.approx(expected, abs=0.2)


def test_patience_needs_one_loss_to_watch():
    words = (
        "each have their own .discriminator_loss, generator_loss. "
        "and none says when to stop; leave patience out"
    )
    with pytest.raises(UserError, match=words):
        training.fit(small_gan(), two_modes(), gan.non_saturating, test=two_modes(), patience=3)


def new_dc_gan(seed):
    torch.manual_seed(seed)
    generator = gan.dc_generator(3, SHAPE, 4)
    discriminator = gan.dc_discriminator(SHAPE, 4)
    return GAN(generator, discriminator, 3, SHAPE)


@pytest.mark.parametrize("optimizer", ["adam", "radam"])
def test_an_interrupted_game_ends_where_an_uninterrupted_one_does(tmp_path, optimizer, killed):
    def fit(model, loss, checkpoint=None):
        return training.fit(
            model,
            two_modes(128),
            loss,
            test=two_modes(20),
            epochs=8,
            batch_size=32,
            optimizer=optimizer,
            betas=(0.5, 0.999),
            checkpoint=checkpoint,
        )

    whole = new_dc_gan(0)
    history = fit(whole, gan.non_saturating)

    # in the seventh epoch, of 4 steps and 1 to evaluate; RAdam adapts from its sixth step on
    path = tmp_path / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(killed(33, new_dc_gan(0)), gan.non_saturating, path)
    resumed = new_dc_gan(1)
    again = fit(resumed, gan.non_saturating, path)

    assert same_weights(whole, resumed)
    assert len(again) == 8
    for term in history.columns:
        if term != "seconds":
            assert again[term] == history[term], term


@pytest.mark.parametrize("change, words", [
    ({"loss": gan.least_squares}, "loss .*non_saturating.* → .*least_squares"),
    ({"betas": (0.5, 0.999)}, "betas .0.9, 0.999. → .0.5, 0.999."),
    ({"optimizer": "radam"}, "optimizer adam → radam"),
])
def test_a_checkpoint_of_another_game_is_refused(tmp_path, change, words):
    path = tmp_path / "run.safetensors"

    def fit(loss=gan.non_saturating, **settings):
        training.fit(small_gan(), two_modes(32), loss, epochs=1, checkpoint=path, **settings)

    fit()
    with pytest.raises(UserError, match=words):
        fit(**change)
