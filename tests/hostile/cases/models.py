"""The arguments of models that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import ALL, Case, Exempt
from torch import nn

from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.models import (
    GAN,
    VAE,
    AddedEmbedding,
    Attributes,
    Autoencoder,
    Classifier,
    Diffusion,
    LinearGaussian,
    OneHot,
    UNet,
    conditioning,
    gan,
    nets,
)
from vaekit.models.diffusion import Average, DiffusionOutput, cumulative
from vaekit.models.gan import GANOutput

SHAPE = (1, 8, 8)

# NaN and inf in a tensor stay visible in the result, or are the limit of large numbers
NOT_FINITE = ("all nan", "one inf")
# so do the tensors of other devices of a function that only computes
COMPUTES = (*NOT_FINITE, "meta device", "empty set")
# no rows give no rows
ROWS = (*NOT_FINITE, "empty set")
EVERYTHING = (*ALL, "another dtype", "complex", "meta device", "empty set", *NOT_FINITE)

LAYER = "a layer of the U-Net, which checks what it is given"


def vae(condition=None):
    extra = 0 if condition is None else condition.width
    decoder = nets.mlp_decoder(3 + extra, (8,), SHAPE)
    return VAE(nets.mlp_encoder(SHAPE, (8,)), decoder, 3, SHAPE, condition=condition).eval()


def autoencoder():
    encoder = nets.mlp_encoder(SHAPE, (8,))
    return Autoencoder(encoder, nets.mlp_decoder(3, (8,), SHAPE), 3, SHAPE).eval()


def small_gan():
    return GAN(gan.fc_generator(3, SHAPE, 8), gan.fc_discriminator(SHAPE, 8), 3, SHAPE).eval()


def diffusion(condition=None):
    width = 0 if condition is None else condition.width
    network = UNet(SHAPE, channels=(16,), cond_width=width)
    return Diffusion(network, SHAPE, steps=3, condition=condition).eval()


def linear_gaussian():
    return LinearGaussian(torch.randn(6, 2, generator=seeded(0)))


def x(n=4):
    return torch.rand(n, *SHAPE)


def z(n=4):
    return torch.randn(n, 3)


def of(build, accepts=None, words=None, not_a_number=(), **arguments):
    """A method of a model: what it is called with is made anew each time."""
    return Case(
        lambda: dict(self=build(), **{name: make() for name, make in arguments.items()}),
        accepts=accepts or {},
        words=words or {},
        not_a_number=not_a_number,
    )


def of_images(build, **settings):
    return of(build, x=x, accepts={"x": ROWS}, not_a_number=("x",), **settings)


def of_latents(build, **settings):
    return of(build, z=z, accepts={"z": ROWS}, not_a_number=("z",), **settings)


def forward(build):
    """The labels of a batch are not read."""
    return of(
        build, x=x, accepts={"x": ROWS, "c": EVERYTHING}, not_a_number=("x",)
    )


def sampling(build):
    return of(build, n=lambda: 2)


def case(accepts=None, words=None, not_a_number=(), **arguments):
    return Case(
        lambda: {name: make() for name, make in arguments.items()},
        accepts=accepts or {},
        words=words or {},
        not_a_number=not_a_number,
    )


def given(value):
    return lambda: value


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

JOIN = "the model joins what it has computed itself"
ONE_HOT = dict(c=given([0, 1]), n=given(2), accepts={"c": ("zero",)})

CONDITIONING = {
    "models.conditioning.Condition": case(
        size=given(3), width=given(3), weight=given(2.0), accepts={"*": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Condition.facts": of(lambda: OneHot(4)),
    "models.conditioning.Condition.encode": Exempt("each condition has its own"),
    "models.conditioning.Condition.check": Exempt("it does nothing: each condition has its own"),
    "models.conditioning.Condition.join_features": Exempt("it gives what it is given"),
    "models.conditioning.Condition.join_latent": Exempt("it gives what it is given"),
    "models.conditioning.Unconditional.encode": of(
        conditioning.Unconditional, c=given(None), n=given(2), accepts={"n": ("zero",)}
    ),
    "models.conditioning.Concatenated": case(
        size=given(3), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Concatenated.join_features": Exempt(JOIN),
    "models.conditioning.Concatenated.join_latent": Exempt(JOIN),
    "models.conditioning.OneHot": case(
        classes=given(4), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.OneHot.encode": of(lambda: OneHot(4), **ONE_HOT),
    "models.conditioning.OneHot.check": of(
        lambda: OneHot(4),
        labels=lambda: torch.tensor([0, 3]),
        accepts={"labels": ("empty set",)},
    ),
    "models.conditioning.Attributes": case(
        attributes=given(4), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Attributes.encode": of(
        lambda: Attributes(3),
        c=given([[0, 1, 1], [0, 0, 1]]),
        n=given(2),
    ),
    "models.conditioning.AddedEmbedding": case(
        classes=given(4),
        latent_dim=given(3),
        weight=given(2.0),
        hidden=given(8),
        accepts={"weight": ("zero", "-1", "huge")},
    ),
    "models.conditioning.AddedEmbedding.encode": of(lambda: AddedEmbedding(4, 3), **ONE_HOT),
    "models.conditioning.AddedEmbedding.check": of(
        lambda: AddedEmbedding(4, 3),
        labels=lambda: torch.tensor([0, 3]),
        accepts={"labels": ("empty set",)},
    ),
    "models.conditioning.AddedEmbedding.join_latent": Exempt(JOIN),
    "models.conditioning.make": case(
        kind=given("one-hot"),
        size=given(4),
        latent_dim=given(3),
        weight=given(2.0),
        # only an embedding asks for the size of the latent
        accepts={
            "weight": ("zero", "-1", "huge"),
            "kind": ("none",),
            "latent_dim": ("zero", "-1", "huge"),
        },
        words={"kind": "condition"},
    ),
    # what has no condition has none
    "models.conditioning.is_conditional": case(model=vae, accepts={"model": EVERYTHING}),
    "models.conditioning.labels_of": case(
        model=lambda: vae(OneHot(4)),
        images=lambda: ImageSet(x(4), torch.arange(4)),
        accepts={"model": EVERYTHING},
    ),
    "models.conditioning.require_labels": case(
        model=lambda: vae(OneHot(4)),
        images=lambda: ImageSet(x(4), torch.arange(4)),
        accepts={"model": EVERYTHING},
    ),
}


def noised():
    return torch.randn(4, *SHAPE)


def betas():
    return cumulative("cosine", 5)


def small_network():
    return UNet(SHAPE, channels=(16,))


# no noise on the way, and no signal at its beginning
ZERO = {"eta": ("zero",), "now": ("zero",)}

DIFFUSION = {
    "models.diffusion.average.Average": case(
        network=lambda: nn.Linear(3, 3),
        decay=given(0.9),
        accepts={"decay": ("zero",), "network": ("meta device",)},
    ),
    "models.diffusion.average.Average.update": of(
        lambda: Average(nn.Linear(3, 3), 0.9), network=lambda: nn.Linear(3, 3)
    ),
    "models.diffusion.average.Average.forward": Exempt("it asks the network that it averages"),
    "models.diffusion.guidance.share": Exempt("it is told what to call the number"),
    "models.diffusion.guidance.predict": Exempt("Diffusion checks what it is given"),
    "models.diffusion.guidance.check_guidance": case(
        guidance=given(2.0),
        conditional=given(True),
        drop=given(0.1),
        accepts={"guidance": ("none", "zero", "huge")},
    ),
    "models.diffusion.objective.denoising_error": case(
        output=lambda: DiffusionOutput(noised(), noised(), torch.ones(4)),
        accepts={"x": EVERYTHING, "c": EVERYTHING},
    ),
    "models.diffusion.objective.to_signed": case(
        images=x, accepts={"images": COMPUTES}, not_a_number=("images",)
    ),
    "models.diffusion.objective.to_images": case(
        x=noised, accepts={"x": COMPUTES}, not_a_number=("x",)
    ),
    "models.diffusion.process.Diffusion": case(
        network=small_network,
        image_shape=given(SHAPE),
        steps=given(5),
        drop=given(0.2),
        ema=given(0.9),
        accepts={"drop": ("zero",), "ema": ("zero", "none")},
    ),
    "models.diffusion.process.Diffusion.noise": of(
        diffusion,
        x0=noised,
        t=given(2),
        eps=noised,
        accepts={"x0": NOT_FINITE, "eps": NOT_FINITE},
        not_a_number=("x0", "eps"),
    ),
    "models.diffusion.process.Diffusion.to_target": of(
        diffusion,
        x0=noised,
        t=given(2),
        eps=noised,
        accepts={"x0": NOT_FINITE, "eps": NOT_FINITE},
        not_a_number=("x0", "eps"),
    ),
    "models.diffusion.process.Diffusion.to_x0": of(
        diffusion,
        prediction=noised,
        t=given(2),
        x_t=noised,
        accepts={"prediction": NOT_FINITE, "x_t": NOT_FINITE},
        not_a_number=("prediction", "x_t"),
    ),
    "models.diffusion.process.Diffusion.forward": of(
        diffusion,
        x=x,
        accepts={"x": NOT_FINITE, "c": EVERYTHING},
        not_a_number=("x",),
    ),
    "models.diffusion.process.Diffusion.after_step": of(diffusion),
    "models.diffusion.process.Diffusion.for_inference": of(diffusion),
    "models.diffusion.process.Diffusion.denoise": of(
        lambda: diffusion(OneHot(4)),
        x_t=lambda: noised()[:2],
        t=given(2),
        c=given([0, 1]),
        guidance=given(2.0),
        accepts={"x_t": NOT_FINITE, "c": ("zero",), "guidance": ("none", "zero")},
        not_a_number=("x_t",),
    ),
    "models.diffusion.process.Diffusion.trajectory": of(
        lambda: diffusion(OneHot(4)),
        x_T=lambda: noised()[:2],
        c=given([0, 1]),
        steps=given(2),
        eta=given(0.5),
        guidance=given(2.0),
        accepts={
            "x_T": (*NOT_FINITE, "another dtype"),
            "c": ("zero",),
            "guidance": ("none", "zero"),
            "eta": ("zero",),
            "steps": ("none",),
        },
        not_a_number=("x_T",),
    ),
    "models.diffusion.process.Diffusion.sample": of(
        lambda: diffusion(OneHot(4)),
        n=given(2),
        c=given([0, 1]),
        steps=given(2),
        eta=given(0.5),
        guidance=given(2.0),
        x_T=lambda: noised()[:2],
        accepts={
            "x_T": ("none", "another dtype", *NOT_FINITE),
            "c": ("zero",),
            "guidance": ("none", "zero"),
            "eta": ("zero",),
            "steps": ("none",),
        },
        not_a_number=("x_T",),
    ),
    "models.diffusion.samplers.sampling": case(
        denoise=given(lambda x_t, t: x_t.clamp(-1, 1)),
        x=noised,
        alpha_bar=betas,
        steps=given(2),
        eta=given(0.5),
        accepts={"x": COMPUTES, "eta": ("zero",)},
        not_a_number=("x",),
    ),
    "models.diffusion.samplers.times": case(total=given(10), steps=given(2)),
    "models.diffusion.samplers.step": case(
        x_t=noised,
        x0=noised,
        now=given(0.5),
        after=given(0.9),
        eta=given(0.5),
        noise=noised,
        accepts={"x_t": NOT_FINITE, "x0": NOT_FINITE, "noise": NOT_FINITE, **ZERO},
        not_a_number=("x_t", "x0", "noise"),
    ),
    "models.diffusion.samplers.step_noise": case(
        now=given(0.5),
        after=given(0.9),
        eta=given(0.5),
        accepts={"eta": ("zero",), "now": ("zero",)},
    ),
    "models.diffusion.schedules.cumulative": case(schedule=given("linear"), steps=given(5)),
    "models.diffusion.schedules.linear_betas": case(steps=given(5)),
    "models.diffusion.schedules.cosine_betas": case(
        steps=given(5), offset=given(0.01), accepts={"offset": ("zero",)}
    ),
    "models.diffusion.unet.UNet": case(
        image_shape=given(SHAPE),
        channels=given((16, 32)),
        cond_width=given(3),
        patch=given(2),
        bf16=given(False),
        accepts={"cond_width": ("zero",), "bf16": ("none",)},
    ),
    "models.diffusion.unet.UNet.forward": of(
        small_network,
        x=noised,
        t=lambda: torch.ones(4, dtype=torch.long),
        accepts={"x": NOT_FINITE, "t": ("another dtype",)},
        not_a_number=("x",),
    ),
    "models.diffusion.unet.SinusoidalTime": case(width=given(16)),
    "models.diffusion.unet.SinusoidalTime.forward": Exempt(LAYER),
    "models.diffusion.unet.ResidualBlock": case(
        before=given(16), after=given(32), emb_width=given(8)
    ),
    "models.diffusion.unet.ResidualBlock.forward": Exempt(LAYER),
    "models.diffusion.unet.Attention": case(channels=given(16)),
    "models.diffusion.unet.Attention.forward": Exempt(LAYER),
}


def game():
    return GANOutput(torch.randn(4), torch.randn(4), x())


GANS = {
    "models.gan.GAN": case(
        generator=lambda: gan.fc_generator(3, SHAPE, 8),
        discriminator=lambda: gan.fc_discriminator(SHAPE, 8),
        latent_dim=given(3),
        image_shape=given(SHAPE),
    ),
    "models.gan.GAN.players": of(small_gan),
    "models.gan.GAN.decode": of_latents(small_gan),
    "models.gan.GAN.score": of_images(small_gan),
    "models.gan.GAN.sample": sampling(small_gan),
    "models.gan.GAN.for_inference": of(small_gan),
    "models.gan.GAN.forward": forward(small_gan),
    "models.gan.minimax": case(
        output=game, x=x, accepts={"x": NOT_FINITE, "c": EVERYTHING}, not_a_number=("x",)
    ),
    "models.gan.least_squares": case(
        output=game, x=x, accepts={"x": NOT_FINITE, "c": EVERYTHING}, not_a_number=("x",)
    ),
    "models.gan.fc_generator": case(
        latent_dim=given(3), image_shape=given(SHAPE), hidden=given(8)
    ),
    "models.gan.fc_discriminator": case(image_shape=given(SHAPE), hidden=given(8)),
    "models.gan.dc_generator": case(
        latent_dim=given(3), image_shape=given(SHAPE), width=given(4)
    ),
    "models.gan.dc_discriminator": case(image_shape=given(SHAPE), width=given(4)),
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
    "models.nets.divided": case(image_shape=given(SHAPE), by=given(4)),
}


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
    **CONDITIONING,
    **DIFFUSION,
    **GANS,
    **LINEAR,
    **NETS,
    **VAES,
}
