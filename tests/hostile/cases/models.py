"""The arguments of models that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Exempt
from support.model_cases import (
    EVERYTHING,
    NOT_FINITE,
    ROWS,
    SHAPE,
    case,
    forward,
    given,
    of,
    of_images,
    of_latents,
    sampling,
    vae,
    x,
    z,
)

from vaekit.device import seeded
from vaekit.models import (
    Autoencoder,
    Classifier,
    GaussianVAE,
    LinearGaussian,
    OneHot,
    nets,
)


def autoencoder():
    encoder = nets.mlp_encoder(SHAPE, (8,))
    return Autoencoder(encoder, nets.mlp_decoder(3, (8,), SHAPE), 3, SHAPE).eval()


def linear_gaussian():
    return LinearGaussian(torch.randn(6, 2, generator=seeded(0)))


AUTOENCODER = {
    "models.autoencoder.Autoencoder": case(
        encoder=lambda: nets.mlp_encoder(SHAPE, (8,)),
        decoder=lambda: nets.mlp_decoder(3, (8,), SHAPE),
        latent_dim=given(3),
        image_shape=given(SHAPE),
    ),
    "models.autoencoder.Autoencoder.encode": of_images(autoencoder),
    "models.autoencoder.Autoencoder.decode": of_latents(autoencoder),
    "models.autoencoder.Autoencoder.reconstruct": of_images(autoencoder),
    "models.autoencoder.Autoencoder.forward": forward(autoencoder),
}

BASE = {
    "models.base.ImageModel": case(image_shape=given(SHAPE)),
    "models.base.ImageModel.players": of(vae),
    "models.base.ImageModel.after_step": of(vae),
    "models.base.ImageModel.for_inference": of(vae),
    "models.base.ImageModel.sample": Exempt("it refuses every call"),
    "models.base.ImageModel.encode_condition": of(
        lambda: vae(OneHot(4)),
        c=given([0, 1]),
        n=given(2),
        # one class for all
        accepts={"c": ("zero",)},
    ),
    "models.base.as_shape": case(image_shape=given(SHAPE)),
    "models.base.divided": case(image_shape=given(SHAPE), by=given(4)),
    "models.base.images_for": case(
        model=autoencoder,
        x=x,
        accepts={"x": ROWS, "model": ("meta device",)},
        not_a_number=("x", "model"),
    ),
    "models.base.latents_for": case(
        model=autoencoder,
        z=z,
        accepts={"z": ROWS, "model": ("meta device",)},
        not_a_number=("z", "model"),
    ),
}


def classifier_images():
    return torch.rand(4, 1, 28, 28)


CLASSIFIER = {
    "models.classifier.Classifier": case(classes=given(4), features=given(8)),
    "models.classifier.Classifier.features": of(
        lambda: Classifier().eval(),
        x=classifier_images,
        accepts={"x": ROWS},
        not_a_number=("x",),
    ),
    "models.classifier.Classifier.forward": of(
        lambda: Classifier().eval(),
        x=classifier_images,
        accepts={"x": ROWS, "c": EVERYTHING},
        not_a_number=("x",),
    ),
    "models.classifier.Classifier.classify": of(
        lambda: Classifier().eval(), x=classifier_images, accepts={"x": ("empty set",)}
    ),
}

def pixels():
    return torch.randn(4, 6)


def two_latents():
    return torch.randn(4, 2)


LINEAR = {
    "models.linear_gaussian.LinearGaussian": case(
        weight=lambda: torch.randn(6, 2),
        bias=lambda: torch.zeros(6),
        variance=given(0.5),
        accepts={
            "weight": ("another dtype",),
            "bias": ("none", "another dtype"),
            "variance": ("huge",),
        },
    ),
    "models.linear_gaussian.LinearGaussian.from_spectrum": case(
        spectrum=given([2.0, 1.0]),
        pixels=given(6),
        variance=given(0.5),
        seed=given(1),
        accepts={"seed": ("zero",), "variance": ("huge",)},
    ),
    "models.linear_gaussian.LinearGaussian.sample": sampling(linear_gaussian),
    "models.linear_gaussian.LinearGaussian.log_prob": of(
        linear_gaussian, x=pixels, accepts={"x": NOT_FINITE}, not_a_number=("x",)
    ),
    "models.linear_gaussian.LinearGaussian.log_likelihood": of(
        linear_gaussian,
        x=pixels,
        z=two_latents,
        accepts={"x": NOT_FINITE, "z": NOT_FINITE},
        not_a_number=("x", "z"),
    ),
    "models.linear_gaussian.LinearGaussian.true_posterior": of(
        linear_gaussian, x=pixels, accepts={"x": NOT_FINITE}, not_a_number=("x",)
    ),
    "models.linear_gaussian.LinearGaussian.posterior": of(
        linear_gaussian, x=pixels, accepts={"x": NOT_FINITE}, not_a_number=("x",)
    ),
    "models.linear_gaussian.LinearGaussian.elbo": of(
        linear_gaussian,
        x=pixels,
        mean=two_latents,
        log_var=two_latents,
        accepts={"x": NOT_FINITE, "mean": NOT_FINITE, "log_var": NOT_FINITE},
        not_a_number=("x", "mean", "log_var"),
    ),
}

# no hidden layer is a network of one layer
NO_HIDDEN = ("empty list",)

NETS = {
    "models.nets.mlp_encoder": case(
        image_shape=given(SHAPE), hidden=given((8,)), accepts={"hidden": NO_HIDDEN}
    ),
    "models.nets.mlp_decoder": case(
        latent_dim=given(3),
        hidden=given((8,)),
        image_shape=given(SHAPE),
        accepts={"hidden": NO_HIDDEN},
    ),
    "models.nets.conv_encoder": case(),
    "models.nets.conv_decoder": case(latent_dim=given(3)),
    "models.nets.pooling_encoder": case(),
    "models.nets.upsampling_decoder": case(latent_dim=given(3), hidden=given(8)),
    "models.nets.Block": case(width=given(4), residual=given(True)),
    "models.nets.Block.forward": Exempt("a layer of a body, which the model tries when it is made"),
    "models.nets.block_encoder": case(image_shape=given(SHAPE), width=given(4)),
    "models.nets.block_decoder": case(latent_dim=given(3), image_shape=given(SHAPE)),
    "models.nets.trial": Exempt("its first argument is the beginning of its error"),
    "models.nets.fit_together": case(
        encoder=lambda: nets.mlp_encoder(SHAPE, (8,)),
        decoder=lambda: nets.mlp_decoder(3, (8,), SHAPE),
        latent_dim=given(3),
        image_shape=given(SHAPE),
    ),
    "models.nets.linear_relu": case(
        widths=given((8, 4)), accepts={"widths": NO_HIDDEN}, words={"widths": "width"}
    ),
    "models.instance_norm.instance_norm_encoder": case(
        image_shape=given((1, 32, 16)), width=given(2)
    ),
    "models.instance_norm.instance_norm_decoder": case(
        latent_dim=given(3), image_shape=given((1, 32, 16)), width=given(2)
    ),
    "models.patches.patch_encoder": case(
        image_shape=given((1, 32, 16)), width=given(2), hidden=given(4)
    ),
    "models.patches.patch_decoder": case(
        latent_dim=given(3), image_shape=given((1, 32, 16)), width=given(2), hidden=given(4)
    ),
}


def gaussian_vae():
    decoder = nets.mlp_decoder(3, (8,), SHAPE)
    return GaussianVAE(nets.mlp_encoder(SHAPE, (8,)), decoder, 3, SHAPE).eval()


def one_hot_vae():
    return vae(OneHot(4))


def labels():
    return torch.tensor([0, 1, 2, 3])


ONE_FOR_ALL = {"c": ("zero",)}

VAES = {
    "models.vae.reparameterize": case(
        mean=z, log_var=z, accepts={"mean": NOT_FINITE, "log_var": NOT_FINITE},
        not_a_number=("mean", "log_var"),
    ),
    "models.vae.VAE": case(
        encoder=lambda: nets.mlp_encoder(SHAPE, (8,)),
        decoder=lambda: nets.mlp_decoder(3, (8,), SHAPE),
        latent_dim=given(3),
        image_shape=given(SHAPE),
        hidden=given((8,)),
        accepts={"hidden": NO_HIDDEN},
    ),
    "models.vae.GaussianVAE.log_likelihood": of(
        gaussian_vae, x=x, z=z, accepts={"x": NOT_FINITE, "z": NOT_FINITE}, not_a_number=("x", "z")
    ),
    "models.vae.VAE.posterior": of_images(vae),
    "models.vae.VAE.encode": of_images(vae),
    "models.vae.VAE.logits": of_latents(vae),
    "models.vae.VAE.decode": of_latents(vae),
    "models.vae.VAE.log_likelihood": of(
        vae, x=x, z=z, accepts={"z": NOT_FINITE}, not_a_number=("z",)
    ),
    "models.vae.VAE.reconstruct": of_images(vae),
    "models.vae.VAE.sample": sampling(vae),
    "models.vae.VAE.forward": forward(vae),
    "models.vae.VAE.given": of(one_hot_vae, c=given(1), accepts=ONE_FOR_ALL),
    "models.vae.Given": case(
        model=one_hot_vae,
        c=given(1),
        accepts={**ONE_FOR_ALL, "model": ("meta device",)},
    ),
    "models.vae.Given.decode": of_latents(lambda: one_hot_vae().given(1)),
    "models.vae.Given.sample": sampling(lambda: one_hot_vae().given(1)),
}

CASES = {
    **AUTOENCODER,
    **BASE,
    **CLASSIFIER,
    **LINEAR,
    **NETS,
    **VAES,
}
