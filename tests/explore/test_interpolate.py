"""Interpolation: line and arc between latents, and the pictures that the kernel answers with."""
import numpy as np
import pytest
import torch
from support.diffusion import SMALL, small_model, woken
from support.gan import small_gan

from vaekit import explore
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore.between import Between, slerp, straight
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.recipes.builders import conv_autoencoder, mlp_cvae, mlp_vae

SHAPE = (1, 8, 8)
T = torch.linspace(0, 1, 9)


def vae(latent_dim=2):
    torch.manual_seed(0)
    return mlp_vae(16)(latent_dim, SHAPE).eval()


def conditional(condition):
    torch.manual_seed(0)
    return mlp_cvae(16)(2, SHAPE, condition).eval()


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(0)
    return ImageSet(torch.rand(20, *SHAPE), torch.arange(20) % 3, classes=("a", "b", "c"))


@pytest.fixture(scope="module")
def denoiser():
    model = small_model(steps=10)
    woken(model.network)
    model.average = None
    return model.eval()


def pixels(model, z, label=None):
    """What torch decodes, (N, C, H, W) of uint8."""
    c = None if label is None else torch.tensor(label)
    with torch.no_grad():
        return model.decode(z, c).clamp(0, 1).mul(255).round().byte().numpy()


def asked(widget, **question):
    """The kernel's answer to a question of the page, (T, C, H, W)."""
    whole = {"a": 0, "b": 1, "t": [0.0, 1.0], "spherical": True, "label": 0, **question}
    _, parts = widget.answers["between"](whole)
    shape = widget.scene["images"]["ends"]["shape"]
    return np.frombuffer(parts[0], np.uint8).reshape(-1, *shape)


# line and arc


def test_a_line_is_the_weighted_mean():
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -2.0])
    z = straight(a, b, torch.tensor([0.0, 0.25, 1.0]))
    assert z.tolist() == [[1.0, 2.0], [1.5, 1.0], [3.0, -2.0]]


@pytest.mark.parametrize("size", [2, 64, 784])
def test_an_arc_turns_at_constant_speed(size):
    a, b = torch.randn(2, size, generator=seeded(1))
    z = slerp(a, b, T).double()

    whole = torch.acos(torch.cosine_similarity(a.double(), b.double(), 0))
    from_a = torch.acos(torch.cosine_similarity(z, a.double()[None], 1).clamp(-1, 1))
    assert torch.allclose(from_a, T.double() * whole, atol=2e-3)


@pytest.mark.parametrize("size", [2, 64, 784])
def test_an_arc_changes_its_length_at_constant_speed(size):
    a, b = torch.randn(2, size, generator=seeded(1))
    lengths = slerp(a, b, T).norm(dim=1)
    assert torch.allclose(lengths, (1 - T) * a.norm() + T * b.norm(), rtol=1e-5)


def test_an_arc_is_shoemakes_formula_at_length_one():
    a, b = torch.nn.functional.normalize(torch.randn(2, 5, generator=seeded(2)), dim=1)
    angle = torch.acos(a @ b)
    columns = T[:, None]
    expected = (((1 - columns) * angle).sin() * a + (columns * angle).sin() * b) / angle.sin()
    assert torch.allclose(slerp(a, b, T), expected, atol=1e-6)


def test_an_arc_keeps_the_shape_of_the_latents():
    a, b = torch.randn(2, 1, 4, 4, generator=seeded(0))
    z = slerp(a, b, T)
    assert z.shape == (9, 1, 4, 4)
    assert torch.allclose(z[0], a, atol=1e-6)
    assert torch.allclose(z[-1], b, atol=1e-6)


@pytest.mark.parametrize("a, b", [
    ([1.0, 2.0], [1.0, 2.0]),
    ([1.0, 2.0], [2.0, 4.0]),
    ([0.0, 0.0], [1.0, 2.0]),
    ([1.0, 2.0], [0.0, 0.0]),
    ([0.0, 0.0], [0.0, 0.0]),
    ([2.0], [-1.0]),
])
def test_where_there_is_no_arc_it_is_the_line(a, b):
    a, b = torch.tensor(a), torch.tensor(b)
    assert torch.allclose(slerp(a, b, T), straight(a, b, T))


def test_opposite_latents_are_joined_by_half_a_circle():
    a = torch.tensor([3.0, 4.0, 0.0])
    z = slerp(a, -a, T)
    assert torch.allclose(z.norm(dim=1), torch.full((9,), 5.0))
    assert torch.allclose(z[4] @ a, torch.tensor(0.0), atol=1e-5)
    assert torch.allclose(z[-1], -a, atol=1e-5)


@pytest.mark.parametrize("a, b, t, words", [
    (torch.zeros(2), torch.zeros(3), T, r"a must have the shape of b, got \(2,\) for \(3,\)"),
    (torch.zeros(2).long(), torch.zeros(2), T, "a must be float, got torch.int64"),
    (torch.zeros(2), torch.zeros(2), torch.zeros(2, 2), r"t must be numbers \(T,\), got of shape"),
])
@pytest.mark.parametrize("way", [straight, slerp])
def test_ways_between_what_does_not_fit_are_refused(way, a, b, t, words):
    with pytest.raises(UserError, match=words):
        way(a, b, t)


# a decoder


def test_the_page_gets_the_codes_and_the_images(images):
    model = vae()
    widget = explore.interpolate(model, images, 2, 1)
    codes = np.frombuffer(widget.buffers["latents"], np.float32).reshape(-1, 2)
    assert np.allclose(codes, model.encode(images.images()).detach()[:12], atol=1e-6)

    expected = images.images().mul(255).round().byte().numpy()[:12]
    found = np.frombuffer(widget.buffers["ends"], np.uint8).reshape(expected.shape)
    assert np.array_equal(found, expected)
    assert (widget.scene["a"], widget.scene["b"]) == (2, 1)
    assert widget.scene["spherical"] is False


def test_an_image_beyond_the_strip_is_added_to_it(images):
    widget = explore.interpolate(vae(), images, 17, 0, limit=5)
    assert widget.scene["images"]["ends"]["count"] == 6
    assert (widget.scene["a"], widget.scene["b"]) == (5, 0)


def test_the_first_pair_may_be_images(images):
    own = torch.rand(2, *SHAPE, generator=seeded(3))
    widget = explore.interpolate(vae(), images, own[0], own[1], limit=5)
    assert (widget.scene["a"], widget.scene["b"]) == (5, 6)
    last = np.frombuffer(widget.buffers["ends"], np.uint8).reshape(7, *SHAPE)[5:]
    assert np.array_equal(last, own.mul(255).round().byte().numpy())

    alone = explore.interpolate(vae(), None, own[0], own[1])
    assert alone.scene["images"]["ends"]["count"] == 2
    assert alone.scene["drawn"] is False


def test_the_kernel_decodes_what_torch_decodes(images):
    model = vae()
    widget = explore.interpolate(model, images)
    codes = model.encode(images.images()).detach()
    found = asked(widget, a=3, b=7, t=[0.0, 0.3, 1.0], spherical=True)
    expected = pixels(model, slerp(codes[3], codes[7], torch.tensor([0.0, 0.3, 1.0])))
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_conditional_model_begins_with_the_class_of_a(images):
    widget = explore.interpolate(conditional(OneHot(3)), images, 2, 1, classes=("a", "b", "c"))
    assert widget.scene["label"] == 2
    assert widget.scene["choices"] == ["a", "b", "c"]


def test_attributes_are_a_row(images):
    marked = ImageSet(images.x, (torch.arange(40).reshape(20, 2) % 3 == 0).long(), ("p", "q"))
    widget = explore.interpolate(conditional(Attributes(2)), marked, 0, 1, classes=("p", "q"))
    assert widget.scene["label"] == marked.y[0].tolist()
    assert asked(widget, label=[1, 0]).shape == (2, *SHAPE)


# a GAN and diffusion: draws from N(0, I)


def test_a_gan_shows_its_own_pictures():
    model = small_gan().eval()
    widget = explore.interpolate(model, seed=3, limit=4)
    z = np.frombuffer(widget.buffers["latents"], np.float32).reshape(4, 3)
    expected = pixels(model, torch.from_numpy(z.copy()))
    found = np.frombuffer(widget.buffers["ends"], np.uint8).reshape(expected.shape)
    assert np.array_equal(found, expected)
    assert widget.scene["spherical"] is True


def test_diffusion_answers_with_ddim_of_the_noise(denoiser):
    widget = explore.interpolate(denoiser, classes=("a", "b"), steps=3, limit=3, seed=5)
    x_T = torch.randn(3, *SMALL, generator=seeded(5))
    ends = denoiser.sample(2, torch.tensor(1), x_T=x_T[[2, 0]], steps=3)
    expected = ends.mul(255).round().byte().numpy()
    found = asked(widget, a=2, b=0, label=1)
    assert np.abs(found.astype(int) - expected).max() <= 1

    last = list(denoiser.trajectory(x_T[[2, 0]], torch.tensor(1), steps=3))[-1].x0
    assert np.abs(found - (last.numpy() / 2 + 0.5) * 255).max() <= 1


def test_diffusion_decodes_the_nine_in_one_batch_and_keeps_them(denoiser, monkeypatch):
    batches = []
    sample = type(denoiser).sample

    def counted(self, n, *args, **settings):
        batches.append(n)
        return sample(self, n, *args, **settings)

    monkeypatch.setattr(type(denoiser), "sample", counted)
    widget = explore.interpolate(denoiser, classes=("a", "b"), steps=2, limit=4)
    assert batches == [4, 9], "the strip, and the first nine pictures"

    nine = [k / 8 for k in range(9)]
    first = asked(widget, t=nine)
    assert batches == [4, 9]
    asked(widget, t=[0.5, 0.6])
    assert batches == [4, 9, 1]
    sent = np.frombuffer(widget.buffers["first"], np.uint8).reshape(first.shape)
    assert np.array_equal(sent, first)


def test_draws_are_shown_in_the_chosen_class(denoiser):
    widget = explore.interpolate(denoiser, classes=("a", "b"), steps=2, limit=3)
    _, parts = widget.answers["ends"]({"label": 1})
    x_T = torch.randn(3, *SMALL, generator=seeded(0))
    expected = denoiser.sample(3, torch.tensor(1), x_T=x_T, steps=2).mul(255).round().byte()
    found = np.frombuffer(parts[0], np.uint8).reshape(expected.shape)
    assert np.abs(found.astype(int) - expected.numpy()).max() <= 1


def test_the_kernel_keeps_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr("vaekit.explore.between.MOST_KEPT", 3)
    model = vae()
    between = Between(model, torch.randn(2, 2, generator=seeded(0)), model.decode)
    between.pictures(0, 1, T.tolist(), spherical=False)
    assert len(between.kept) == 3


# the static twin


def test_the_twin_shows_line_and_arc_where_they_differ(images):
    def rows(widget):
        return [label.get_text() for label in widget.figure().axes[0].get_yticklabels()]

    assert rows(explore.interpolate(small_gan())) == ["line", "arc"]
    assert rows(explore.interpolate(vae(1), images)) == ["decoded"]


# refusals


@pytest.mark.parametrize("question, words", [
    ({"a": 12}, "a must be ≤ 11, got 12"),
    ({"b": -1}, "b must be ≥ 0, got -1"),
    ({"t": []}, "the number of places t must be ≥ 1, got 0"),
    ({"t": [1.5]}, "t must be ≥ 0 and ≤ 1, got 1.5"),
    ({"t": [0.5] * 101}, "the number of places t must be ≤ 100, got 101"),
])
def test_the_kernel_refuses_a_place_that_there_is_not(images, question, words):
    with pytest.raises(UserError, match=words):
        asked(explore.interpolate(vae(), images), **question)


@pytest.mark.parametrize("model, settings, words", [
    (small_gan(), {"images": ...}, "images cannot be given to GAN, which has no encode"),
    (vae(), {"images": ..., "a": 20}, "a must be ≤ 19, got 20"),
    (vae(), {"a": 12}, "a must be ≤ 11, got 12"),
    (vae(), {"a": torch.rand(*SHAPE)}, "a must be a position among the draws.*got an image"),
    (vae(), {"images": ..., "b": torch.rand(1, 9, 9)}, r"images are \(1, 9, 9\), but this model"),
    (vae(), {"images": ..., "limit": 1}, "limit must be ≥ 2, got 1"),
    (vae(), {"images": ..., "classes": ("a",)}, "this model is unconditional"),
    (conditional(OneHot(3)), {"images": ...}, "a conditional model needs classes=…"),
    (conditional(OneHot(3)), {"images": ..., "classes": ("a", "b", "c"), "a": torch.rand(*SHAPE)},
     "a must be a position in images for a conditional model"),
    (torch.nn.Linear(1, 1), {}, "model must have decode, latent_dim, image_shape"),
])
def test_mistakes_are_named(images, model, settings, words):
    if "images" in settings:
        settings = {**settings, "images": images}
    with pytest.raises(UserError, match=words):
        explore.interpolate(model, **settings)


def test_an_autoencoder_needs_images():
    with pytest.raises(UserError, match="images must be given for an autoencoder"):
        explore.interpolate(conv_autoencoder(2, (1, 28, 28)))


def test_steps_that_a_model_has_not_are_refused(denoiser):
    with pytest.raises(UserError, match="steps must be ≤ 10, got 11"):
        explore.interpolate(denoiser, classes=("a", "b"), steps=11)


def test_broken_weights_are_refused(images):
    model = vae()
    with torch.no_grad():
        next(model.decoder.parameters())[0, 0] = float("nan")
    with pytest.raises(UserError, match="the model's weights decoder.* hold inf or NaN"):
        explore.interpolate(model, images)


def test_images_with_known_factors_are_taken_like_others(images):
    factors = torch.arange(20).unsqueeze(1)
    with_factors = ImageSet(images.x, images.y, images.classes, "drawn", factors, ("place",))
    plain = explore.interpolate(vae(), images, 0, 3)
    known = explore.interpolate(vae(), with_factors, 0, 3)
    assert known.scene == plain.scene
