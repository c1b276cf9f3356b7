"""What tells two objectives apart, and what does not, in this process and in another."""
import dataclasses
import functools
import os
import re
import subprocess
import sys

import pytest
import torch
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.arguments import checked
from vaekit.errors import UserError
from vaekit.losses import Cyclic, Scheduled, describe


def of_source(source, **variables):
    """What a notebook's cell defines as `objective`."""
    space = dict(variables, __name__="__main__", torch=torch, losses=losses)
    exec(source, space)
    return space["objective"]


def weighted(weight):
    return lambda output, x, c: {"loss": weight * output}


class Own:
    def __init__(self, weight, note="a"):
        self.weight = weight
        self.note = note

    def __call__(self, output, x, c):
        return {"loss": self.weight * output}


class Other(Own):
    def __call__(self, output, x, c):
        return {"loss": self.weight + output}


@dataclasses.dataclass(frozen=True)
class WithAFunction:
    function: object

    def __call__(self, output, x, c):
        return {"loss": self.function(output)}


def wrapped(weight):
    @functools.wraps(losses.negative_elbo)
    def objective(output, x, c):
        return {"loss": weight * losses.negative_elbo(output, x, c)["loss"]}

    return objective


class Wrapper:
    """As a decorator that is a class."""

    def __init__(self, weight):
        functools.update_wrapper(self, losses.negative_elbo)
        self.weight = weight

    def __call__(self, output, x, c):
        return {"loss": self.weight * losses.negative_elbo(output, x, c)["loss"]}


def with_samples(objective, samples):
    objective.samples = samples
    return objective


class Slots:
    __slots__ = ("__weight", "unset")

    def __init__(self, weight):
        self.__weight = weight

    def __call__(self, output, x, c):
        return {"loss": self.__weight * output}


class MoreSlots(Slots):
    __slots__ = ()


class Penalty(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, output, x, c):
        return {"loss": self.weight * output}


DIFFERENT = {
    "code": (lambda o, x, c: {"loss": o + 1}, lambda o, x, c: {"loss": o - 1}),
    "constants": (lambda o, x, c: {"loss": 2 * o}, lambda o, x, c: {"loss": 3 * o}),
    "defaults": (lambda o, x, c, w=2: {"loss": w * o}, lambda o, x, c, w=3: {"loss": w * o}),
    "keyword defaults": (
        lambda o, x, c, *, w=2: {"loss": w * o},
        lambda o, x, c, *, w=3: {"loss": w * o},
    ),
    "a variable around": (weighted(2.0), weighted(3.0)),
    "a tensor around": (weighted(torch.ones(3)), weighted(torch.tensor([1.0, 1.0, 2.0]))),
    "a function around": (weighted(torch.sin), weighted(torch.cos)),
    "inner code": (
        lambda o, x, c: {"loss": [each + 1 for each in o]},
        lambda o, x, c: {"loss": [each + 2 for each in o]},
    ),
    "a name": (lambda o, x, c: {"loss": torch.sin(o)}, lambda o, x, c: {"loss": torch.cos(o)}),
    "a partial's lambda": (
        functools.partial(lambda o, x, c, w: {"loss": w * o}, w=2),
        functools.partial(lambda o, x, c, w: {"loss": w + o}, w=2),
    ),
    "an attribute": (Own(2.0), Own(3.0)),
    "a method": (Own(2.0), Other(2.0)),
    "a bound method": (Own(2.0).__call__, Own(3.0).__call__),
    "a field's function": (WithAFunction(lambda o: o), WithAFunction(lambda o: -o)),
    "a module's attribute": (Penalty(2.0), Penalty(3.0)),
    "a setting of torch's": (torch.nn.MSELoss(), torch.nn.MSELoss(reduction="sum")),
    "a wrapper of the library's": (wrapped(2.0), losses.negative_elbo),
    "a wrapper's variable": (wrapped(2.0), wrapped(3.0)),
    "a wrapper that is an object": (Wrapper(2.0), losses.negative_elbo),
    "its attribute": (Wrapper(2.0), Wrapper(3.0)),
    "a function's attribute": (
        with_samples(lambda o, x, c: {"loss": o}, 2),
        with_samples(lambda o, x, c: {"loss": o}, 3),
    ),
    "a decorator of vaekit's": (checked(weighted(2.0)), checked(weighted(3.0))),
    "slots": (Slots(2.0), Slots(3.0)),
    "inherited slots": (MoreSlots(2.0), MoreSlots(3.0)),
    "a schedule": (
        losses.Scheduled(losses.negative_elbo, beta=lambda progress: progress),
        losses.Scheduled(losses.negative_elbo, beta=lambda progress: progress**2),
    ),
    "a global number": (
        of_source("BETA = 2.0\ndef objective(o, x, c): return {'loss': BETA * o}"),
        of_source("BETA = 3.0\ndef objective(o, x, c): return {'loss': BETA * o}"),
    ),
    "a global function": (
        of_source("def f(o): return o\ndef objective(o, x, c): return {'loss': f(o)}"),
        of_source("def f(o): return -o\ndef objective(o, x, c): return {'loss': f(o)}"),
    ),
}

ALIKE = {
    "the same twice": (weighted(2.0), weighted(2.0)),
    "another docstring": (
        of_source("def objective(o, x, c):\n  'one'\n  return {'loss': o}"),
        of_source("def objective(o, x, c):\n  'two'\n  return {'loss': o}"),
    ),
    "a comment": (
        of_source("def objective(o, x, c): return {'loss': o}"),
        of_source("# a word\n\ndef objective(o, x, c): return {'loss': o}"),
    ),
    "an unrelated variable": (
        of_source("mean = 1\ndef objective(o, x, c): return {'loss': o.mean}"),
        of_source("mean = 2\ndef objective(o, x, c): return {'loss': o.mean}"),
    ),
}


@pytest.mark.parametrize("one, other", DIFFERENT.values(), ids=DIFFERENT)
def test_what_does_something_else_is_described_otherwise(one, other):
    assert describe(one) != describe(other)
    assert describe(one) == describe(one)


@pytest.mark.parametrize("one, other", ALIKE.values(), ids=ALIKE)
def test_what_does_the_same_is_described_alike(one, other):
    assert describe(one) == describe(other)


def test_the_weights_of_a_network_do_not_count_since_training_changes_them():
    network = torch.nn.Linear(3, 1)
    objective = weighted(network)
    before = describe(objective)
    with torch.no_grad():
        network.weight.add_(1)
    assert describe(objective) == before
    assert describe(weighted(torch.nn.Linear(4, 1))) != before


def test_a_function_that_calls_itself_has_a_description():
    def objective(output, x, c):
        return objective(output[1:], x, c) if len(output) else {"loss": output}

    assert describe(objective).endswith(f"objective#{describe(objective)[-8:]}")


def test_an_attribute_of_the_librarys_own_is_described(monkeypatch):
    monkeypatch.setattr(losses.negative_elbo, "samples", 3, raising=False)
    assert describe(losses.negative_elbo) == "negative_elbo(samples=3)"


def test_what_is_known_by_its_name_has_no_digest():
    assert describe(losses.negative_elbo) == "negative_elbo"
    assert describe(torch.nn.functional.mse_loss) == "mse_loss"
    assert describe(functools.wraps) == "wraps"
    assert describe(len) == "len"
    assert describe(losses.WarmUp()) == "WarmUp(to=1.0, over=0.5, start=0.0)"


ELSEWHERE = """
from tests.losses.test_description import DIFFERENT, describe
for one, other in DIFFERENT.values():
    print(describe(one))
    print(describe(other))
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_description_is_the_same_in_another_process(hash_seed):
    path = os.pathsep.join([os.getcwd(), os.path.join(os.getcwd(), "tests")])
    environment = dict(os.environ, PYTHONHASHSEED=hash_seed, PYTHONPATH=path)
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    here = [describe(each) for pair in DIFFERENT.values() for each in pair]
    assert there.stdout.splitlines() == here


def test_a_checkpoint_knows_a_lambda_again_and_refuses_another(small, tmp_path):
    images, _ = small

    def fit(weight):
        return training.fit(
            small_vae(),
            images,
            lambda output, x, c: losses.negative_elbo(output, x, beta=weight),
            epochs=1,
            batch_size=100,
            checkpoint=tmp_path / "run.safetensors",
        )

    fit(2.0)
    assert len(fit(2.0)) == 1
    with pytest.raises(UserError, match="other settings .*loss"):
        fit(3.0)


DIGEST = "#[0-9a-f]{8}"


class OwnObjective:
    """A student's objective: it has no repr of its own, and Python's holds an address."""

    def __call__(self, output, x, c):
        return {}


def test_objectives_describe_themselves():
    assert describe(losses.free_bits) == "free_bits"
    assert describe(losses.ImportanceWeighted(3)) == "ImportanceWeighted(samples=3)"
    assert describe(torch.nn.MSELoss()).startswith("MSELoss#")

    tcvae = functools.partial(losses.beta_tcvae, images=10, beta=2.0)
    assert describe(tcvae) == "beta_tcvae(beta=2.0, images=10)"
    assert describe(functools.partial(pow, 2, 3)) == "pow(2, 3)"

    free = Scheduled(functools.partial(losses.free_bits, beta=2.0), free=Cyclic())
    assert repr(free) == "Scheduled(free_bits(beta=2.0), free=Cyclic(to=1.0, cycles=4, rise=0.5))"


@pytest.mark.parametrize("objective, words", [
    (OwnObjective(), f"OwnObjective{DIGEST}"),
    (OwnObjective().__call__, rf"OwnObjective{DIGEST}\.__call__"),
    (functools.partial(pow, OwnObjective()), rf"pow\(OwnObjective{DIGEST}\)"),
    (functools.partial(pow, exp=losses.free_bits), r"pow\(exp=free_bits\)"),
    (Scheduled(losses.negative_elbo, beta=lambda progress: 1.0), rf"<lambda>{DIGEST}\)"),
    (Scheduled(losses.negative_elbo, beta=functools.partial(max, 1.0)), r"beta=max\(1.0\)\)"),
])
def test_a_description_holds_no_address(objective, words):
    assert re.search(f"{words}$", describe(objective))
    assert " at 0x" not in describe(objective)
