"""`evaluate` measures, and leaves everything as it was."""
import pytest
import torch
from support.vaes import small_vae

from vaekit import losses, recipes, training


def modes(model):
    """Every part's own mode, in training or not."""
    return [part.training for part in model.modules()]


def test_it_does_not_depend_on_the_batch_size_or_the_mode(small):
    model = recipes.build("conv-ae-mnist", 2).train()
    images = small[1]
    in_sevens = training.evaluate(model, images, losses.reconstruction_error, batch_size=7)
    at_once = training.evaluate(model.eval(), images, losses.reconstruction_error)
    assert in_sevens["loss"] == pytest.approx(at_once["loss"], rel=1e-5)


def test_its_terms_are_the_means_over_all_images(small):
    """An objective without noise, against the mean by hand."""
    model = recipes.build("conv-ae-mnist", 2).eval()
    images = small[1].images()
    with torch.no_grad():
        by_hand = losses.squared_error(model(images), images).double().mean().item()
    found = training.evaluate(model, small[1], losses.reconstruction_error, batch_size=30)
    assert found == {"loss": pytest.approx(by_hand, rel=1e-6)}


def test_the_same_seed_gives_the_same_estimate(small):
    model = small_vae()
    first = training.evaluate(model, small[1], losses.negative_elbo, seed=3)
    again = training.evaluate(model, small[1], losses.negative_elbo, seed=3)
    other = training.evaluate(model, small[1], losses.negative_elbo, seed=4)
    assert first == again
    assert first["loss"] != other["loss"]


def test_each_part_keeps_its_own_mode(small):
    """A part may have been frozen on purpose: one in evaluation mode inside a model in training."""
    model = recipes.build("conv-ae-mnist", 2).train()
    model.encoder.eval()
    before = modes(model)
    assert True in before
    assert False in before

    training.evaluate(model, small[1], losses.reconstruction_error)
    assert modes(model) == before


def test_each_part_keeps_its_own_mode_after_an_error_too(small):
    model = recipes.build("conv-ae-mnist", 2).train()
    model.encoder.eval()
    before = modes(model)

    def broken(output, x, c):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        training.evaluate(model, small[1], broken)
    assert modes(model) == before


def test_statistics_of_batch_normalisation_stay(small):
    model = recipes.build("conv-ae-mnist", 2).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    training.evaluate(model, small[1], losses.reconstruction_error)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_gradients_stay_and_none_is_tracked(small):
    model = small_vae()
    images = small[1].images()
    losses.negative_elbo(model(images), images)["loss"].mean().backward()
    before = [weight.grad.clone() for weight in model.parameters()]
    tracked = []

    def objective(output, x, c):
        tracked.append(output.logits.requires_grad)
        return losses.negative_elbo(output, x)

    training.evaluate(model, small[1], objective)
    assert tracked == [False]
    assert torch.is_grad_enabled()
    for weight, gradient in zip(model.parameters(), before, strict=True):
        assert torch.equal(weight.grad, gradient)


def test_the_callers_random_state_stays(small):
    torch.manual_seed(42)
    before = torch.get_rng_state()
    training.evaluate(small_vae(), small[1], losses.negative_elbo)
    assert torch.equal(torch.get_rng_state(), before)
