"""pyproject.toml, constraints.txt, environment.yml and binder/ name the same packages, and every spec parses."""
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import REPO
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli", reason="reading pyproject.toml needs Python 3.11 or tomli")

CONDA_NAMES = {"pytorch": "torch", "pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}      # what conda-forge calls them
TOOLS = {"python", "pip"}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((REPO / "pyproject.toml").read_text())["project"]


def required(project, *extras):
    lines = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


def conda(path):
    specs = [d for d in yaml.safe_load((REPO / path).read_text())["dependencies"] if isinstance(d, str)]
    parsed = [MatchSpec(spec, strict=True) for spec in specs]
    return {CONDA_NAMES.get(s.name.normalized, s.name.normalized): str(s.version or "") for s in parsed}


def constraints():
    lines = [line for line in (REPO / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_conda_environments_hold_what_the_labs_need_no_more_no_less(project, path):
    packages = conda(path)
    needed = required(project, "labs")
    assert set(packages) - TOOLS == set(needed)
    for name, specifier in needed.items():
        assert packages[name] == str(specifier), f"{name} has another lower bound in {path} than in pyproject.toml"
    assert packages["python"], "Binder and conda need a pinned Python"


def test_environment_yml_installs_vaekit_itself():
    pip_part = [d for d in yaml.safe_load((REPO / "environment.yml").read_text())["dependencies"] if isinstance(d, dict)][0]["pip"]
    assert pip_part == ["-e ."]
    assert "pip install --no-deps -e ." in (REPO / "binder" / "postBuild").read_text()


def test_constraints_pin_every_requirement_to_an_allowed_version(project):
    pins = constraints()
    for name, specifier in required(project, "labs", "test").items():
        assert name in pins, f"{name} is not pinned"
        pin = list(pins[name])
        assert len(pin) == 1 and pin[0].operator == "==" and specifier.contains(pin[0].version), f"{name}: {pins[name]} against {specifier}"
    assert str(pins["torch"]) == "==2.14.1" and str(pins["torchvision"]) == "==0.29.1"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="constraints.txt is the tested set on Python 3.11")
def test_what_is_installed_is_what_is_pinned():
    from importlib.metadata import distributions

    pins = constraints()
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in distributions()}
    differing = {name: (version, str(pins[name])) for name, version in installed.items() if name in pins and not pins[name].contains(version)}
    assert not differing, "this environment was not made with constraints.txt"
    needed_but_unpinned = set(installed) - set(pins) - {"pip", "setuptools", "wheel", "vaekit"}
    assert not needed_but_unpinned


def test_repo2docker_accepts_the_repository():
    result = subprocess.run([sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(REPO)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "binder/environment.yml" in result.stdout + result.stderr and "postBuild" in result.stdout + result.stderr


def test_shell_scripts_parse():
    for script in (".ci/run", "binder/postBuild", "binder/start"):
        assert subprocess.run([shutil.which("bash"), "-n", str(REPO / script)]).returncode == 0
        assert (REPO / script).stat().st_mode & 0o111, f"{script} is not executable"


def test_the_wheel_carries_the_built_in_data(project):
    tool = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert tool["force-include"] == {"data": "vaekit/_data"}
