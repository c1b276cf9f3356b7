"""What `-p NAME=VALUE` means, and which values a lab's parameters take."""
import math

import numpy as np
import pytest
from support.labs import write_lab

from vaekit.course import labs
from vaekit.course.notebooks import read_notebook
from vaekit.course.parameters import check_parameters, declared
from vaekit.errors import UserError


@pytest.mark.parametrize("pairs, expected", [
    (["epochs=5", "dataset=mnist", "lr=1e-3"], {"epochs": 5, "dataset": "mnist", "lr": 1e-3}),
    (["sizes=[1, 2]", "name='a b'", "url=a=b"], {"sizes": [1, 2], "name": "a b", "url": "a=b"}),
    (["n= 3", "m=-1", "empty=''"], {"n": 3, "m": -1, "empty": ""}),
    # no literal: text
    (["n={[1]:2}", "m=10**30", "k=nan"], {"n": "{[1]:2}", "m": "10**30", "k": "nan"}),
    (["n=" + "-" * 5000 + "1"], {"n": "-" * 5000 + "1"}),
    (["n=" + "9" * 5000], {"n": "9" * 5000}),
    ([], {}),
])
def test_parse_parameters(pairs, expected):
    assert labs.parse_parameters(pairs) == expected


@pytest.mark.parametrize("pair, words", [
    ("epochs", "a parameter is NAME=VALUE, got 'epochs'"),
    ("=3", "a parameter is NAME=VALUE, got '=3'"),
    ("a b=3", "a parameter is NAME=VALUE, got 'a b=3'"),
    ("epochs=", "a parameter is NAME=VALUE, got 'epochs='; write epochs='' for an empty text"),
    ("epochs= ", "write epochs='' for an empty text"),
    ("class=3", "a parameter is NAME=VALUE, got 'class=3'"),
    ("n=" + "-" * 100_000 + "1", "the value of n has 100001 characters, and 10000 are the most"),
])
def test_what_is_no_parameter_is_refused(pair, words):
    with pytest.raises(UserError, match=words):
        labs.parse_parameters([pair])


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(UserError, match="parameter n is given twice, as 1 and as 2; give it once"):
        labs.parse_parameters(["n=1", "m=3", "n=2"])


TYPES = """
n: int = 2
rate: float = 0.5
half: "float" = 0.5
maybe: int | None = None
sizes: list[int] = [1]
pair: tuple = (1, 2)
anything = make()
unknown: Path = Path()
plain = 3
text = "a"
empty = None
a, b = 1, 2
"""


@pytest.mark.parametrize("name, value", [
    ("n", 3), ("n", -10**30), ("rate", 1), ("rate", 1.5), ("half", 2), ("maybe", None),
    ("maybe", 3), ("sizes", [1, 2]), ("pair", (1, 2)), ("pair", [1, 2]), ("anything", "x"),
    ("unknown", "x"), ("plain", 4), ("text", "b"), ("text", "nan"), ("empty", 4),
])
def test_values_that_fit(tmp_path, name, value):
    check(tmp_path, name, value)


@pytest.mark.parametrize("name, value, words", [
    ("n", "three", "n of 01_lab must be int, got 'three'"),
    ("n", "", "n of 01_lab must be int, got ''"),
    ("n", 2.0, "n of 01_lab must be int, got 2.0"),
    ("n", True, "n of 01_lab must be int, got True"),
    ("n", None, "n of 01_lab must be int, got None"),
    ("n", "-" * 5000, "n of 01_lab must be int, got '-----"),
    ("n", "{[1]:2}", "n of 01_lab must be int, got '{"),
    ("rate", math.nan, "rate of 01_lab must be a finite float, got nan"),
    ("rate", math.inf, "rate of 01_lab must be a finite float, got inf"),
    ("rate", "nan", "rate of 01_lab must be float, got 'nan'"),
    ("rate", False, "rate of 01_lab must be float, got False"),
    ("half", "x", "half of 01_lab must be float, got 'x'"),
    ("maybe", "x", "maybe of 01_lab must be int or None, got 'x'"),
    ("sizes", 3, "sizes of 01_lab must be list, got 3"),
    ("plain", "x", "plain of 01_lab must be int, got 'x'"),
    ("text", 3, "text of 01_lab must be str, got 3; write text=\"'3'\""),
    ("m", 3, "01_lab has no parameter m; it has n, rate, half"),
    ("a", 3, "01_lab has no parameter a"),
])
def test_values_that_do_not_fit_are_refused(tmp_path, name, value, words):
    with pytest.raises(UserError) as refusal:
        check(tmp_path, name, value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def check(tmp_path, name, value):
    path = write_lab(tmp_path, "01_lab")
    notebook = read_notebook(path)
    notebook["cells"][1]["source"] = TYPES
    check_parameters("01_lab", notebook, {name: value})


def test_numbers_of_numpy_are_numbers(tmp_path):
    check(tmp_path, "n", np.int64(3))
    check(tmp_path, "rate", np.float32(3))


@pytest.mark.parametrize("source", ["%matplotlib inline", "n: int = ", "\0", "-" * 100_000 + "1"])
def test_a_parameters_cell_that_is_no_python_is_named(tmp_path, source):
    notebook = read_notebook(write_lab(tmp_path, "01_lab"))
    notebook["cells"][1]["source"] = source
    with pytest.raises(UserError, match="parameters cell of 01_lab"):
        check_parameters("01_lab", notebook, {"n": 3})


def test_a_lab_without_parameters_takes_none(tmp_path):
    notebook = read_notebook(write_lab(tmp_path, "01_lab"))
    del notebook["cells"][1]
    with pytest.raises(UserError, match="01_lab has no parameter n; it has none"):
        check_parameters("01_lab", notebook, {"n": 3})


def test_the_parameters_of_the_real_labs_are_those_that_papermill_finds():
    from papermill import inspect_notebook

    for path in labs.find():
        found = declared(read_notebook(path), path.stem)
        known = inspect_notebook(str(path))
        assert list(found) == list(known)
        types = {name: parameter["inferred_type_name"] for name, parameter in known.items()}
        assert {name: " or ".join(names) for name, names in found.items()} == types
