"""A part that was frozen on purpose stays frozen while the rest is trained."""
import pytest
import torch
from support.training import killed_after
from torch import nn

from vaekit import losses, recipes, training


def autoencoder():
    """With batch normalisation in encoder and decoder."""
    return recipes.build("conv-ae-mnist", 2)


def fit(model, images, **settings):
    settings = {"epochs": 2, "batch_size": 50, **settings}
    return training.fit(model, images, losses.reconstruction_error, **settings)


def statistics(part):
    """The running means and variances of its batch normalisations."""
    return [buffer.clone() for buffer in part.buffers()]


def same(before, after):
    return all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_part_in_evaluation_mode_inside_a_model_in_training_stays_so(small):
    model = autoencoder().train()
    model.encoder.eval()
    encoder = statistics(model.encoder)
    decoder = statistics(model.decoder)
    fit(model, small[0], test=small[1])
    assert same(encoder, statistics(model.encoder))
    assert not same(decoder, statistics(model.decoder))


def test_a_part_without_trainable_weights_in_evaluation_mode_stays_so(small):
    """Also where the whole model is in evaluation mode, as it comes from `build` and `fit`."""
    model = autoencoder()
    fit(model, small[0])
    model.encoder.requires_grad_(False)
    encoder = statistics(model.encoder)
    decoder = statistics(model.decoder)
    fit(model, small[0])
    assert same(encoder, statistics(model.encoder))
    assert not same(decoder, statistics(model.decoder))


def test_a_model_in_evaluation_mode_is_trained_as_a_whole(small):
    """It says nothing of any part: so a model is after `fit`, and as it comes from a file."""
    model = autoencoder().eval()
    modes = []

    def watched(output, x, c):
        modes.append({part.training for part in model.modules()})
        return losses.reconstruction_error(output, x)

    training.fit(model, small[0], watched, epochs=1, batch_size=100)
    assert modes == [{True}] * 3


def test_the_mode_before_makes_no_difference(small):
    in_training = autoencoder().train()
    in_evaluation = autoencoder().eval()
    fit(in_training, small[0])
    fit(in_evaluation, small[0])
    for a, b in zip(
        in_training.state_dict().values(), in_evaluation.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)


def test_a_frozen_dropout_stays_frozen(small):
    """A part without weights, frozen with the part that holds it."""
    model = autoencoder().train()
    model.encoder.append(nn.Dropout(0.5))
    model.encoder.eval()
    seen = []
    model.encoder[-1].register_forward_hook(lambda part, x, y: seen.append(part.training))
    fit(model, small[0], epochs=1)
    assert set(seen) == {False}


@pytest.mark.parametrize("end", ["done", "interrupted"])
def test_afterwards_the_whole_model_is_ready_for_use(small, end):
    model = autoencoder().train()
    objective = losses.reconstruction_error
    if end == "interrupted":
        with pytest.raises(KeyboardInterrupt):
            training.fit(model, small[0], killed_after(2, objective), batch_size=50)
    else:
        fit(model, small[0])
    assert {part.training for part in model.modules()} == {False}


def test_no_gradient_is_left(small):
    """They would take as much memory as the weights, for every model that a lab keeps."""
    model = autoencoder()
    fit(model, small[0], epochs=1)
    assert all(weight.grad is None for weight in model.parameters())
