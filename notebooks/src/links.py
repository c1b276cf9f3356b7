"""Write the repository's address into everything that names it, from one place: pyproject's URLs.

The badges of the README, the address to clone, CITATION.cff, and in each lab the line that Colab
installs from and the links to its neighbours. Without an address, all of them say how to set it.

Usage: python notebooks/src/links.py                        bring everything in step with pyproject
       python notebooks/src/links.py owner/name [v0.1.0]    set another address, and the release
       python notebooks/src/links.py --unset                a copy without an address
"""
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).parents[2]

# what Colab has not: torch, numpy and the rest are there, and pip must not fetch them anew
COLAB_LACKS = ("beartype", "torchmetrics", "lightning-utilities")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SETUP = re.compile(r'^if "google\.colab" in sys\.modules.*\n(?: +.*\n)+', re.MULTILINE)
NAVIGATION = re.compile(r"^(# |)\[start page\]\(00_start\.ipynb\).*$", re.MULTILINE)
SECTION = re.compile(r"\[project\.urls\]\n(?:\w+ = .*\n)+\n")
CITED = re.compile(r"^repository-code: .*\n", re.MULTILINE)
CLONE = re.compile(r"(<!-- address -->\n)(?:.*\n)*?(<!-- end of address -->)")
ROW = re.compile(
    r"^(\| \[\d\d .*\]\(notebooks/(\d\d_\w+\.ipynb)\) \|.*\| )[^|]*( \|)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Address:
    """Where the repository is: owner/name on GitHub, and the tag of the release to install."""

    name: str
    tag: str

    @property
    def url(self) -> str:
        return f"https://github.com/{self.name}"

    @property
    def release(self) -> str:
        return f"{self.url}/tree/{self.tag}"

    def colab(self, lab: str) -> str:
        return f"https://colab.research.google.com/github/{self.name}/blob/{self.tag}/notebooks/{lab}"

    def binder(self, lab: str) -> str:
        return f"https://mybinder.org/v2/gh/{self.name}/{self.tag}?urlpath=lab/tree/notebooks/{lab}"


def main(arguments: list[str]) -> None:
    """Change the address, if one is given, and write everything that follows from it."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("name", nargs="?")
    parser.add_argument("tag", nargs="?")
    parser.add_argument("--unset", action="store_true")
    options = parser.parse_args(arguments)

    pyproject = ROOT / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    if options.unset:
        text = with_address(text, None)
    elif options.name:
        text = with_address(text, checked(options.name, options.tag or f"v{version(text)}"))
    pyproject.write_text(text, encoding="utf-8")

    for path, changed in everything(address_of(text)):
        if changed != path.read_text(encoding="utf-8"):
            path.write_text(changed, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


def checked(name: str, tag: str) -> Address:
    """The address, if both parts can be one."""
    name = name.removeprefix("https://github.com/").removesuffix(".git").strip("/")
    if not NAME.fullmatch(name):
        raise SystemExit(f"REPO must be owner/name on GitHub, got {name!r}")
    if not TAG.fullmatch(tag):
        raise SystemExit(f"TAG must be the name of a tag or a branch, got {tag!r}")
    return Address(name, tag)


def version(pyproject: str) -> str:
    """The package's version."""
    found = re.search(r'^version = "(.*)"$', pyproject, re.MULTILINE)
    if found is None:
        raise SystemExit("pyproject.toml has no version")
    return found[1]


def address_of(pyproject: str) -> Address | None:
    """The address in pyproject's URLs; None if there is none."""
    found = re.search(r'^Release = "https://github\.com/(.+)/tree/(.+)"$', pyproject, re.MULTILINE)
    return None if found is None else Address(found[1], found[2])


def with_address(pyproject: str, address: Address | None) -> str:
    """pyproject.toml with another address, or without one."""
    bare = SECTION.sub("", pyproject)
    if address is None:
        return bare
    section = (
        "[project.urls]\n"
        f'Repository = "{address.url}"\n'
        f'Release = "{address.release}"\n\n'
    )
    return bare.replace("[project.scripts]\n", section + "[project.scripts]\n", 1)


def everything(address: Address | None) -> Iterator[tuple[Path, str]]:
    """Each file that depends on the address, with the text that it should have."""
    readme = ROOT / "README.md"
    yield readme, in_readme(readme.read_text(encoding="utf-8"), address)
    citation = ROOT / "CITATION.cff"
    yield citation, in_citation(citation.read_text(encoding="utf-8"), address)

    twins = sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    titles = {twin.stem: title(twin) for twin in twins}
    for twin in twins:
        text = in_twin(twin.read_text(encoding="utf-8"), twin.stem, titles, address)
        yield twin, text
        notebook = ROOT / "notebooks" / f"{twin.stem}.ipynb"
        if notebook.exists():
            yield notebook, in_notebook(notebook, text)


def in_readme(text: str, address: Address | None) -> str:
    """The README with badges and the address to clone."""

    def badges(row: re.Match[str]) -> str:
        links = "–" if address is None else badges_of(row[2], address)
        return f"{row[1]}{links}{row[3]}"

    if address is None:
        clone = (
            "This copy names no public address: `make links REPO=owner/name` writes one here, "
            "into the\nlabs and into their links to Colab and Binder. In the folder of the clone:\n"
            "\n```\n"
        )
    else:
        folder = address.name.split("/")[1]
        clone = f"```\ngit clone --branch {address.tag} {address.url}\ncd {folder}\n"
    text = CLONE.sub(lambda found: f"{found[1]}{clone}{found[2]}", text)
    return ROW.sub(badges, text)


def badges_of(lab: str, address: Address) -> str:
    return f"[Colab]({address.colab(lab)}) · [Binder]({address.binder(lab)})"


def in_citation(text: str, address: Address | None) -> str:
    """CITATION.cff with the address, or without it."""
    bare = CITED.sub("", text)
    if address is None:
        return bare
    return bare.replace("keywords:\n", f"repository-code: {address.url}\nkeywords:\n", 1)


def in_twin(text: str, stem: str, titles: dict[str, str], address: Address | None) -> str:
    """A lab's source with its line for Colab, and the links to its neighbours."""
    line = navigation(stem, titles, address)
    text = SETUP.sub(lambda _: setup(address), text, count=1)
    return NAVIGATION.sub(lambda found: found[1] + line, text, count=1)


def setup(address: Address | None) -> str:
    """The lines that install vaekit on Colab."""
    if address is None:
        return (
            'if "google.colab" in sys.modules:\n'
            "    # `make links REPO=owner/name` writes where Colab installs vaekit from\n"
            "    raise RuntimeError(\n"
            '        "this copy cannot install itself on Colab; "\n'
            '        "run it on your computer, or ask for a link to Colab"\n'
            "    )\n"
        )
    packages = " ".join((f"git+{address.url}@{address.tag}", *COLAB_LACKS))
    return (
        'if "google.colab" in sys.modules:\n'
        f'    get_ipython().run_line_magic("pip", "install -q --no-deps {packages}")\n'
    )


def navigation(stem: str, titles: dict[str, str], address: Address | None) -> str:
    """The line under a lab's title: the start page, Colab and Binder, the next lab."""
    labs = sorted(titles)
    links = ["[start page](00_start.ipynb)"]
    if address is not None:
        links.append(badges_of(f"{stem}.ipynb", address))
    position = labs.index(stem)
    if position + 1 < len(labs):
        following = labs[position + 1]
        links.append(f"next: [{titles[following]}]({following}.ipynb)")
    return " · ".join(links)


def title(twin: Path) -> str:
    """A lab's title, "01 The autoencoder", from its first heading."""
    found = re.search(r"^# # (\d\d) · ([^:\n]*)", twin.read_text(encoding="utf-8"), re.MULTILINE)
    return twin.stem if found is None else f"{found[1]} {found[2].strip()}"


def in_notebook(path: Path, twin: str) -> str:
    """A built lab whose changed cells have the twin's text; their outputs stay."""
    notebook = nbformat.read(path, 4)
    sources = [cell.source for cell in jupytext.reads(twin, fmt="py:percent").cells]
    if len(sources) != len(notebook.cells):
        raise SystemExit(f"{path.name} has other cells than its source; build it first")
    for cell, source in zip(notebook.cells, sources):
        if NAVIGATION.search(source) or SETUP.search(source + "\n"):
            cell.source = source
    return nbformat.writes(notebook) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
