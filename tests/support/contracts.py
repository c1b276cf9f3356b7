"""A small model of each kind, and whether a method can be called as a contract says."""
import inspect

from vaekit.models import (
    GAN,
    VAE,
    AttributeClassifier,
    Autoencoder,
    Classifier,
    Diffusion,
    GaussianVAE,
    OneHot,
    UNet,
    gan,
    nets,
)

SHAPE = (1, 28, 28)
LATENTS = 3
CLASSES = 4


def autoencoder():
    return Autoencoder(nets.conv_encoder(), nets.conv_decoder(LATENTS), LATENTS, SHAPE)


def vae():
    return VAE(nets.conv_encoder(), nets.conv_decoder(LATENTS), LATENTS, SHAPE)


def gaussian_vae():
    return GaussianVAE(nets.conv_encoder(), nets.conv_decoder(LATENTS), LATENTS, SHAPE)


def conditional_vae():
    decoder = nets.conv_decoder(LATENTS + CLASSES)
    return VAE(nets.conv_encoder(), decoder, LATENTS, SHAPE, condition=OneHot(CLASSES))


def small_gan():
    generator = gan.fc_generator(LATENTS, SHAPE, 16)
    return GAN(generator, gan.fc_discriminator(SHAPE, 16), LATENTS, SHAPE)


def classifier():
    return Classifier(CLASSES)


def attribute_classifier():
    return AttributeClassifier(CLASSES, SHAPE)


def diffusion():
    return Diffusion(UNet(SHAPE, channels=(16,)), SHAPE, steps=3)


def conditional_diffusion():
    network = UNet(SHAPE, channels=(16,), cond_width=CLASSES)
    return Diffusion(network, SHAPE, steps=3, condition=OneHot(CLASSES))


def diffusion_without_average():
    return Diffusion(UNet(SHAPE, channels=(16,)), SHAPE, steps=3, ema=None)


def check_signature(method, contract):
    """The method can be called as the contract says; what it takes beyond that has a default."""
    has = inspect.signature(method).parameters
    wanted = inspect.signature(contract).parameters
    for name, parameter in wanted.items():
        if name == "self":
            continue
        assert name in has, f"{method.__qualname__} does not take {name}"
        assert has[name].kind == parameter.kind, f"{name} is not {parameter.kind.description}"
        assert has[name].default == parameter.default, f"{name} has another default"

    positional = [p.name for p in has.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    first = [p.name for p in wanted.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    first.remove("self")
    assert positional[: len(first)] == first, "in another order"

    for name in has.keys() - wanted.keys():
        assert has[name].default is not inspect.Parameter.empty, f"{name} has no default"
