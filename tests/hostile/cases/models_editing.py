"""The arguments of encoding, inpainting and redrawing that work, and what is rightly accepted."""
from support.model_cases import SHAPE, case, given, x

from vaekit.models import Diffusion, OneHot, UNet


def diffusion():
    network = UNet(SHAPE, channels=(16,), cond_width=4)
    return Diffusion(network, SHAPE, steps=3, condition=OneHot(4)).eval()


def two():
    return x()[:2]


def known():
    return two() > 0.5


ACCEPTS = {"c": ("zero",), "guidance": ("none", "zero")}

CASES = {
    "models.diffusion.editing.invert": case(
        model=diffusion,
        images=two,
        c=given([0, 1]),
        steps=given(2),
        iterations=given(2),
        guidance=given(2.0),
        accepts=ACCEPTS,
    ),
    "models.diffusion.editing.inpaint": case(
        model=diffusion,
        images=two,
        known=known,
        c=given([0, 1]),
        steps=given(2),
        repeats=given(2),
        guidance=given(2.0),
        accepts=ACCEPTS,
    ),
    "models.diffusion.editing.redraw": case(
        model=diffusion,
        images=two,
        c=given([0, 1]),
        strength=given(0.5),
        steps=given(2),
        eta=given(0.5),
        guidance=given(2.0),
        accepts={**ACCEPTS, "eta": ("zero",)},
    ),
}
