"""How far training is, in lines: for a log that nobody watches."""
import re

import pytest
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.cli import progress
from vaekit.cli.progress import Lines


def lines(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_for_each_tenth(capsys):
    bar = Lines(300, 0)
    for epoch in range(100):
        for _ in range(3):
            bar.update()
        bar.show({"train_loss": float(epoch)})
    said = lines(capsys)
    assert len(said) == 10
    assert said[0] == "vaekit: training, 10 % of 300 steps, 0 s, train 9"
    assert said[-1] == "vaekit: training, 100 % of 300 steps, 0 s, train 99"


def test_a_line_for_each_epoch_where_there_are_few(capsys):
    bar = Lines(6, 0)
    for _ in range(3):
        bar.update()
        bar.update()
        bar.show({"train_generator_loss": 0.69314, "test_loss": 103.14})
    said = lines(capsys)
    assert len(said) == 3
    assert said[0].endswith("33 % of 6 steps, 0 s, train generator 0.6931, test 103.1")


def test_after_a_minute_of_silence_there_is_a_line(capsys, clock):
    bar = Lines(1_000_000, 0)
    for _ in range(150):
        clock[0] += 1
        bar.update()
    assert lines(capsys) == [
        "vaekit: training, 0 % of 1,000,000 steps, 60 s",
        "vaekit: training, 0 % of 1,000,000 steps, 120 s",
    ]


def test_what_was_done_before_is_not_told_again(capsys):
    bar = Lines(100, 55)
    bar.show({"train_loss": 1.0})
    assert lines(capsys) == []
    for _ in range(5):
        bar.update()
    bar.show({"train_loss": 1.0})
    assert lines(capsys) == ["vaekit: training, 60 % of 100 steps, 0 s, train 1"]


def test_training_tells_it(capsys, monkeypatch, small):
    monkeypatch.setenv("TQDM_DISABLE", "0")
    model = small_vae()
    history = training.fit(model, small[0], losses.negative_elbo, epochs=20, progress=Lines)
    said = lines(capsys)
    assert len(said) == 10
    assert said[-1].endswith(f"train {history.last['train_loss']:.4g}")
    for line in said:
        assert re.fullmatch(r"vaekit: training, \d+ % of 60 steps, \d+ s, .*", line)
