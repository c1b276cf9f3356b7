"""Three ways to give a model a condition.

Where a code goes is computed by hand from the model's own weights; which label an image is drawn
from is seen from the image.
"""
import pytest
import torch
from support.conditioning import KINDS, LATENTS, PIXELS, SHAPE, SIZE, build, labels
from torch import nn

from vaekit import losses, recipes
from vaekit.data import ImageSet, Selection
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models.conditioning import is_conditional, labels_of, require_labels


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
    x = torch.zeros(2, *SHAPE)
    torch.manual_seed(0)
    expected = model(x)
    torch.manual_seed(0)
    output = model(x, c)
    assert torch.equal(output.logits, expected.logits)
    assert torch.equal(output.z, expected.z)


def test_labels_of_are_those_of_the_images_for_a_conditional_model_only(kind, x):
    images = ImageSet(torch.zeros(2, *SHAPE), torch.tensor([1, 0]))
    assert labels_of(build(kind), images) is images.y
    assert labels_of(build(None), images) is None
    assert labels_of(build(None), x) is None


def test_a_conditional_model_requires_labels(kind, x):
    require_labels(build(None), x)
    labels = torch.tensor([0, 1])
    if kind == "attributes":
        labels = torch.eye(SIZE, dtype=torch.int64)[:2]
    images = ImageSet(torch.zeros(2, *SHAPE), labels, tuple("abcdefghij"[:SIZE]))
    require_labels(build(kind), images)
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
