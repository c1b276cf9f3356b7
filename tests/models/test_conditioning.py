"""Three ways to tell a model what is wanted. A decoder or encoder made by hand shows what it hears; a trained one draws what it was asked for."""
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from vaekit import losses, metrics, recipes, training
from vaekit.cli import app
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.models import conditioning, nets
from vaekit.models.conditioning import AddedEmbedding, Attributes, OneHot, is_conditional, labels_of
from vaekit.models.vae import VAE

SHAPE, D, SIZE = (1, 8, 8), 3, 4
KINDS = ("one-hot", "embedding", "attributes")


def build(kind, *, hidden=(16,), seed=0, **settings):
    torch.manual_seed(seed)
    condition = AddedEmbedding(SIZE, D, **settings) if settings else conditioning.make(kind, SIZE, D)
    return VAE(nn.Flatten(), nets.mlp_decoder(D + condition.width, (16,), SHAPE), D, SHAPE, condition=condition, hidden=hidden).eval()


def labels(kind, n):
    """n conditions, neighbours different: classes 0 1 2 3 0 …, or the two lowest bits of these."""
    c = torch.arange(n) % SIZE
    return torch.stack([c % 2, c // 2, 1 - c % 2, torch.ones_like(c)], 1) if kind == "attributes" else c


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def x(generator):
    return torch.rand(6, *SHAPE, generator=generator)


@pytest.fixture
def z(generator):
    return torch.randn(6, D, generator=generator)


def test_every_method_takes_the_condition_and_keeps_its_shapes(kind, x, z, generator):
    model, c = build(kind), labels(kind, 6)
    assert is_conditional(model) and model.condition.kind == kind
    assert [part.shape for part in model.posterior(x, c)] == [(6, D)] * 2 and torch.equal(model.encode(x, c), model.posterior(x, c)[0])
    assert model.decode(z, c).shape == model.reconstruct(x, c).shape == model.sample(6, c, generator=generator).shape == (6, *SHAPE)
    torch.testing.assert_close(model.decode(z, c), torch.sigmoid(model.logits(z, c)))
    torch.testing.assert_close(model.reconstruct(x, c), model.decode(model.encode(x, c), c).detach())
    torch.testing.assert_close(model.log_likelihood(x, z, c), -losses.bernoulli_nll(model.logits(z, c), x))
    assert model.log_likelihood(x, z, c).shape == (6,)


def test_each_image_hears_its_own_label(kind, x, z):
    """Row i of a batch is what a batch of row i alone gives, and no two labels give the same image at one z."""
    model, c = build(kind), labels(kind, 6)
    for i in range(6):
        torch.testing.assert_close(model.decode(z, c)[i], model.decode(z[i:i + 1], c[i:i + 1])[0])
        torch.testing.assert_close(model.encode(x, c)[i], model.encode(x[i:i + 1], c[i:i + 1])[0])
    same_z = model.decode(z[:1].expand(4, -1), c[:4]).flatten(1)
    assert torch.pdist(same_z).min() > 1e-3


@pytest.mark.parametrize("hidden", [(), (16,), (16, 8)])
def test_only_a_concatenated_condition_reaches_the_encoder(kind, hidden, x):
    model, c = build(kind, hidden=hidden), labels(kind, 6)
    told = not torch.equal(torch.cat(model.posterior(x, c)), torch.cat(model.posterior(x, c.roll(1, 0))))
    assert told == (kind != "embedding")
    assert model.joint[0].in_features == 64 + model.condition.width if hidden else len(model.joint) == 0
    assert model.to_mean.in_features == model.to_log_var.in_features == (hidden[-1] if hidden else 64 + model.condition.width)


def test_what_is_joined_is_the_code_after_features_and_latent(x, z):
    """By hand, layer for layer, from the model's own weights."""
    for kind in ("one-hot", "attributes"):
        model, c = build(kind), labels(kind, 6)
        code = c.float() if kind == "attributes" else torch.eye(SIZE)[c]
        torch.testing.assert_close(model.logits(z, c), model.decoder(torch.cat([z, code], 1)))
        torch.testing.assert_close(model.encode(x, c), model.to_mean(model.joint(torch.cat([x.flatten(1), code], 1))))
    for weight in (1.0, 0.25):
        model, c = build("embedding", weight=weight), labels("embedding", 6)
        added = model.condition.mlp(model.condition.embedding.weight[c])
        torch.testing.assert_close(model.logits(z, c), model.decoder(z + weight * added))


def test_an_embedding_of_weight_zero_says_nothing(x, z):
    model, c = build("embedding", weight=0.0), labels("embedding", 6)
    assert torch.equal(model.decode(z, c), model.decode(z, c.roll(1))) and torch.equal(model.logits(z, c), model.decoder(z))


def test_the_embedding_learns_from_the_decoder_only(x):
    model, c = build("embedding"), labels("embedding", 6)
    losses.negative_elbo(model(x, c), x)["loss"].sum().backward()
    gradient = model.condition.embedding.weight.grad
    assert gradient is not None and bool((gradient.abs().sum(1) > 0).all()), "every class that was seen"
    model.zero_grad()
    sum(part.sum() for part in model.posterior(x, c)).backward()
    assert model.condition.embedding.weight.grad is None


def test_one_label_for_all_is_that_label_repeated(kind, x, z):
    model, row = build(kind), labels(kind, 3)[2]
    repeated = row.expand(6, *row.shape)
    as_python = row.tolist()
    for one in (row, as_python):
        assert torch.equal(model.decode(z, one), model.decode(z, repeated)) and torch.equal(model.encode(x, one), model.encode(x, repeated))
        a, b = (model.sample(6, c, generator=torch.Generator().manual_seed(1)) for c in (one, repeated))
        assert torch.equal(a, b)
    assert torch.equal(model.decode(z, repeated.to(torch.uint8)), model.decode(z, repeated)), "any whole-number type"
    assert torch.equal(model.decode(z, repeated.tolist()), model.decode(z, repeated))
    if kind == "attributes":
        assert torch.equal(model.decode(z, repeated.bool()), model.decode(z, repeated.float()))


def test_samples_follow_the_generator_and_the_prior(kind):
    model, c = build(kind), labels(kind, 5)
    a, b, other = (model.sample(5, c, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, other) and not a.requires_grad
    noise = torch.randn(5, D, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(a, model.decode(noise, c).detach())


def test_given_is_the_model_at_one_condition(kind, z):
    model, row = build(kind), labels(kind, 3)[2]
    for c in (row, row.tolist(), row[None], [row.tolist()]):
        fixed = model.given(c)
        assert torch.equal(fixed.decode(z), model.decode(z, row)) and not is_conditional(fixed)
        a, b = fixed.sample(7, generator=torch.Generator().manual_seed(3)), model.sample(7, row, generator=torch.Generator().manual_seed(3))
        assert torch.equal(a, b)
    assert (fixed.latent_dim, fixed.image_shape) == (D, SHAPE)


def test_several_draws_keep_the_label_of_their_image(kind, x):
    model, c = build(kind), labels(kind, 6)
    output = model(x, c, samples=5)
    assert output.logits.shape == (5, 6, *SHAPE) and output.z.shape == (5, 6, D) and output.mean.shape == output.log_var.shape == (6, D)
    for k in range(5):
        torch.testing.assert_close(output.logits[k], model.logits(output.z[k], c))
    one = model(x, c)
    torch.testing.assert_close(one.logits, model.logits(one.z, c))
    torch.testing.assert_close((one.mean, one.log_var), model.posterior(x, c))


def test_unconditional_models_stay_as_they_were(x, z):
    model = build(None)
    assert not is_conditional(model) and labels_of(model, x) == () and not [k for k in model.state_dict() if "condition" in k]
    assert torch.equal(model.logits(z), model.decoder(z)) and not is_conditional(nn.Linear(1, 1))
    images = ImageSet(torch.zeros(2, *SHAPE), torch.tensor([1, 0]))
    assert labels_of(model, images) == () and labels_of(build("one-hot"), images)[0] is images.y


@pytest.mark.parametrize("name", ["fc-cvae", "conv-cvae-mnist"])
def test_save_and_load_model_bring_the_condition_back(name, kind, tmp_path, generator):
    model = recipes.build(name, 2, condition=kind, classes=SIZE).eval()
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", name, model))
    x, c, z = torch.rand(3, 1, 28, 28, generator=generator), labels(kind, 3), torch.randn(3, 2, generator=generator)
    assert (loaded.condition.kind, loaded.condition.size, loaded.training) == (kind, SIZE, False)
    assert torch.equal(loaded.encode(x, c), model.encode(x, c)) and torch.equal(loaded.decode(z, c), model.decode(z, c))


def test_recipes_condition_as_the_report_did_unless_told():
    assert recipes.build("fc-cvae").condition.kind == recipes.build("conv-cvae-mnist").condition.kind == "one-hot"
    assert not is_conditional(recipes.build("fc-vae"))
    run = recipes.train("fc-cvae", data="digits", condition="embedding", limit=100, epochs=1)
    assert run.model.condition.kind == "embedding" and run.model.condition.size == 10 and run.model.condition.mlp[-1].out_features == 15


X, Z = torch.zeros(2, *SHAPE), torch.zeros(2, D)


@pytest.mark.parametrize("kind, c, words", [
    *[(kind, c, words) for kind in ("one-hot", "embedding") for c, words in [
        (-1, "unknown class -1; this model knows 0 … 3"), (4, "unknown class 4"), (torch.tensor([0, 10]), "unknown class 10"),
        (torch.tensor([-1, 0]), "unknown class -1"), (torch.tensor([0.0, 1.0]), r"whole numbers, one an image, got torch.float32 of shape \(2,\)"),
        (torch.tensor([True, False]), "whole numbers, one an image, got torch.bool"), (1.0, "got torch.float32"), (True, "got torch.bool"),
        (torch.tensor([0, 1, 2]), "one class an image is needed: 2 images, 3 classes"), ([1], "2 images, 1 classes"),
        (torch.zeros(2, 1, dtype=torch.long), r"got torch.int64 of shape \(2, 1\)"),
        (None, "this model is conditional: pass c, a class in 0 … 3 for each image")]],
    *[("attributes", c, words) for c, words in [
        (torch.tensor([0, 1, -1, 0]), "attributes are 0 or 1, got -1; CelebA's −1 means 0"), ([[0, 1, 1, 1], [0, 0.5, 0, 0]], "0 or 1, got 0.5"),
        (torch.tensor([0, 1, torch.nan, 0]), "0 or 1, got nan"), ([0, 1, 2, 0], "0 or 1, got 2"),
        ([0, 1, 1], r"takes 4 attributes an image, got shape \(3,\)"), (torch.zeros(2, 5), r"4 attributes an image, got shape \(2, 5\)"),
        (torch.zeros(3, 4), "one row of attributes an image is needed: 2 images, 3 rows"), (torch.zeros(1, 4), "2 images, 1 rows"),
        (1, r"got shape \(\)"), (torch.zeros(1, 2, 4), r"got shape \(1, 2, 4\)"),
        (None, "this model is conditional: pass c, a row of 4 attributes, 0 or 1 each")]],
    (None, 0, "this model is unconditional: leave c out"), (None, torch.tensor([0, 1]), "this model is unconditional"),
])
def test_a_wrong_condition_is_named_by_every_method(kind, c, words):
    model = build(kind)
    for call in (lambda: model.posterior(X, c), lambda: model.encode(X, c), lambda: model.decode(Z, c), lambda: model.logits(Z, c),
                 lambda: model.sample(2, c), lambda: model.reconstruct(X, c), lambda: model(X, c), lambda: model(X, c, samples=3),
                 lambda: model.log_likelihood(X, Z, c)):
        with pytest.raises(UserError, match=words):
            call()


@pytest.mark.parametrize("call, words", [
    (lambda: build("one-hot").given(4), "unknown class 4"),
    (lambda: build("one-hot").given([1, 2]), "1 images, 2 classes"),
    (lambda: build("attributes").given([0, 1]), "takes 4 attributes"),
    (lambda: build("embedding").given(None), "pass c"),
    (lambda: build(None).given(1), "this model is unconditional"),
    (lambda: build("one-hot")(X, 1, samples=0), "samples must be ≥ 1, got 0"),
    (lambda: training.fit(build("one-hot"), X, losses.negative_elbo), "conditional, but the images are a plain tensor; pass an ImageSet"),
    (lambda: training.evaluate(build("one-hot"), X, losses.negative_elbo), "images are a plain tensor"),
    (lambda: training.fit(build("one-hot"), ImageSet(X, torch.tensor([0, 1])), losses.negative_elbo, test=X), "images are a plain tensor"),
    (lambda: training.fit(build("one-hot"), ImageSet(X, torch.tensor([0, 9])), losses.negative_elbo), "unknown class 9"),
    (lambda: metrics.class_consistency(build(None), [1], features=nn.Flatten()), "VAE takes no class: class consistency is for conditional models"),
    (lambda: metrics.class_consistency(build("one-hot").given(1), [1], features=nn.Flatten()), "Given takes no class"),
    (lambda: conditioning.make("onehot", 10, 2), "unknown condition 'onehot'; choose one of one-hot, embedding, attributes. Did you mean 'one-hot'"),
    (lambda: recipes.build("fc-cvae", condition="class"), "unknown condition 'class'"),
    (lambda: recipes.train("fc-vae", data="digits", condition="one-hot"), "recipe 'fc-vae' is unconditional: leave condition out"),
    (lambda: recipes.train("conv-ae-mnist", data="digits", beta=2.0), "recipe 'conv-ae-mnist' is trained with another loss. Leave beta out"),
    (lambda: recipes.train("fc-vae", data="digits", beta=2.0, loss=losses.free_bits), "trained with the loss you pass"),
    (lambda: recipes.train("fc-vae", data="digits", beta=-1.0, limit=20), "beta must be ≥ 0, got -1"),
    (lambda: OneHot(1), "classes must be ≥ 2, got 1"),
    (lambda: Attributes(0), "attributes must be ≥ 1, got 0"),
    (lambda: AddedEmbedding(1, 2), "classes must be ≥ 2, got 1"),
    (lambda: AddedEmbedding(10, 0), "latent_dim must be ≥ 1, got 0"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize("arguments, words", [
    (["conv-ae-mnist", "--beta", "2"], "recipe 'conv-ae-mnist' is trained with another loss"),
    (["fc-vae", "--condition", "one-hot"], "recipe 'fc-vae' is unconditional"),
    (["fc-cvae", "--condition", "one-hat"], "unknown condition 'one-hat'"),
])
def test_the_command_line_says_so_in_one_sentence(arguments, words, tmp_path):
    result = CliRunner().invoke(app, ["train", *arguments, "--data", "digits", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and words in result.output and "Traceback" not in result.output
