"""The plain autoencoder: its contract, and principal component analysis as its oracle."""
import pytest
import torch
from torch import nn

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.models import nets
from vaekit.models.autoencoder import Autoencoder

SHAPE = (1, 28, 28)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Autoencoder(nets.conv_encoder(), nets.conv_decoder(3), 3, SHAPE).eval()


def test_the_contract(model):
    x = torch.rand(5, *SHAPE)
    z = model.encode(x)
    images = model.decode(z)
    assert z.shape == (5, 3)
    assert images.shape == x.shape
    torch.testing.assert_close(model.reconstruct(x), images.detach())
    torch.testing.assert_close(model(x), images)

    far_away = model.decode(100 * torch.randn(50, 3))
    assert far_away.min() >= 0
    assert far_away.max() <= 1


def test_it_does_not_sample_because_it_has_no_prior(model):
    with pytest.raises(UserError, match="no prior to draw samples from"):
        model.sample(3)


def test_forward_does_not_read_the_labels_of_a_batch(model):
    x = torch.rand(2, *SHAPE)
    assert torch.equal(model(x, torch.tensor([0, 1])), model(x))


def test_gradients_pass_through_but_not_through_reconstruct(model):
    x = torch.rand(2, *SHAPE)
    assert model(x).requires_grad
    assert not model.reconstruct(x).requires_grad


def nearly_linear_images(generator):
    """500 images of 4×4 pixels within (0, 1) that two numbers almost describe."""
    low = torch.randn(500, 2, generator=generator) @ torch.randn(2, 16, generator=generator)
    return (torch.sigmoid(0.3 * low) * 0.2 + 0.4).reshape(-1, 1, 4, 4)


def test_a_linear_autoencoder_finds_what_pca_finds(generator):
    """Bourlard & Kamp 1988: the best linear autoencoder spans the leading components."""
    from sklearn.decomposition import PCA

    x = nearly_linear_images(generator)
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Linear(2, 16), nn.Unflatten(1, (1, 4, 4)))
    model = Autoencoder(nn.Flatten(), decoder, 2, (1, 4, 4))
    training.fit(
        model,
        x,
        losses.reconstruction_error,
        epochs=400,
        batch_size=50,
        lr=0.05,
        schedule="one-cycle",
    )

    rows = x.flatten(1).numpy()
    pca = PCA(2).fit(rows)
    rebuilt = pca.inverse_transform(pca.transform(rows))
    pca_error = ((rows - rebuilt) ** 2).sum(1).mean()

    total = ((x - x.mean(0)) ** 2).flatten(1).sum(1).mean().item()
    error = losses.squared_error(model.reconstruct(x), x).mean().item()
    assert error < pca_error + 0.02 * total


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_images_of_any_float_dtype_are_computed_in_that_of_the_weights(generator, dtype):
    model = Autoencoder(nets.conv_encoder(), nets.conv_decoder(3), 3, SHAPE)
    x = torch.rand(2, *SHAPE, generator=generator).to(dtype)
    assert model.reconstruct(x).dtype == torch.float32
    assert torch.equal(model.reconstruct(x), model.reconstruct(x.float()))
    assert model.double().reconstruct(x).dtype == torch.float64


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda m: m.encode(torch.rand(2, 3, 28, 28)),
            r"takes images of shape \(N, 1, 28, 28\), got \(2, 3, 28, 28\)",
        ),
        (lambda m: m.encode(torch.rand(28, 28)), "takes images of shape"),
        (lambda m: m.encode(torch.tensor(0.5)), r"takes images of shape .* got \(\)"),
        (
            lambda m: m.encode(torch.zeros(2, *SHAPE, dtype=torch.uint8)),
            "images are float in .* got torch.uint8",
        ),
        (
            lambda m: m.decode(torch.zeros(2, 4)),
            r"takes latents of shape \(N, 3\), got \(2, 4\)",
        ),
        (lambda m: m.decode(torch.tensor(0.5)), r"takes latents of shape .* got \(\)"),
        (lambda m: m.encode(torch.rand(2, *SHAPE), 1), "this model is unconditional"),
        (lambda m: m.decode(torch.zeros(2, 3), 1), "this model is unconditional"),
        (lambda m: m.reconstruct(torch.rand(2, *SHAPE), 1), "this model is unconditional"),
        (
            lambda m: Autoencoder(nets.conv_encoder(), nets.conv_decoder(1), 0, SHAPE),
            "latent_dim must be ≥ 1, got 0",
        ),
        (
            lambda m: Autoencoder(nets.conv_encoder(), nets.conv_decoder(1), 1, (28, 28)),
            r"image_shape is \(C, H, W\), got \(28, 28\)",
        ),
    ],
)
def test_bad_input_is_named(model, call, words):
    with pytest.raises(UserError, match=words):
        call(model)
