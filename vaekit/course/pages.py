"""The lab runner's pages: a notebook as HTML that needs no network, a thumbnail, and an index."""
from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import atomic

if TYPE_CHECKING:
    from .labs import LabResult

# code comes first, so that a $ inside it begins no formula
CODE_OR_FORMULA = re.compile(
    r"(?P<code>(?P<ticks>`+).+?(?P=ticks))"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|\$(?P<inline>[^$\n]+?)\$",
    re.DOTALL,
)

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>VAE labs</title>
<style>
body {{
  font: 16px/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
}}
main {{
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem;
}}
a {{
  color: inherit; text-decoration: none;
  border: 1px solid #ccc; border-radius: 8px; padding: 1rem;
}}
a:hover, a:focus {{ border-color: #0072b2; }}
img {{ width: 100%; height: 14rem; object-fit: contain; }}
h2 {{ font-size: 1.1rem; margin: .6rem 0 .2rem; }}
p {{ margin: 0; color: #555; }}
.failed {{ color: #b00; }}
</style>
<h1>VAE labs</h1>
<main>
{cards}
</main></html>
"""


def write(notebook: Any, target: Path) -> None:
    """An executed notebook as HTML, and its thumbnail as PNG, beside `target`."""
    from nbconvert import HTMLExporter

    formulas: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = set_aside(cell.source, formulas)

    exporter = HTMLExporter(embed_images=True, mathjax_url="", require_js_url="")
    resources = {"metadata": {"name": target.stem}}
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    body = re.sub(r"mathml(\d+)formula", lambda mark: formulas[int(mark[1])], body)
    _write(target.with_suffix(".html"), body.encode())

    picture = thumbnail(notebook)
    if picture:
        _write(target.with_suffix(".png"), picture)


def set_aside(markdown: str, formulas: list[str]) -> str:
    """Markdown with a mark in place of each LaTeX formula, whose MathML is added to `formulas`.

    Browsers draw MathML without fetching MathJax; the marks are needed because the exporter's
    Markdown filter would tear MathML apart. Code is left alone, and so is a formula that cannot
    be converted.
    """
    from latex2mathml.converter import convert

    def mark(match: re.Match) -> str:
        if match["code"]:
            return match[0]
        formula = match["block"] or match["inline"]
        display = "block" if match["block"] else "inline"
        try:
            formulas.append(convert(formula.strip(), display=display))
        except Exception:
            # whatever the converter does not know: LaTeX can still be read
            return match[0]
        return f"mathml{len(formulas) - 1}formula"

    return CODE_OR_FORMULA.sub(mark, markdown)


def title(notebook: Any, default: str) -> str:
    """The first heading of a notebook, without its #."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# (.+)$", prose, re.MULTILINE)
    return heading[1].strip() if heading else default


def thumbnail(notebook: Any) -> bytes | None:
    """The notebook's largest PNG: a lab's richest figure."""
    pictures = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                pictures.append(output.get("data", {}).get("image/png", ""))

    largest = max(pictures, key=len, default="")
    return base64.b64decode(largest) if largest else None


def write_index(results: Iterable[LabResult], out: Path) -> None:
    """index.html: a card per lab, with its thumbnail, its seconds, and its error if any."""
    cards = "\n".join(_card(result, out) for result in results)
    _write(out / "index.html", PAGE.format(cards=cards).encode())


def _card(result: LabResult, out: Path) -> str:
    name = html.escape(result.name)
    heading = html.escape(result.title)

    picture = ""
    if (out / f"{result.name}.png").exists():
        picture = f'<img src="{name}.png" alt="">'
    if result.error:
        state = f'<p class="failed">failed at {html.escape(result.error)}</p>'
    else:
        state = f"<p>{result.cells} code cells · {result.seconds:.0f} s</p>"
    return f'<a href="{name}.html">{picture}<h2>{heading}</h2>{state}</a>'


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(content)
