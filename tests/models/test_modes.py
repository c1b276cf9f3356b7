"""Drawing, reconstructing and classifying leave a model as it was, and need no `.eval()` before."""
import pytest
import torch
from torch import nn

from vaekit.device import seeded
from vaekit.models import GAN, VAE, Autoencoder, Classifier, Diffusion, OneHot, UNet, gan, nets

SHAPE = (1, 28, 28)
X = torch.rand(6, *SHAPE, generator=seeded(4))
C = torch.tensor([0, 1, 2, 0, 1, 2])


def vae():
    return VAE(nets.conv_encoder(), nets.conv_decoder(3), 3, SHAPE)


def conditional_vae():
    return VAE(nets.conv_encoder(), nets.conv_decoder(6), 3, SHAPE, condition=OneHot(3))


def autoencoder():
    return Autoencoder(nets.conv_encoder(), nets.conv_decoder(3), 3, SHAPE)


def dc_gan():
    return GAN(gan.dc_generator(3, SHAPE, 4), gan.dc_discriminator(SHAPE, 4), 3, SHAPE)


class Normed(nn.Module):
    """A network for diffusion that notices whether it is training."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout())
        self.out = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x, t, cond):
        return self.out(self.layers(x))


def diffusion():
    return Diffusion(Normed(), SHAPE, steps=4)


CALLS = {
    "VAE.sample": (vae, lambda model: model.sample(6, generator=seeded(1))),
    "VAE.reconstruct": (vae, lambda model: model.reconstruct(X)),
    "VAE.sample, conditional": (
        conditional_vae,
        lambda model: model.sample(6, C, generator=seeded(1)),
    ),
    "VAE.reconstruct, conditional": (conditional_vae, lambda model: model.reconstruct(X, C)),
    "Given.sample": (
        conditional_vae,
        lambda model: model.given(1).sample(6, generator=seeded(1)),
    ),
    "Autoencoder.reconstruct": (autoencoder, lambda model: model.reconstruct(X)),
    "GAN.sample": (dc_gan, lambda model: model.sample(6, generator=seeded(1))),
    "Classifier.classify": (Classifier, lambda model: model.classify(X)),
    "Diffusion.sample": (diffusion, lambda model: model.sample(3, generator=seeded(1))),
    "Diffusion.denoise": (diffusion, lambda model: model.denoise(X, 2)),
    "Diffusion.trajectory": (
        diffusion,
        lambda model: torch.stack([step.x0 for step in model.trajectory(X)]),
    ),
}


def trained_a_little(build):
    """A model whose statistics, and moving averages, differ from the first ones."""
    torch.manual_seed(0)
    model = build().train()
    for _ in range(3):
        model(X, C)
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.05 * torch.randn(weight.shape))
        model.after_step()
    return model


@pytest.mark.parametrize("build, call", CALLS.values(), ids=CALLS)
def test_in_training_mode_it_is_as_in_evaluation_mode(build, call):
    model = trained_a_little(build)
    result = call(model)
    expected = call(model.eval())
    assert torch.equal(result, expected)
    assert not result.requires_grad


@pytest.mark.parametrize("build, call", CALLS.values(), ids=CALLS)
def test_no_weight_and_no_statistic_changes(build, call):
    model = trained_a_little(build)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    call(model)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("build, call", CALLS.values(), ids=CALLS)
def test_each_part_keeps_its_mode_also_one_frozen_on_purpose(build, call):
    model = trained_a_little(build)
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    norms[0].eval()
    before = [part.training for part in model.modules()]
    call(model)
    assert [part.training for part in model.modules()] == before


def test_in_forward_a_gan_draws_in_the_mode_it_is_in():
    """Training needs the statistics of its own batch, in the generator too."""
    model = trained_a_little(dc_gan)
    norms = [part for part in model.generator.modules() if isinstance(part, nn.BatchNorm2d)]
    seen = [norm.num_batches_tracked.item() for norm in norms]
    output = model(X)
    assert [norm.num_batches_tracked.item() for norm in norms] == [count + 1 for count in seen]
    assert output.images.requires_grad


def test_in_training_mode_diffusion_draws_by_the_average():
    torch.manual_seed(0)
    model = Diffusion(UNet(SHAPE, channels=(16,)), SHAPE, steps=4)
    with torch.no_grad():
        model.network.head[2].bias.fill_(1.0)
    model.after_step()
    in_training = model.train().sample(2, generator=seeded(1))
    assert torch.equal(in_training, model.eval().sample(2, generator=seeded(1)))
