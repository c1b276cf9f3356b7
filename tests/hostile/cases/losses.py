"""The arguments of losses that work, and the hostile values that are rightly accepted."""
from functools import partial

import torch
from support.hostile import ALL, Case, Exempt

from vaekit import losses
from vaekit.models import VAEOutput, nets

# NaN and inf in a tensor stay visible in the result: training stops there, and says at which step
NOT_FINITE = ("all nan", "one inf")

ANY_TENSOR = ("another dtype", "complex", "meta device", "empty set", *NOT_FINITE)
NAMES = "it is told by the function that calls it what to call the arguments"


def images(n=3):
    return torch.rand(n, 1, 4, 4)


def output(samples=1):
    shape = (3,) if samples == 1 else (samples, 3)
    mean = torch.randn(3, 2)
    log_var = torch.randn(3, 2)
    epsilon = torch.randn(*shape, 2)
    z = mean + torch.exp(0.5 * log_var) * epsilon
    return VAEOutput(torch.randn(*shape, 1, 4, 4), mean, log_var, z, epsilon)


def objective_case(*weights, **fixed):
    """An objective of (output, x, c): a weight may be 0."""
    return Case(
        lambda: dict(output=output(), x=images(), **fixed),
        accepts=dict.fromkeys(weights, ("zero",)),
        words={"nats": "capacity"},
    )


def of_tensors(make, *names, more=()):
    """A function of tensors, into which NaN and inf may go, and `more`."""
    return Case(
        make, accepts=dict.fromkeys(names, (*NOT_FINITE, *more)), not_a_number=names
    )


CASES = {
    "losses.conventions.effective_beta": Case(
        lambda: dict(weight=1.0, pixels=784, latents=8, width=2.0),
        accepts={"weight": ("zero", "huge"), "width": ("huge",)},
    ),
    "losses.description.describe": Case(
        lambda: dict(objective=losses.negative_elbo),
        accepts={"objective": ALL},
    ),
    "losses.description.describe_network": Case(
        lambda: dict(network=nets.mlp_encoder((1, 4, 4), (8,))),
        # where its weights lie does not matter
        accepts={"network": ("meta device",)},
    ),
    "losses.objectives.negative_elbo": objective_case("beta"),
    "losses.objectives.negative_elbo_gaussian": objective_case("beta"),
    "losses.objectives.free_bits": objective_case("free", "beta"),
    "losses.objectives.capacity": objective_case("nats", "gamma"),
    "losses.total_correlation.beta_tcvae": objective_case("beta", "alpha", "gamma", images=100),
    "losses.objectives.ImportanceWeighted": Case(lambda: dict(samples=5)),
    "losses.objectives.samples_of": Case(lambda: dict(objective=losses.ImportanceWeighted(3))),
    "losses.objectives.reconstruction_error": of_tensors(
        lambda: dict(x_hat=images(), x=images()), "x_hat", "x"
    ),
    "losses.objectives.cross_entropy": Case(
        lambda: dict(logits=torch.randn(3, 4), x=images(), c=torch.tensor([0, 1, 3])),
        # the images are not used
        accepts={"logits": NOT_FINITE, "x": ANY_TENSOR},
        not_a_number=("logits",),
    ),
    "losses.objectives.attribute_cross_entropy": Case(
        lambda: dict(logits=torch.randn(3, 4), x=images(), c=torch.eye(4)[:3]),
        # the images are not used
        accepts={
            "logits": (*NOT_FINITE, "meta device"),
            "x": ANY_TENSOR,
            "c": ("another dtype",),
        },
        not_a_number=("logits",),
    ),
    "losses.objectives.reconstruction_of": objective_case(),
    "losses.objectives.kl_of": Case(lambda: dict(output=output())),
    "losses.objectives.log_prior": of_tensors(
        lambda: dict(z=torch.randn(3, 2)), "z", more=("meta device", "empty set")
    ),
    "losses.schedules.WarmUp": Case(
        lambda: dict(to=2.0, over=0.5, start=1.0),
        accepts={"to": ("zero", "huge"), "start": ("zero", "huge")},
    ),
    "losses.schedules.Cyclic": Case(
        lambda: dict(to=2.0, cycles=3, rise=0.5), accepts={"to": ("zero", "huge")}
    ),
    "losses.schedules.Scheduled": Case(
        lambda: dict(
            objective=losses.negative_elbo,
            schedules=dict(beta=losses.WarmUp()),
        ),
    ),
    "losses.schedules.Scheduled.at": Case(
        lambda: dict(
            self=losses.Scheduled(losses.negative_elbo, beta=losses.WarmUp()), progress=0.5
        ),
        accepts={"progress": ("zero",)},
    ),
    "losses.schedules.changes": Case(lambda: dict(objective=partial(losses.free_bits, beta=2.0))),
    "losses.schedules.at": Case(
        lambda: dict(objective=losses.negative_elbo, progress=0.5),
        accepts={"progress": ("zero",)},
    ),
    "losses.terms.squared_error": of_tensors(
        lambda: dict(x_hat=images(), x=images()), "x_hat", "x"
    ),
    "losses.terms.bernoulli_nll": of_tensors(
        lambda: dict(logits=torch.randn(3, 1, 4, 4), x=images()), "logits"
    ),
    "losses.terms.gaussian_kl": of_tensors(
        lambda: dict(mean=torch.zeros(2, 3), log_var=torch.zeros(2, 3)), "mean", "log_var"
    ),
    "losses.terms.log_normal": of_tensors(
        lambda: dict(z=torch.zeros(2, 3), mean=torch.zeros(2, 3), log_var=torch.zeros(2, 3)),
        "z",
        "mean",
        "log_var",
    ),
    "losses.terms.log_standard_normal": of_tensors(
        lambda: dict(z=torch.randn(3, 2)), "z", more=("meta device", "empty set")
    ),
    "losses.terms.log_posterior": Case(lambda: dict(output=output())),
    "losses.checks.check_float": Exempt(NAMES),
    "losses.checks.check_same_shape": Exempt(NAMES),
    "losses.checks.check_broadcast": Exempt(NAMES),
    "losses.checks.check_weights": Exempt(NAMES),
    "losses.checks.check_range": Case(lambda: dict(x=images())),
    "losses.checks.check_objective": Case(lambda: dict(objective=losses.negative_elbo)),
    "losses.checks.check_output": Case(
        lambda: dict(output=output(), names=("logits",)), words={"names": "output"}
    ),
}
