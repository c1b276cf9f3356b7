"""The views that the browser tests show, built alike in a test and in a notebook's kernel."""
from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vaekit import data, explore
from vaekit.device import evaluating
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.recipes.builders import conv_autoencoder, mlp_cvae, mlp_vae

SHAPE = (1, 28, 28)
CLASSES = [str(digit) for digit in range(10)]


def lively(model: Any) -> Any:
    """Weights that were never trained, but so large that every latent has a picture of its own."""
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.Linear, nn.ConvTranspose2d)):
                layer.weight.mul_(2)
    return model.eval()


def seeded_model(build: Any, *arguments: Any, seed: int = 0) -> Any:
    """A model whose weights follow from the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return lively(build(*arguments))


def vae(latent_dim: int = 2, seed: int = 0) -> Any:
    return seeded_model(mlp_vae(64), latent_dim, SHAPE, seed=seed)


def conditional() -> Any:
    return seeded_model(mlp_cvae(64), 2, SHAPE, OneHot(10))


def convolutional() -> Any:
    return seeded_model(conv_autoencoder, 2, SHAPE)


def too_large() -> Any:
    """More weights than travel to the page."""
    return seeded_model(mlp_vae(1600, 1600), 2, SHAPE)


def images() -> data.ImageSet:
    return data.load("digits", "test").first(200)


def halved(model: Any) -> Any:
    """The model with its weights as they travel, in half precision."""
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        for weight in rounded.parameters():
            weight.copy_(weight.half().float())
    return rounded


def eighthed(model: Any) -> Any:
    """The model with its weights as they travel in 8 bits: whole numbers, a factor per row."""
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        for weight in rounded.parameters():
            # a bias is one row
            rows = weight.reshape(-1, weight.shape[-1])
            step = rows.abs().amax(1, keepdim=True) / 127
            weight.copy_(((rows / step).round() * step).reshape(weight.shape))
    return rounded


def picture(model: Any, z: Tensor | list[float], label: Any = None) -> np.ndarray:
    """What torch decodes, (height, width, 3) of uint8."""
    z = torch.as_tensor(z, dtype=torch.float32).reshape(1, -1)
    c = None if label is None else torch.tensor([label])
    with evaluating(model):
        return as_pixels(model.decode(z, c)[0])


def as_pixels(image: Tensor) -> np.ndarray:
    """An image (C, H, W) in [0, 1] as a canvas holds it."""
    pixels = image.clamp(0, 1).mul(255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).expand(-1, -1, 3).numpy()


def attributed() -> Any:
    return seeded_model(mlp_cvae(64), 2, SHAPE, Attributes(3))


def dialled() -> dict[float, Any]:
    return {0.1: vae(seed=0), 1.0: vae(seed=1), 4.0: vae(seed=2)}


def diffusion() -> Any:
    """Twenty steps of a tiny network."""
    torch.manual_seed(0)
    network = UNet((1, 8, 8), channels=(16, 32))
    return Diffusion(network, (1, 8, 8), steps=20).eval()


# views that a page without a kernel cannot show
WITH_KERNEL_ONLY = ("walk-kernel",)
VIEWS = {
    "walk": lambda: explore.walk(vae(), images(), low=-3, high=3),
    "walk-again": lambda: explore.walk(vae(), low=-3, high=3, name="again"),
    "walk-classes": lambda: explore.walk(
        conditional(), low=-3, high=3, classes=CLASSES, name="classes"
    ),
    "walk-conv": lambda: explore.walk(convolutional(), low=-3, high=3, name="conv"),
    "walk-five": lambda: explore.walk(vae(5), images(), dims="principal", name="five"),
    "walk-one": lambda: explore.walk(vae(1), images(), name="one"),
    "walk-kernel": lambda: explore.walk(too_large(), low=-3, high=3, name="kernel"),
    "interpolate": lambda: explore.interpolate(vae(), images()),
    "map": lambda: explore.tsne_map(vae(), images()),
    "map-tsne": lambda: explore.tsne_map(
        vae(5), images(), perplexities=(5, 30), name="five", progress=False
    ),
    "dial": lambda: explore.dial(dialled(), images()),
    "attributes": lambda: explore.attributes(attributed(), ("bow", "collar", "sleeves")),
    "draw": lambda: explore.draw(vae(), images()),
    "denoise": lambda: explore.denoise(diffusion(), steps=(2, 5), n=3, ahead=True),
}
PORTABLE = [name for name in VIEWS if name not in WITH_KERNEL_ONLY]


def show(name: str) -> Any:
    """A view, in an element of a class of its own."""
    widget = VIEWS[name]()
    widget.add_class(f"shows-{name}")
    return widget
