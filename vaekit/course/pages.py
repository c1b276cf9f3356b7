"""The lab runner's pages: a notebook as HTML that needs no network, a thumbnail, and an index of them all."""
from __future__ import annotations

import base64
import html
import re
from pathlib import Path

from ..files import atomic


def write(notebook, target: Path) -> None:
    """An executed notebook as HTML, and its thumbnail as PNG, beside `target`."""
    from nbconvert import HTMLExporter

    formulas: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = set_aside(cell.source, formulas)
    exporter = HTMLExporter(embed_images=True, mathjax_url="", require_js_url="")
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": target.stem}})
    body = re.sub(r"mathml(\d+)formula", lambda match: formulas[int(match[1])], body)
    _write(target.with_suffix(".html"), body.encode())
    picture = thumbnail(notebook)
    if picture:
        _write(target.with_suffix(".png"), picture)


def set_aside(markdown: str, formulas: list[str]) -> str:
    """Markdown with each LaTeX formula replaced by a mark, and the formula as MathML added to `formulas`.

    Browsers draw MathML without fetching MathJax; the marks are needed because the exporter's Markdown filter would tear MathML apart. Code is
    left alone, and so is a formula that cannot be converted.
    """
    from latex2mathml.converter import convert

    def marked(match: re.Match) -> str:
        if match["code"]:
            return match[0]
        try:
            formulas.append(convert((match["block"] or match["inline"]).strip(), display="block" if match["block"] else "inline"))
        except Exception:                    # whatever the converter stumbles over: LaTeX can still be read
            return match[0]
        return f"mathml{len(formulas) - 1}formula"

    return re.sub(r"(?P<code>(?P<ticks>`+).+?(?P=ticks))|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", marked, markdown, flags=re.DOTALL)


def title(notebook, default: str) -> str:
    """The first heading of a notebook, without its #."""
    heading = re.search(r"^# (.+)$", "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"), re.MULTILINE)
    return heading.group(1).strip() if heading else default


def thumbnail(notebook) -> bytes | None:
    """The notebook's largest PNG: a lab's richest figure."""
    pictures = [output["data"]["image/png"] for cell in notebook.cells if cell.cell_type == "code"
                for output in cell.outputs if "image/png" in output.get("data", {})]
    return base64.b64decode(max(pictures, key=len)) if pictures else None


def write_index(results, out: Path) -> None:
    """index.html: a card a lab, with its thumbnail, its seconds, and its error if there is one."""
    cards = []
    for r in results:
        name, heading, error = html.escape(r.name), html.escape(r.title), html.escape(r.error)
        picture = f'<img src="{name}.png" alt="">' if (out / f"{r.name}.png").exists() else ""
        state = f'<p class="failed">failed at {error}</p>' if error else f"<p>{r.cells} code cells · {r.seconds:.0f} s</p>"
        cards.append(f'<a href="{name}.html">{picture}<h2>{heading}</h2>{state}</a>')
    _write(out / "index.html", PAGE.format(cards="\n".join(cards)).encode())


def _write(path: Path, content: bytes) -> None:
    with atomic(path) as temporary:
        temporary.write_bytes(content)


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>VAE labs</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem; }}
a {{ color: inherit; text-decoration: none; border: 1px solid #ccc; border-radius: 8px; padding: 1rem; }}
a:hover, a:focus {{ border-color: #0072b2; }}
img {{ width: 100%; height: 14rem; object-fit: contain; }}
h2 {{ font-size: 1.1rem; margin: .6rem 0 .2rem; }} p {{ margin: 0; color: #555; }} .failed {{ color: #b00; }}
</style>
<h1>VAE labs</h1>
<main>
{cards}
</main></html>
"""
