"""The arguments of diffusion that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Exempt
from support.model_cases import (
    COMPUTES,
    EVERYTHING,
    NOT_FINITE,
    SHAPE,
    case,
    given,
    of,
    x,
)
from torch import nn

from vaekit.models import Diffusion, OneHot, UNet
from vaekit.models.diffusion import Average, DiffusionOutput, cumulative

LAYER = "a layer of the U-Net, which checks what it is given"


def diffusion(condition=None):
    width = 0 if condition is None else condition.width
    network = UNet(SHAPE, channels=(16,), cond_width=width)
    return Diffusion(network, SHAPE, steps=3, condition=condition).eval()


def noised():
    return torch.randn(4, *SHAPE)


def betas():
    return cumulative("cosine", 5)


def small_network():
    return UNet(SHAPE, channels=(16,))


# no noise on the way, and no signal at its beginning
ZERO = {"eta": ("zero",), "now": ("zero",)}

CASES = {
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
