"""pyproject.toml, constraints.txt, environment.yml and binder/ name the same packages.

And every specification parses.
"""
import shutil
import subprocess
import sys
from importlib.metadata import distributions

import pytest
import yaml
from conftest import REPO
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

pytestmark = pytest.mark.slow

if sys.version_info >= (3, 11):
    import tomllib
else:
    reason = "reading pyproject.toml needs Python 3.11 or tomli"
    tomllib = pytest.importorskip("tomli", reason=reason)

# what conda-forge calls them
CONDA_NAMES = {"pytorch": "torch", "pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
TOOLS = {"python", "pip"}

# present in every environment, pinned in none
BASICS = {"pip", "setuptools", "wheel", "vaekit"}


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((REPO / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def project(pyproject):
    return pyproject["project"]


def specifiers(lines):
    """Requirements, one per line → {name: allowed versions}."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): each.specifier for each in requirements}


def required(project, *extras):
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return specifiers(lines)


def constraints():
    lines = (REPO / "constraints.txt").read_text().splitlines()
    return specifiers(line for line in lines if line and not line.startswith("#"))


def conda_dependencies(path):
    return yaml.safe_load((REPO / path).read_text())["dependencies"]


def conda(path):
    """{name on PyPI: allowed versions} of an environment.yml, without its pip part."""
    packages = {}
    for dependency in conda_dependencies(path):
        if isinstance(dependency, str):
            spec = MatchSpec(dependency, strict=True)
            name = spec.name.normalized
            packages[CONDA_NAMES.get(name, name)] = str(spec.version or "")
    return packages


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_conda_environments_hold_what_the_labs_need_no_more_no_less(project, path):
    packages = conda(path)
    needed = required(project, "labs")
    assert set(packages) - TOOLS == set(needed)
    for name, specifier in needed.items():
        same = packages[name] == str(specifier)
        assert same, f"{name} has another lower bound in {path} than in pyproject.toml"
    assert packages["python"], "Binder and conda need a pinned Python"


def test_environment_yml_installs_vaekit_itself():
    dependencies = conda_dependencies("environment.yml")
    pip_parts = [each["pip"] for each in dependencies if isinstance(each, dict)]
    assert pip_parts[0] == ["-e ."]
    assert "pip install --no-deps -e ." in (REPO / "binder" / "postBuild").read_text()


def test_constraints_pin_every_requirement_to_an_allowed_version(project):
    pins = constraints()
    for name, specifier in required(project, "labs", "test").items():
        assert name in pins, f"{name} is not pinned"
        pin = list(pins[name])
        assert len(pin) == 1, f"{name}: {pins[name]}"
        assert pin[0].operator == "==", f"{name}: {pins[name]}"
        allowed = specifier.contains(pin[0].version)
        assert allowed, f"{name}: {pins[name]} against {specifier}"
    assert str(pins["torch"]) == "==2.14.1"
    assert str(pins["torchvision"]) == "==0.29.1"


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11),
    reason="constraints.txt is the tested set on Python 3.11",
)
def test_what_is_installed_is_what_is_pinned():
    pins = constraints()
    installed = {canonicalize_name(each.metadata["Name"]): each.version for each in distributions()}

    differing = {}
    for name, version in installed.items():
        if name in pins and not pins[name].contains(version):
            differing[name] = (version, str(pins[name]))
    assert not differing, "this environment was not made with constraints.txt"

    needed_but_unpinned = set(installed) - set(pins) - BASICS
    assert not needed_but_unpinned


def test_repo2docker_accepts_the_repository():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(REPO)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]

    output = result.stdout + result.stderr
    assert "binder/environment.yml" in output
    assert "postBuild" in output


@pytest.mark.parametrize("script", [".ci/run", "binder/postBuild", "binder/start"])
def test_shell_scripts_parse(script):
    path = REPO / script
    assert subprocess.run([shutil.which("bash"), "-n", str(path)]).returncode == 0
    assert path.stat().st_mode & 0o111, f"{script} is not executable"


def test_the_wheel_carries_the_built_in_data(pyproject):
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"data": "vaekit/_data"}


def test_the_wheel_carries_the_script_and_the_style_of_the_canvas(pyproject):
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    # all that lies in the package and that git does not ignore
    assert wheel["packages"] == ["vaekit"]
    assert not {"include", "exclude", "only-include"} & set(wheel)

    canvas = REPO / "vaekit" / "explore" / "canvas"
    files = [str(path) for path in [*canvas.glob("*.js"), *canvas.glob("*.css")]]
    assert len(files) > 5
    ignored = subprocess.run(["git", "check-ignore", *files], cwd=REPO, capture_output=True)
    assert ignored.stdout == b""


def test_a_kernel_s_answer_is_not_held_back():
    """TCP would wait for the browser's acknowledgement of "busy", which goes before it."""
    from traitlets.config.loader import PyFileConfigLoader

    folder = REPO / "binder" / "jupyter"
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(folder)).load_config()
    connection_class = config.ServerApp.kernel_websocket_connection_class
    told = []

    class Stopped(Exception):
        """Far enough: the usual connection would now look for a kernel."""

    class Handler:
        def set_nodelay(self, value):
            told.append(value)

    class Connection(connection_class.__bases__[0]):
        def connect(self):
            raise Stopped

    connection = object.__new__(type("Here", (connection_class, Connection), {}))
    connection._trait_values = {"websocket_handler": Handler()}
    with pytest.raises(Stopped):
        connection.connect()
    assert told == [True]
