"""A checkpoint with a right checksum and wrong content is refused in a sentence, nothing changed.

Such a file was made by hand, or by another version: `save_weights` signs whatever it is given.
"""
import json
import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.training import fit_elbo
from support.vaes import same_weights, small_vae

from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights

# as many as fit into a second or two
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def checkpoint(digits, tmp_path_factory):
    """(sets, tensors, metadata) of a run of two epochs."""
    sets = (digits[0].first(50), digits[1].first(20))
    path = tmp_path_factory.mktemp("checkpoint") / "run.safetensors"
    fit_elbo(small_vae(), sets, checkpoint=path)
    return sets, *load_weights(path)


@pytest.fixture
def refuses(checkpoint, tmp_path):
    """Resuming from these contents is refused in one sentence, and the model stays as it was."""
    sets, _, _ = checkpoint
    path = tmp_path / "damaged.safetensors"

    def check(tensors, metadata):
        path.unlink(missing_ok=True)
        save_weights(path, tensors, metadata)
        model = small_vae(seed=4)
        untouched = small_vae(seed=4)
        with pytest.raises(UserError) as caught:
            fit_elbo(model, sets, epochs=3, checkpoint=path)
        text = str(caught.value)
        assert str(path) in text
        assert "\n" not in text
        assert "delete it" in text or "another" in text
        assert same_weights(model, untouched)
        return text

    return check


def test_the_file_as_it_was_written_is_read(checkpoint, tmp_path):
    sets, tensors, metadata = checkpoint
    path = save_weights(tmp_path / "whole.safetensors", tensors, metadata)
    assert len(fit_elbo(small_vae(), sets, epochs=3, checkpoint=path)) == 3


@pytest.mark.parametrize("entry", ["rows", "settings", "moments"])
@pytest.mark.parametrize("text", [
    "", "{", "null", "3", '"a"', "[1]", '{"a": 1}', "[{}]", "[[]]", "NaN", "[" * 2000,
])
def test_an_entry_of_the_metadata_that_is_something_else(checkpoint, refuses, entry, text):
    _, tensors, metadata = checkpoint
    refuses(tensors, metadata | {entry: text})


@pytest.mark.parametrize("entry", ["rows", "settings", "moments"])
def test_an_entry_of_the_metadata_that_is_missing(checkpoint, refuses, entry):
    _, tensors, metadata = checkpoint
    refuses(tensors, {name: text for name, text in metadata.items() if name != entry})


@EXAMPLES
@given(rows=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["epoch", "test_loss", "x"]), inner, max_size=3),
    max_leaves=8,
))
def test_any_other_json_in_place_of_the_rows(checkpoint, refuses, rows):
    _, tensors, metadata = checkpoint
    text = refuses(tensors, metadata | {"rows": json.dumps(rows)})
    assert "rows" in text


def changed_rows(rows, change):
    rows = [dict(row) for row in rows]
    change(rows)
    return json.dumps(rows)


@pytest.mark.parametrize("change", [
    lambda rows: rows.clear(),
    lambda rows: rows.reverse(),
    lambda rows: rows.pop(0),
    lambda rows: rows[1].pop("test_kl"),
    lambda rows: rows[0].update(more=1.0),
    lambda rows: rows[1].update(epoch=7),
    lambda rows: rows[1].update(epoch=True),
    lambda rows: rows[0].update(test_loss="low"),
    lambda rows: rows[0].update(train_loss=math.nan),
    lambda rows: [row.pop("test_loss") for row in rows],
])
def test_rows_that_are_not_those_of_this_run(checkpoint, refuses, change):
    _, tensors, metadata = checkpoint
    rows = changed_rows(json.loads(metadata["rows"]), change)
    assert "rows" in refuses(tensors, metadata | {"rows": rows})


PARTS = ("model.", "best.", "optimizer.")


def names_of(tensors, part):
    return sorted(name for name in tensors if name.startswith(part))


@EXAMPLES
@given(data=st.data())
def test_a_tensor_that_is_missing(checkpoint, refuses, data):
    _, tensors, metadata = checkpoint
    name = data.draw(st.sampled_from(sorted(tensors)))
    refuses({key: value for key, value in tensors.items() if key != name}, metadata)


@pytest.mark.parametrize("part", PARTS)
def test_all_tensors_of_a_part_that_are_missing(checkpoint, refuses, part):
    _, tensors, metadata = checkpoint
    refuses({key: v for key, v in tensors.items() if not key.startswith(part)}, metadata)


@EXAMPLES
@given(name=st.one_of(
    st.sampled_from([
        "model.more",
        "best.more",
        "optimizer.99.step",
        "optimizer.-1.step",
        "optimizer.a.step",
        "optimizer.0.more",
        "optimizer.0",
        "optimizer.",
        "optimizer1.0.step",
        "more",
    ]),
    st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=12),
))
def test_a_tensor_too_many(checkpoint, refuses, name):
    _, tensors, metadata = checkpoint
    refuses(tensors | {name: torch.zeros(2)}, metadata)


def reshaped(tensor, how):
    return {
        "one more row": lambda: torch.cat([tensor.reshape(-1), torch.zeros(1)]),
        "flat": lambda: tensor.reshape(-1, 1, 1),
        "empty": lambda: torch.zeros(0),
        "half": lambda: tensor.half(),
        "double": lambda: tensor.double(),
        "whole numbers": lambda: tensor.long(),
        "complex": lambda: tensor.to(torch.complex64),
        "nan": lambda: torch.full_like(tensor, math.nan),
    }[how]()


@EXAMPLES
@given(data=st.data())
def test_a_tensor_of_another_shape_dtype_or_of_nan(checkpoint, refuses, data):
    _, tensors, metadata = checkpoint
    name = data.draw(st.sampled_from(sorted(tensors)))
    how = data.draw(st.sampled_from([
        "one more row", "flat", "empty", "half", "double", "whole numbers", "complex", "nan",
    ]))
    refuses(tensors | {name: reshaped(tensors[name], how)}, metadata)


@pytest.mark.parametrize("part", PARTS)
def test_two_tensors_that_changed_their_names(checkpoint, refuses, part):
    """Of different shapes, as neighbours in a network are."""
    _, tensors, metadata = checkpoint
    first, *others = names_of(tensors, part)
    other = next(name for name in others if tensors[name].shape != tensors[first].shape)
    refuses(tensors | {first: tensors[other], other: tensors[first]}, metadata)


@pytest.mark.parametrize("moments", [
    [], [[]], [[0, 1], [2]], [[999]], [[-1]], [[True]], [["0"]], [[0, 0]], [None], [{}],
])
def test_a_list_of_moments_that_does_not_fit(checkpoint, refuses, moments):
    _, tensors, metadata = checkpoint
    refuses(tensors, metadata | {"moments": json.dumps(moments)})


def test_a_folder_in_its_place_is_not_to_be_deleted(checkpoint, tmp_path):
    sets, _, _ = checkpoint
    words = "checkpoint must be a file, and .* is a folder; add a file name"
    with pytest.raises(UserError, match=words):
        fit_elbo(small_vae(), sets, checkpoint=tmp_path)


def test_an_empty_name_is_refused(checkpoint):
    sets, _, _ = checkpoint
    with pytest.raises(UserError, match="checkpoint must name a file, got ''"):
        fit_elbo(small_vae(), sets, checkpoint="")
