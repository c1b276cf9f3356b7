"""The lab runner's pages: a notebook as HTML that needs no network, a thumbnail, and an index."""
from __future__ import annotations

import copy
import html
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, brief
from ..files import atomic, write_text
from .kernel import silent_log
from .mathml import STYLE, put_back, set_aside
from .notebooks import Notebook, code_cells, title
from .results import LabResult
from .start import COVER
from .stills import PICTURE, decoded, outputs_with_data, still_outputs

# nothing may be loaded from elsewhere, whatever a lab's output asks for
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; font-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
HEAD = f"""<meta http-equiv="Content-Security-Policy" content="{POLICY}">"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{
  font: 16px/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
}}
main {{
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem;
}}
main a {{
  color: inherit; text-decoration: none;
  border: 1px solid #ccc; border-radius: 8px; padding: 1rem;
}}
main a:hover, main a:focus {{ border-color: #0072b2; }}
img {{ width: 100%; height: 14rem; object-fit: contain; }}
h2 {{ font-size: 1.1rem; margin: .6rem 0 .2rem; }}
p {{ margin: 0; color: #555; overflow-wrap: anywhere; }}
.failed {{ color: #b00; }}
</style></head>
<body>
<h1>{title}</h1>
{body}
</body></html>
"""

# nbconvert's own page without its scripts, all of which would be fetched
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{{ resources.vaekit_head }}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}<style>{{ resources.vaekit_style }}</style>{%- endblock -%}
{%- block body_header -%}{{ super() }}{{ resources.vaekit_before }}{%- endblock -%}
{%- block body_footer -%}{{ resources.vaekit_after }}{{ super() }}{%- endblock -%}
"""

NAVIGATION = """
nav.vaekit { margin: 1rem 2rem; font: 16px/1.5 system-ui, sans-serif; }
nav.vaekit a { color: #0b57a4; text-decoration: underline; }
nav.vaekit a + a { margin-left: 2rem; }
p.vaekit-failed { margin: 1rem 2rem; color: #b00; font: 16px/1.5 system-ui, sans-serif; }
p.still { color: #555; }
"""

Onward = tuple[str, str]


def write(notebook: Notebook, target: str | Path) -> None:
    """An executed notebook as HTML, and its thumbnail as PNG, beside `target`.

    Raises:
        UserError: they cannot be written, or `target` is a folder.
    """
    target = Path(target)
    if not target.name or target.is_dir():
        raise UserError(f"target must be the name of a file, got {brief(str(target))}")
    write_text(target.with_suffix(".html"), render(notebook, target.stem))
    picture = thumbnail(notebook)
    if picture:
        with atomic(target.with_suffix(".png")) as temporary:
            temporary.write_bytes(picture)


def render(
    notebook: Notebook, name: str, *, error: str = "", onward: Onward | None = None
) -> str:
    """An executed notebook as an HTML page that fetches nothing.

    Sliders become pictures, formulas MathML.

    Args:
        name: stands for a title where the notebook has none.
        error: why the run failed, for a line at the top.
        onward: address and title of the next lab's page.
    """
    notebook = copy.deepcopy(notebook)
    notebook["metadata"]["title"] = title(notebook, name)
    still_outputs(notebook)
    _describe_pictures(notebook)
    formulas = _set_formulas_aside(notebook)

    navigation = _navigation(onward)
    failed = f'<p class="vaekit-failed">failed at {html.escape(error)}</p>' if error else ""
    parts = {
        "metadata": {"name": name},
        "vaekit_head": HEAD,
        "vaekit_style": NAVIGATION + STYLE,
        "vaekit_before": navigation + failed,
        "vaekit_after": navigation,
    }
    with warnings.catch_warnings():
        # an output that cannot be shown is left out, as in Jupyter
        warnings.simplefilter("ignore")
        body, _ = _exporter().from_notebook_node(notebook, resources=parts)
    # a cell can print half of a character, which no file can hold
    body = body.encode("utf-8", "replace").decode("utf-8")
    return put_back(_link_pages(body), formulas)


def failure(name: str, error: str, *, onward: Onward | None = None) -> str:
    """The page of a lab that could not be run at all."""
    message = f'<p class="failed">failed at {html.escape(error)}</p>'
    body = _navigation(onward) + message
    return PAGE.format(title=html.escape(name), body=body)


def thumbnail(notebook: Notebook) -> bytes | None:
    """The PNG of the cell that is tagged "cover", else the largest: a lab's richest figure."""
    cells = code_cells(notebook)
    covers = [cell for cell in cells if COVER in cell["metadata"].get("tags", [])]
    for chosen in (covers, cells):
        data = [output["data"] for output in outputs_with_data(chosen)]
        pictures = [decoded(each.get(PICTURE)) or b"" for each in data]
        largest = max(pictures, key=len, default=b"")
        if largest:
            return largest
    return None


def index(results: Sequence[LabResult]) -> str:
    """A page with a card per lab: its thumbnail, its seconds, and its error if any."""
    cards = "\n".join(_card(result) for result in results)
    return PAGE.format(title="VAE labs", body=f"<main>\n{cards}\n</main>")


def _exporter() -> Any:
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    loader = DictLoader({"vaekit.html.j2": TEMPLATE})
    exporter = HTMLExporter(
        extra_loaders=[loader], template_file="vaekit.html.j2", log=silent_log()
    )
    exporter.embed_images = True
    return exporter


def _navigation(onward: Onward | None) -> str:
    links = '<a href="index.html">All labs</a>'
    if onward is not None:
        address, heading = (html.escape(part, quote=True) for part in onward)
        links += f'<a href="{address}">Next: {heading}</a>'
    return f'<nav class="vaekit">{links}</nav>'


def _link_pages(body: str) -> str:
    """What links to another lab links to its page; the start page here is the index."""
    body = re.sub(r'href="00_\w+\.ipynb', 'href="index.html', body)
    return re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', body)


def _describe_pictures(notebook: Notebook) -> None:
    """Each figure's text for those who do not see it: its number and its section."""
    section = ""
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.+)$", cell["source"], re.MULTILINE)
            section = headings[-1].strip() if headings else section
        if cell["cell_type"] != "code":
            continue
        for output in cell["outputs"]:
            data = output.get("data")
            if isinstance(data, dict) and decoded(data.get(PICTURE)) is not None:
                number += 1
                _describe(output, f"Figure {number}, in: {section}")


def _describe(output: dict[str, Any], words: str) -> None:
    """A picture as HTML with a description, unless it is there as HTML already."""
    data = output["data"]
    if "text/html" not in data:
        picture = "".join(str(data[PICTURE]).split())
        alt = html.escape(words, quote=True)
        data["text/html"] = f'<img src="data:image/png;base64,{picture}" alt="{alt}">'


def _set_formulas_aside(notebook: Notebook) -> dict[str, str]:
    formulas: dict[str, str] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"], found = set_aside(cell["source"])
            formulas |= found
    for output in outputs_with_data(code_cells(notebook)):
        text = output["data"].get("text/markdown")
        if isinstance(text, str):
            output["data"]["text/markdown"], found = set_aside(text)
            formulas |= found
    return formulas


def _card(result: LabResult) -> str:
    name = html.escape(result.name, quote=True)
    heading = html.escape(result.title)
    picture = ""
    if result.has_picture:
        alt = html.escape(f"a figure of {result.title}", quote=True)
        picture = f'<img src="{name}.png" alt="{alt}">'
    if result.error:
        state = f'<p class="failed">failed at {html.escape(result.error)}</p>'
    else:
        state = f"<p>{result.cells} code cells · {result.seconds:.0f} s</p>"
    return f'<a href="{name}.html">{picture}<h2>{heading}</h2>{state}</a>'
