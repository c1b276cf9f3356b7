"""The front pages of data and recipes, whose names are imported when they are first asked for."""
import importlib
import subprocess
import sys

import pytest

ROOMS = ["data", "recipes"]


def in_a_new_process(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_listed_and_there(room):
    module = importlib.import_module(f"vaekit.{room}")
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_name_can_be_imported_first(room):
    in_a_new_process(f"from vaekit.{room} import *")


@pytest.mark.parametrize("room", ROOMS)
def test_an_unknown_name_is_refused_as_python_does(room):
    module = importlib.import_module(f"vaekit.{room}")
    with pytest.raises(AttributeError, match=f"module 'vaekit.{room}' has no attribute 'lod'"):
        module.lod  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_no_module_stands_in_the_place_of_a_function(room):
    """An imported module becomes an attribute of its package, even over a function."""
    in_a_new_process(
        "import importlib, pkgutil, types\n"
        f"import vaekit.{room} as room\n"
        "for each in pkgutil.iter_modules(room.__path__):\n"
        "    importlib.import_module(f'{room.__name__}.{each.name}')\n"
        "modules = {n for n in room.__all__ if isinstance(getattr(room, n), types.ModuleType)}\n"
        "assert modules <= {'augment', 'faces', 'shapes', 'pretrained'}, modules\n"
    )
