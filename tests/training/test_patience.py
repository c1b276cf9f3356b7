"""Early stopping: when it stops, which set it watches, which weights it keeps."""
import pytest
from support.vaes import small_vae

from vaekit import losses, training

PATIENCE = 8


def overfit(model, train, **held_out):
    """Train a model too large for its few images, until patience runs out."""
    return training.fit(
        model,
        train.first(20),
        losses.negative_elbo,
        epochs=400,
        batch_size=20,
        lr=1e-2,
        patience=PATIENCE,
        **held_out,
    )


def test_early_stopping_keeps_the_best_weights(small):
    train, test = small
    model = small_vae(20)
    history = overfit(model, train, test=test)

    curve = history["test_loss"]
    assert len(curve) < 400
    assert min(curve) < curve[-1]
    assert len(curve) - 1 - curve.index(min(curve)) == PATIENCE

    kept = training.evaluate(model, test, losses.negative_elbo)["loss"]
    assert kept == pytest.approx(min(curve), rel=1e-6)


def test_patience_watches_the_validation_set_where_there_is_one(small):
    """The test set is the training set here.

    Its loss goes on falling while that of the validation set rises.
    """
    train, validation = small
    model = small_vae(20)
    history = overfit(model, train, validation=validation, test=train.first(20))

    watched = history["validation_loss"]
    assert history.best == watched.index(min(watched))
    assert history.best == len(history) - 1 - PATIENCE

    test = history["test_loss"]
    assert test[-1] < test[history.best]

    kept = training.evaluate(model, validation, losses.negative_elbo)["loss"]
    assert kept == pytest.approx(min(watched), rel=1e-6)


def test_a_validation_set_alone_will_do_for_patience(small):
    train, validation = small
    model = small_vae(20)
    history = overfit(model, train, validation=validation)
    assert history.columns[4:] == [
        "validation_loss",
        "validation_reconstruction",
        "validation_kl",
        "seconds",
    ]
    assert len(history) < 400

    kept = training.evaluate(model, validation, losses.negative_elbo)["loss"]
    assert kept == pytest.approx(min(history["validation_loss"]), rel=1e-6)
