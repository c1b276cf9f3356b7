"""A reproduction's damaged file is named, with what is wrong in it and the way out."""
import json
import math
import re

import pytest
from support.reproduced import again, lose, read_json

from vaekit.errors import UserError

pytestmark = pytest.mark.slow


DAMAGED = "(is damaged|is not readable JSON|is no text).*; (delete it|choose another folder)"


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b"null", b"NaN", b'""'])
@pytest.mark.parametrize("name", ["z64-beta0.5.json", "z64-beta0.5.history.json", "settings.json"])
def test_a_damaged_file_is_named(copy, name, content):
    (copy / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} {DAMAGED}"):
        again(copy)


@pytest.mark.parametrize("field, value, words", [
    ("settings", None, "settings must not be None"),
    ("settings", {"data": 3}, "settings must not be"),
    ("recipe", "", "recipe must not be ''"),
    ("latent_dim", True, "latent_dim must not be True"),
    ("latent_dim", 3, "it is the row z = 3, β = 1"),
    ("beta", "1", "beta must not be '1'"),
    ("beta", -1, "beta must not be -1"),
    ("measured", {}, "measured must not be {}"),
    ("measured", {"loss": math.nan, "kl": 1.0, "reconstruction": 1.0}, "measured must not be"),
    ("measured", {"loss": None}, "measured must not be"),
    ("measured", {"weather": 1.0}, "measured must not be"),
    ("measured", {"loss": 1.0}, "not measured: reconstruction, kl"),
    ("reported", [1], "reported must not be"),
    ("seconds", -1, "seconds must not be -1"),
    ("seconds", math.inf, "seconds must not be inf"),
    ("date", "yesterday", "date must not be 'yesterday'"),
    ("date", 3, "date must not be 3"),
    ("machine", {"cores": [1]}, "machine must not be"),
    ("colour", 1, "missing or unknown: colour"),
])
def test_every_field_of_a_row_is_checked(copy, field, value, words):
    path = copy / "z2-beta1.json"
    path.write_text(json.dumps(read_json(path) | {field: value}))
    (copy / "settings.json").unlink()
    message = rf"z2-beta1.json is damaged \({re.escape(words)}.*\); delete it, and the row is "
    with pytest.raises(UserError, match=message):
        again(copy)


def test_a_row_without_a_field_is_damaged(copy):
    path = copy / "z2-beta1.json"
    row = read_json(path)
    del row["machine"]
    path.write_text(json.dumps(row))
    with pytest.raises(UserError, match=r"damaged \(missing or unknown: machine\)"):
        again(copy)


@pytest.mark.parametrize("content, words", [
    ("[]", r"a history must be a list of epochs, got \[\]"),
    ("{}", "a history must be a list of epochs"),
    ("null", "a history must be a list of epochs"),
    ("[null]", "epoch 1 must hold numbers"),
    ('[{"epoch": 1, "train_loss": NaN}]', "epoch 1 must hold numbers"),
    ('[{"epoch": 1, "train_loss": "low"}]', "epoch 1 must hold numbers"),
    ('[{"epoch": 2, "train_loss": 1}]', "epoch 1 is missing"),
    ('[{"epoch": 1, "train_loss": 1}, {"epoch": 2}]', "epoch 2 is missing or has other columns"),
    ('[{"epoch": 1}]', "no loss was recorded"),
])
def test_a_history_that_is_none_is_damaged(copy, content, words):
    (copy / "z2-beta1.history.json").write_text(content)
    message = rf"z2-beta1.history.json is damaged \({words}.*delete it, and the row is trained"
    with pytest.raises(UserError, match=message):
        again(copy)


def test_a_folder_in_the_place_of_a_row(copy):
    lose(copy, "z1-beta1")
    (copy / "z1-beta1.safetensors").mkdir()
    with pytest.raises(UserError, match="z1-beta1.safetensors is a folder, where a file"):
        again(copy)


def test_a_damaged_checkpoint_is_named(copy):
    lose(copy, "z1-beta1")
    (copy / "z1-beta1.checkpoint.safetensors").write_bytes(b"nothing")
    words = "z1-beta1.checkpoint.safetensors is not a readable safetensors file.*delete it"
    with pytest.raises(UserError, match=words):
        again(copy)
