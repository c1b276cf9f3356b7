"""The package hands out what its modules define, and loads a module when it is first asked."""
import importlib

import pytest

from vaekit import plots


def test_every_public_name_can_be_had():
    assert all(hasattr(plots, name) for name in plots.__all__)


def test_every_name_of_a_module_is_public_and_that_of_the_module():
    for module, names in plots.MODULES.items():
        found = importlib.import_module(f"vaekit.plots.{module}")
        for name in names:
            assert getattr(plots, name) is getattr(found, name)
            assert name in plots.__all__


def test_no_public_name_is_left_out():
    of_modules = {name for names in plots.MODULES.values() for name in names}
    assert of_modules | {"MarkdownTable", "table"} == set(plots.__all__)


def test_another_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="module 'vaekit.plots' has no attribute 'chart'"):
        plots.chart  # noqa: B018


def test_tab_completion_lists_them():
    assert set(dir(plots)) == set(plots.__all__)
