"""The recipes of faces against what S2 and S4 say of them."""
import pytest
import torch
from support.recipes import tiny, weights

from vaekit import data, losses, recipes, training
from vaekit.data import Selection
from vaekit.data.augment import mirror
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.files import load_weights
from vaekit.losses import effective_beta
from vaekit.models import GaussianVAE

SHAPE = (3, 64, 48)
S2 = ("instancenorm-vae-celeba", "instancenorm-vae-faces", "patch-vae-faces")
S4 = ("conv-cvae-celeba", "conv-cvae-faces", "patch-cvae-faces")


def random_faces(n=30, attributes=7):
    """Bytes and attributes in the form of CelebA's."""
    x = torch.randint(0, 256, (n, *SHAPE), dtype=torch.uint8, generator=seeded(0))
    y = torch.randint(0, 2, (n, attributes), generator=seeded(1))
    return data.ImageSet(x, y, tuple(f"a{i}" for i in range(attributes)), "random")


def short(name, **changes):
    """A run on a few drawn faces."""
    settings = dict(epochs=1, batch_size=10, progress=False, device="cpu")
    return recipes.train(name, Selection("faces", limit=20, test_limit=20), **settings | changes)


def test_the_settings_of_s2_are_the_defaults():
    recipe = recipes.get("instancenorm-vae-celeba")
    assert recipe.latent_dim == 64
    assert recipe.lr == 1e-3
    assert recipe.optimizer == "adam"
    assert recipe.schedule == "constant"
    assert recipe.data == "celeba"
    assert recipe.source == "S2"
    assert recipe.augment is mirror
    # it compares pictures and gives no numbers
    assert recipe.reported == ()


def test_the_settings_of_s4_are_the_defaults():
    recipe = recipes.get("conv-cvae-celeba")
    assert (recipe.latent_dim, recipe.batch_size, recipe.epochs, recipe.lr) == (2, 100, 2, 1e-3)
    assert recipe.condition == "attributes"
    assert recipe.data == "celeba"
    assert recipe.source == "S4"
    assert recipe.reported_at(2) == {"fid_10": 379.02}


@pytest.mark.parametrize("celeba, faces", [S2[:2], S4[:2]])
def test_on_drawn_faces_it_is_the_same_system(celeba, faces):
    here = recipes.get(celeba)
    there = recipes.get(faces)
    assert there.data == "faces"
    assert there.settings() == here.settings()
    assert there.latent_dim == here.latent_dim
    assert there.condition == here.condition
    assert losses.describe(there.loss) == losses.describe(here.loss)
    built = [recipes.build(each, image_shape=SHAPE).settings for each in (here, there)]
    assert built[0] == built[1]


@pytest.mark.parametrize("name", S2)
def test_s2_is_trained_by_a_gaussian_likelihood_at_its_lambda(name):
    loss = recipes.get(name).loss
    assert loss.func is losses.negative_elbo_gaussian
    beta = effective_beta(1e-5, pixels=3 * 64 * 48, width=2)
    assert loss.keywords == {"beta": pytest.approx(beta)}
    assert beta == pytest.approx(0.02304)
    assert isinstance(recipes.build(name, image_shape=SHAPE), GaussianVAE)


def test_s2_has_3_5_million_weights_and_the_small_one_a_third():
    # 2,946,051 of the convolutions, 199,680 to the first maps, 393,344 to μ and log σ²
    assert weights(recipes.build("instancenorm-vae-celeba", image_shape=SHAPE)) == 3_539_075
    kernels = 8 * 8 * 3 * 32 + 4 * 4 * 32 * 64 + 4 * 4 * 64 * 128
    maps = 128 * 4 * 3
    encoder = kernels + 2 * (32 + 64 + 128) + (maps + 1) * 256 + 2 * (256 + 1) * 64
    decoder = (64 + 1) * 256 + (256 + 1) * maps + kernels + 2 * (64 + 32) + 3
    small = recipes.build("patch-vae-faces", image_shape=SHAPE)
    assert weights(small) == encoder + decoder


def test_s4_is_the_network_of_mnist_at_this_size_and_with_attributes():
    model = recipes.build("conv-cvae-celeba", image_shape=SHAPE, classes=40)
    maps = 32 * 16 * 12
    encoder = (27 * 16 + 16) + (9 * 16 * 32 + 32) + ((maps + 40) * 512 + 512) + 2 * (512 * 2 + 2)
    decoder = ((2 + 40) * 512 + 512) + (512 + 1) * maps + (32 * 16 * 4 + 16) + (16 * 4 * 3 + 3)
    assert weights(model) == encoder + decoder


def test_the_convolutions_of_s2_lie_channels_last():
    model = recipes.build("instancenorm-vae-celeba", image_shape=SHAPE)
    kernel = model.encoder[1].weight
    assert kernel.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", [S2[2], S4[2]])
def test_one_step_lowers_the_loss(name):
    """Of the batch that it was made for, at the same noise."""
    images = random_faces(16)
    recipe = recipes.get(name)
    model = recipes.build(name, image_shape=SHAPE, classes=7)
    before = training.evaluate(model, images, recipe.loss)["loss"]
    training.fit(
        model, images, recipe.loss, epochs=1, batch_size=16, lr=1e-3, device="cpu", progress=False
    )
    assert training.evaluate(model, images, recipe.loss)["loss"] < before


@pytest.mark.parametrize("attributes", [1, 7, 40])
def test_any_number_of_attributes_comes_back_from_the_file(attributes, tmp_path):
    model = recipes.build("patch-cvae-faces", image_shape=SHAPE, classes=attributes)
    path = recipes.save(tmp_path / "w.safetensors", "patch-cvae-faces", model)
    _, metadata = load_weights(path)
    assert metadata["classes"] == str(attributes)
    assert metadata["image_shape"] == "3,64,48"
    loaded = recipes.load_model(path)
    images = random_faces(3, attributes)
    x = images.images()
    assert torch.equal(loaded.reconstruct(x, images.y), model.reconstruct(x, images.y))


def test_a_model_of_s2_comes_back_from_its_file(tmp_path):
    model = recipes.build("patch-vae-faces", 8, SHAPE, seed=3)
    path = recipes.save(tmp_path / "w.safetensors", "patch-vae-faces", model)
    loaded = recipes.load_model(path)
    assert isinstance(loaded, GaussianVAE)
    x = random_faces(2).images()
    # in another order of memory, so rounded in another order
    assert torch.allclose(loaded.encode(x), model.encode(x), atol=1e-6)


def test_images_that_the_network_does_not_suit_are_refused():
    with pytest.raises(UserError, match="sides must be multiples of 16, got 28×28"):
        recipes.build("instancenorm-vae-faces")


@pytest.mark.slow
def test_the_beta_of_s2_is_told_and_can_be_another():
    run = short("patch-vae-faces")
    assert run.settings["beta"] == pytest.approx(0.02304)
    last = run.history.last
    total = last["test_reconstruction"] + 0.02304 * last["test_kl"]
    assert last["test_loss"] == pytest.approx(total, rel=1e-5)

    other = short("patch-vae-faces", beta=0.23)
    assert other.settings["beta"] == 0.23
    last = other.history.last
    total = last["test_reconstruction"] + 0.23 * last["test_kl"]
    assert last["test_loss"] == pytest.approx(total, rel=1e-5)
    # the Gaussian's terms still: a squared error, not a cross-entropy of thousands of nats
    assert last["test_reconstruction"] < 3000


@pytest.mark.parametrize("name, beta", [
    ("patch-vae-faces", -1), ("patch-vae-faces", float("nan"))
])
def test_a_beta_out_of_range_is_refused_before_training(name, beta):
    with pytest.raises(UserError, match="beta must be .*≥ 0"):
        short(name, beta=beta)


def test_an_objective_without_a_kl_still_has_no_beta():
    with pytest.raises(UserError, match="recipe 'conv-ae-mnist' is trained with another loss"):
        recipes.train("conv-ae-mnist", "digits", beta=2.0)


@pytest.mark.slow
def test_a_partial_of_an_elbo_tells_its_beta():
    from functools import partial

    loss = partial(losses.negative_elbo_gaussian, beta=3.0)
    assert short("patch-vae-faces", loss=loss).settings["beta"] == 3.0


@pytest.mark.slow
def test_an_interrupted_training_of_s2_goes_on(tmp_path):
    path = tmp_path / "c.safetensors"
    whole = short("patch-vae-faces", epochs=2)
    short("patch-vae-faces", epochs=2, checkpoint=path)
    again = short("patch-vae-faces", epochs=2, checkpoint=path)
    assert again.history["test_loss"] == pytest.approx(whole.history["test_loss"], rel=1e-4)


@pytest.mark.slow
def test_a_checkpoint_of_another_beta_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    short("patch-vae-faces", checkpoint=path)
    with pytest.raises(UserError, match="beta"):
        short("patch-vae-faces", checkpoint=path, beta=0.5)


@pytest.mark.slow
def test_attributes_are_chosen_by_the_data():
    run = tiny("patch-cvae-faces", None, epochs=1)
    assert run.model.condition.size == len(run.train.classes)
    c = run.test.y[:3]
    assert run.model.sample(3, c).shape == (3, *SHAPE)
    with pytest.raises(UserError, match=f"takes {len(run.train.classes)} attributes per image"):
        run.model.sample(3, c[:, :-1])


@pytest.mark.slow
def test_classes_are_no_attributes():
    with pytest.raises(UserError, match="needs data with attributes, and digits has classes"):
        recipes.train("conv-cvae-faces", Selection("digits", limit=20), epochs=1)
