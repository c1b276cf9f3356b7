"""Three ways to give a model a condition.

Where a code goes is computed by hand from the model's own weights; which label an image is drawn
from is seen from the image.
"""
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from vaekit import losses, metrics, recipes, training
from vaekit.cli import app
from vaekit.data import ImageSet, Selection
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import conditioning, nets
from vaekit.models.conditioning import (
    AddedEmbedding,
    Attributes,
    OneHot,
    is_conditional,
    labels_of,
    require_labels,
)
from vaekit.models.vae import VAE

SHAPE = (1, 8, 8)
PIXELS = 64
LATENTS = 3
SIZE = 4
KINDS = ("one-hot", "embedding", "attributes")

X = torch.zeros(2, *SHAPE)
Z = torch.zeros(2, LATENTS)


def build(kind, *, hidden=(16,), weight=1.0):
    torch.manual_seed(0)
    condition = conditioning.make(kind, SIZE, LATENTS, weight)
    decoder = nets.mlp_decoder(LATENTS + condition.width, (16,), SHAPE)
    model = VAE(nn.Flatten(), decoder, LATENTS, SHAPE, condition=condition, hidden=hidden)
    return model.eval()


def labels(kind, n):
    """n conditions, neighbours different: classes 0 1 2 3 0 …, or the bits of these."""
    c = torch.arange(n) % SIZE
    if kind != "attributes":
        return c
    return torch.stack([c % 2, c // 2, 1 - c % 2, torch.ones_like(c)], 1)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def x(generator):
    return torch.rand(6, *SHAPE, generator=generator)


@pytest.fixture
def z(generator):
    return torch.randn(6, LATENTS, generator=generator)


def test_every_method_takes_the_condition_and_keeps_its_shapes(kind, x, z, generator):
    model = build(kind)
    c = labels(kind, 6)
    assert is_conditional(model)
    assert model.condition.kind == kind

    mean, log_var = model.posterior(x, c)
    assert mean.shape == (6, LATENTS)
    assert log_var.shape == (6, LATENTS)
    assert model.decode(z, c).shape == (6, *SHAPE)
    assert model.reconstruct(x, c).shape == (6, *SHAPE)
    assert model.sample(6, c, generator=generator).shape == (6, *SHAPE)
    assert model.log_likelihood(x, z, c).shape == (6,)


def test_the_methods_agree_with_each_other(kind, x, z):
    model = build(kind)
    c = labels(kind, 6)
    mean, _ = model.posterior(x, c)
    logits = model.logits(z, c)
    assert torch.equal(model.encode(x, c), mean)
    torch.testing.assert_close(model.decode(z, c), torch.sigmoid(logits))
    torch.testing.assert_close(model.reconstruct(x, c), model.decode(mean, c).detach())
    torch.testing.assert_close(model.log_likelihood(x, z, c), -losses.bernoulli_nll(logits, x))


def test_each_image_has_its_own_label(kind, x, z):
    """Row i of a batch is what a batch of row i alone gives."""
    model = build(kind)
    c = labels(kind, 6)
    images = model.decode(z, c)
    latents = model.encode(x, c)
    for i in range(6):
        own = slice(i, i + 1)
        torch.testing.assert_close(images[own], model.decode(z[own], c[own]))
        torch.testing.assert_close(latents[own], model.encode(x[own], c[own]))


def test_no_two_labels_give_the_same_image_at_one_z(kind, z):
    same_z = z[:1].expand(4, -1)
    images = build(kind).decode(same_z, labels(kind, 4))
    assert torch.pdist(images.flatten(1)).min() > 1e-3


@pytest.mark.parametrize("hidden", [(), (16,), (16, 8)])
def test_only_a_concatenated_condition_reaches_the_encoder(kind, hidden, x):
    model = build(kind, hidden=hidden)
    c = labels(kind, 6)
    posterior = torch.cat(model.posterior(x, c))
    of_other_labels = torch.cat(model.posterior(x, c.roll(1, 0)))
    changes = not torch.equal(posterior, of_other_labels)
    assert changes == (kind != "embedding")

    width = PIXELS + model.condition.width
    if hidden:
        assert model.joint[0].in_features == width
        width = hidden[-1]
    else:
        assert len(model.joint) == 0
    assert model.to_mean.in_features == width
    assert model.to_log_var.in_features == width


@pytest.mark.parametrize("kind", ["one-hot", "attributes"])
def test_a_concatenated_code_stands_after_features_and_latent(kind, x, z):
    """By hand, layer for layer, from the model's own weights."""
    model = build(kind)
    c = labels(kind, 6)
    code = c.float() if kind == "attributes" else torch.eye(SIZE)[c]
    expected = model.decoder(torch.cat([z, code], 1))
    torch.testing.assert_close(model.logits(z, c), expected)

    features = torch.cat([x.flatten(1), code], 1)
    expected = model.to_mean(model.joint(features))
    torch.testing.assert_close(model.encode(x, c), expected)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_an_embedding_is_added_to_the_latent(weight, z):
    model = build("embedding", weight=weight)
    c = labels("embedding", 6)
    added = model.condition.mlp(model.condition.embedding.weight[c])
    expected = model.decoder(z + weight * added)
    torch.testing.assert_close(model.logits(z, c), expected)


def test_a_condition_of_weight_zero_changes_nothing(kind, z):
    model = build(kind, weight=0.0)
    c = labels(kind, 6)
    assert torch.equal(model.decode(z, c), model.decode(z, c.roll(1, 0)))
    nothing = torch.zeros(6, model.condition.width)
    assert torch.equal(model.logits(z, c), model.decoder(torch.cat([z, nothing], 1)))


def test_the_embedding_learns_from_the_decoder_only(x):
    model = build("embedding")
    c = labels("embedding", 6)
    losses.negative_elbo(model(x, c), x)["loss"].sum().backward()
    gradient = model.condition.embedding.weight.grad
    assert gradient is not None
    assert bool((gradient.abs().sum(1) > 0).all()), "every class that was seen"

    model.zero_grad()
    mean, log_var = model.posterior(x, c)
    (mean.sum() + log_var.sum()).backward()
    assert model.condition.embedding.weight.grad is None


def test_one_label_for_all_is_that_label_repeated(kind, x, z):
    model = build(kind)
    row = labels(kind, 3)[2]
    repeated = row.expand(6, *row.shape)
    for one in (row, row.tolist()):
        assert torch.equal(model.decode(z, one), model.decode(z, repeated))
        assert torch.equal(model.encode(x, one), model.encode(x, repeated))
        of_one = model.sample(6, one, generator=seeded(1))
        of_six = model.sample(6, repeated, generator=seeded(1))
        assert torch.equal(of_one, of_six)


def test_labels_may_be_any_whole_numbers_and_plain_lists(kind, z):
    model = build(kind)
    c = labels(kind, 6)
    expected = model.decode(z, c)
    assert torch.equal(model.decode(z, c.to(torch.uint8)), expected)
    assert torch.equal(model.decode(z, c.tolist()), expected)


def test_attributes_may_be_booleans(z):
    model = build("attributes")
    c = labels("attributes", 6)
    assert torch.equal(model.decode(z, c.bool()), model.decode(z, c.float()))


def test_samples_follow_the_generator_and_the_prior(kind):
    model = build(kind)
    c = labels(kind, 5)
    images = model.sample(5, c, generator=seeded(1))
    assert torch.equal(images, model.sample(5, c, generator=seeded(1)))
    assert not torch.equal(images, model.sample(5, c, generator=seeded(2)))
    assert not images.requires_grad

    noise = torch.randn(5, LATENTS, generator=seeded(1))
    torch.testing.assert_close(images, model.decode(noise, c).detach())


def test_given_is_the_model_at_one_condition(kind, z):
    model = build(kind)
    row = labels(kind, 3)[2]
    for c in (row, row.tolist(), row[None], [row.tolist()]):
        fixed = model.given(c)
        assert not is_conditional(fixed)
        assert torch.equal(fixed.decode(z), model.decode(z, row))

        images = fixed.sample(7, generator=seeded(3))
        assert torch.equal(images, model.sample(7, row, generator=seeded(3)))
        assert fixed.latent_dim == LATENTS
        assert fixed.image_shape == SHAPE


def test_several_draws_keep_the_label_of_their_image(kind, x):
    model = build(kind)
    c = labels(kind, 6)
    output = model(x, c, samples=5)
    assert output.logits.shape == (5, 6, *SHAPE)
    assert output.z.shape == (5, 6, LATENTS)
    assert output.mean.shape == (6, LATENTS)
    assert output.log_var.shape == (6, LATENTS)
    for k in range(5):
        torch.testing.assert_close(output.logits[k], model.logits(output.z[k], c))


def test_one_draw_keeps_the_label_of_its_image(kind, x):
    model = build(kind)
    c = labels(kind, 6)
    output = model(x, c)
    torch.testing.assert_close(output.logits, model.logits(output.z, c))
    torch.testing.assert_close((output.mean, output.log_var), model.posterior(x, c))


def test_unconditional_models_have_nothing_of_a_condition(z):
    model = build(None)
    assert not is_conditional(model)
    assert not [name for name in model.state_dict() if "condition" in name]
    assert torch.equal(model.logits(z), model.decoder(z))
    assert not is_conditional(nn.Linear(1, 1))


@pytest.mark.parametrize("c", [torch.tensor([0, 1]), torch.tensor([0.5, 9.0]), "no label"])
def test_forward_of_an_unconditional_model_does_not_read_the_labels(c):
    model = build(None)
    torch.manual_seed(0)
    expected = model(X, None)
    torch.manual_seed(0)
    output = model(X, c)
    assert torch.equal(output.logits, expected.logits)
    assert torch.equal(output.z, expected.z)


def test_labels_of_are_those_of_the_images_for_a_conditional_model_only(kind, x):
    images = ImageSet(torch.zeros(2, *SHAPE), torch.tensor([1, 0]))
    assert labels_of(build(kind), images) is images.y
    assert labels_of(build(None), images) is None
    assert labels_of(build(None), x) is None


def test_a_conditional_model_requires_labels(kind, x):
    require_labels(build(None), x)
    require_labels(build(kind), ImageSet(X, torch.tensor([0, 1])))
    with pytest.raises(UserError, match="the images are a plain tensor; pass an ImageSet"):
        require_labels(build(kind), x)


@pytest.mark.parametrize("name", ["fc-cvae", "conv-cvae-mnist"])
def test_save_and_load_model_bring_the_condition_back(name, kind, tmp_path, generator):
    model = recipes.build(name, 2, condition=kind, classes=SIZE).eval()
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", name, model))
    assert loaded.condition.kind == kind
    assert loaded.condition.size == SIZE
    assert not loaded.training

    x = torch.rand(3, 1, 28, 28, generator=generator)
    c = labels(kind, 3)
    z = torch.randn(3, 2, generator=generator)
    assert torch.equal(loaded.encode(x, c), model.encode(x, c))
    assert torch.equal(loaded.decode(z, c), model.decode(z, c))


def test_recipes_condition_as_the_report_did_if_left_alone():
    assert recipes.build("fc-cvae").condition.kind == "one-hot"
    assert recipes.build("conv-cvae-mnist").condition.kind == "one-hot"
    assert not is_conditional(recipes.build("fc-vae"))


def test_recipes_can_be_trained_with_another_condition():
    data = Selection("digits", limit=100)
    run = recipes.train("fc-cvae", data, condition="embedding", epochs=1)
    condition = run.model.condition
    assert condition.kind == "embedding"
    assert condition.size == 10
    assert condition.mlp[-1].out_features == 15


WRONG_CLASSES = [
    (-1, "unknown class -1; this model knows 0 … 3"),
    (4, "unknown class 4"),
    (torch.tensor([0, 10]), "unknown class 10"),
    (torch.tensor([-1, 0]), "unknown class -1"),
    (
        torch.tensor([0.0, 1.0]),
        r"whole numbers, one per image, got torch.float32 of shape \(2,\)",
    ),
    (torch.tensor([True, False]), "whole numbers, one per image, got torch.bool"),
    (1.0, "got torch.float32"),
    (True, "got torch.bool"),
    (torch.tensor([0, 1, 2]), "one class per image is needed: 2 images, 3 classes"),
    ([1], "2 images, 1 classes"),
    (torch.zeros(2, 1, dtype=torch.long), r"got torch.int64 of shape \(2, 1\)"),
    (None, "this model is conditional: pass c, a class in 0 … 3 for each image"),
]

WRONG_ATTRIBUTES = [
    (torch.tensor([0, 1, -1, 0]), "attributes are 0 or 1, got -1; CelebA's −1 means 0"),
    ([[0, 1, 1, 1], [0, 0.5, 0, 0]], "0 or 1, got 0.5"),
    (torch.tensor([0, 1, torch.nan, 0]), "0 or 1, got nan"),
    ([0, 1, 2, 0], "0 or 1, got 2"),
    ([0, 1, 1], r"takes 4 attributes per image, got shape \(3,\)"),
    (torch.zeros(2, 5), r"4 attributes per image, got shape \(2, 5\)"),
    (torch.zeros(3, 4), "one row of attributes per image is needed: 2 images, 3 rows"),
    (torch.zeros(1, 4), "2 images, 1 rows"),
    (1, r"got shape \(\)"),
    (torch.zeros(1, 2, 4), r"got shape \(1, 2, 4\)"),
    (None, "this model is conditional: pass c, a row of 4 attributes, 0 or 1 each"),
]

WRONG = [
    *(("one-hot", c, words) for c, words in WRONG_CLASSES),
    *(("embedding", c, words) for c, words in WRONG_CLASSES),
    *(("attributes", c, words) for c, words in WRONG_ATTRIBUTES),
]

# every way to use a model's condition, but for forward
METHODS = {
    "posterior": lambda model, c: model.posterior(X, c),
    "encode": lambda model, c: model.encode(X, c),
    "decode": lambda model, c: model.decode(Z, c),
    "logits": lambda model, c: model.logits(Z, c),
    "sample": lambda model, c: model.sample(2, c),
    "reconstruct": lambda model, c: model.reconstruct(X, c),
    "log_likelihood": lambda model, c: model.log_likelihood(X, Z, c),
}


@pytest.mark.parametrize("kind, c, words", WRONG)
def test_a_wrong_condition_is_named_by_every_method(kind, c, words):
    model = build(kind)
    for call in METHODS.values():
        with pytest.raises(UserError, match=words):
            call(model, c)
    with pytest.raises(UserError, match=words):
        model(X, c)
    with pytest.raises(UserError, match=words):
        model(X, c, samples=3)


@pytest.mark.parametrize("c", [0, torch.tensor([0, 1])])
@pytest.mark.parametrize("method", METHODS)
def test_an_unconditional_model_refuses_a_condition(method, c):
    model = build(None)
    with pytest.raises(UserError, match="this model is unconditional: leave c out"):
        METHODS[method](model, c)


def set_of(*y):
    return ImageSet(X, torch.tensor(y))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: build("one-hot").given(4), "unknown class 4"),
        (lambda: build("one-hot").given([1, 2]), "1 images, 2 classes"),
        (lambda: build("attributes").given([0, 1]), "takes 4 attributes"),
        (lambda: build("embedding").given(None), "pass c"),
        (lambda: build(None).given(1), "this model is unconditional"),
        (
            lambda: build("one-hot").given(3).decode(Z, 1),
            "this model's condition is fixed to 3: leave c out",
        ),
        (
            lambda: build("one-hot").given(3).sample(2, 1),
            "this model's condition is fixed to 3: leave c out",
        ),
        (lambda: build("one-hot")(X, 1, samples=0), "samples must be ≥ 1, got 0"),
        (
            lambda: conditioning.make("onehot", 10, 2),
            "unknown condition 'onehot'; "
            "choose one of one-hot, embedding, attributes. Did you mean 'one-hot'",
        ),
        (lambda: OneHot(1), "classes must be ≥ 2, got 1"),
        (lambda: Attributes(0), "attributes must be ≥ 1, got 0"),
        (lambda: AddedEmbedding(1, 2), "classes must be ≥ 2, got 1"),
        (lambda: AddedEmbedding(10, 0), "latent_dim must be ≥ 1, got 0"),
        (lambda: AddedEmbedding(10, 2, hidden=0), "hidden must be ≥ 1, got 0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: training.fit(build("one-hot"), X, losses.negative_elbo),
            "conditional, but the images are a plain tensor; pass an ImageSet",
        ),
        (
            lambda: training.evaluate(build("one-hot"), X, losses.negative_elbo),
            "images are a plain tensor",
        ),
        (
            lambda: training.fit(build("one-hot"), set_of(0, 1), losses.negative_elbo, test=X),
            "images are a plain tensor",
        ),
        (
            lambda: training.fit(build("one-hot"), set_of(0, 9), losses.negative_elbo),
            "unknown class 9",
        ),
        (
            lambda: metrics.class_consistency(build(None), [1], features=nn.Flatten()),
            "VAE takes no class: class consistency is for conditional models",
        ),
        (
            lambda: metrics.class_consistency(
                build("one-hot").given(1), [1], features=nn.Flatten()
            ),
            "Given takes no class",
        ),
    ],
)
def test_training_and_metrics_name_what_is_wrong_with_the_condition(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: recipes.build("fc-cvae", condition="class"), "unknown condition 'class'"),
        (
            lambda: recipes.train("fc-vae", "digits", condition="one-hot"),
            "recipe 'fc-vae' is unconditional: leave condition out",
        ),
        (
            lambda: recipes.train("conv-ae-mnist", "digits", beta=2.0),
            "recipe 'conv-ae-mnist' is trained with another loss. Leave beta out",
        ),
        (
            lambda: recipes.train("fc-vae", "digits", beta=2.0, loss=losses.free_bits),
            "trained with the loss you pass",
        ),
        (
            lambda: recipes.train("fc-vae", "digits", beta=-1.0),
            "beta must be ≥ 0, got -1",
        ),
    ],
)
def test_recipes_name_what_does_not_suit_them(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            ["conv-ae-mnist", "--beta", "2"],
            "recipe 'conv-ae-mnist' is trained with another loss",
        ),
        (["fc-vae", "--condition", "one-hot"], "recipe 'fc-vae' is unconditional"),
        (["fc-cvae", "--condition", "one-hat"], "unknown condition 'one-hat'"),
    ],
)
def test_the_command_line_says_so_in_one_sentence(arguments, words, tmp_path):
    out = str(tmp_path / "out")
    command = ["train", *arguments, "--data", "digits", "--out", out]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
