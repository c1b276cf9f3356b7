"""What the cases of models have in common: small models, and how their methods are called."""
import torch
from support.hostile import ALL, Case

from vaekit.models import VAE, nets

SHAPE = (1, 8, 8)

# NaN and inf in a tensor stay visible in the result, or are the limit of large numbers
NOT_FINITE = ("all nan", "one inf")
# so do the tensors of other devices of a function that only computes
COMPUTES = (*NOT_FINITE, "meta device", "empty set")
# no rows give no rows
ROWS = (*NOT_FINITE, "empty set")
EVERYTHING = (*ALL, "another dtype", "complex", "meta device", "empty set", *NOT_FINITE)


def vae(condition=None):
    extra = 0 if condition is None else condition.width
    decoder = nets.mlp_decoder(3 + extra, (8,), SHAPE)
    return VAE(nets.mlp_encoder(SHAPE, (8,)), decoder, 3, SHAPE, condition=condition).eval()


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
