import pytest
import torch

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
    assert z.shape == (5, 3) and model.decode(z).shape == x.shape
    torch.testing.assert_close(model.reconstruct(x), model.decode(z).detach())
    torch.testing.assert_close(model(x), model.decode(z))
    assert model.decode(100 * torch.randn(50, 3)).min() >= 0 and model.decode(100 * torch.randn(50, 3)).max() <= 1
    assert not hasattr(model, "sample"), "an autoencoder has no prior to sample from"


def test_gradients_pass_through_but_not_through_reconstruct(model):
    x = torch.rand(2, *SHAPE)
    assert model(x).requires_grad and not model.reconstruct(x).requires_grad


def test_a_linear_autoencoder_finds_what_pca_finds(generator):
    """Bourlard & Kamp 1988: the best linear autoencoder spans the leading principal components."""
    from sklearn.decomposition import PCA

    low = torch.randn(500, 2, generator=generator) @ torch.randn(2, 16, generator=generator)
    x = (torch.sigmoid(0.3 * low) * 0.2 + 0.4).reshape(-1, 1, 4, 4)                        # nearly linear, within (0, 1)
    torch.manual_seed(0)
    model = Autoencoder(torch.nn.Flatten(), torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Unflatten(1, (1, 4, 4))), 2, (1, 4, 4))
    training.fit(model, x, losses.reconstruction_error, epochs=400, batch_size=50, lr=0.05, schedule="one-cycle")
    pca = PCA(2).fit(x.flatten(1).numpy())
    pca_error = ((x.flatten(1).numpy() - pca.inverse_transform(pca.transform(x.flatten(1).numpy()))) ** 2).sum(1).mean()
    total = ((x - x.mean(0)) ** 2).flatten(1).sum(1).mean().item()
    error = losses.squared_error(model.reconstruct(x), x).mean().item()
    assert error < pca_error + 0.02 * total


@pytest.mark.parametrize("call, words", [
    (lambda m: m.encode(torch.rand(2, 3, 28, 28)), r"takes images of shape \(N, 1, 28, 28\), got \(2, 3, 28, 28\)"),
    (lambda m: m.encode(torch.rand(28, 28)), "takes images of shape"),
    (lambda m: m.encode(torch.zeros(2, *SHAPE, dtype=torch.uint8)), "images are float in .* got torch.uint8"),
    (lambda m: m.decode(torch.zeros(2, 4)), r"takes latents of shape \(N, 3\), got \(2, 4\)"),
    (lambda m: Autoencoder(nets.conv_encoder(), nets.conv_decoder(1), 0, SHAPE), "latent_dim must be ≥ 1, got 0"),
])
def test_bad_input_is_named(model, call, words):
    with pytest.raises(UserError, match=words):
        call(model)
