"""The canvas' JavaScript without a notebook: run by node, or else in Chromium."""
import base64
import functools
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from vaekit.explore.canvas import FOLDER

NODE = shutil.which("node")
CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
# what computes; the other files draw
FILES = ("numbers.js", "network.js", "parts.js", "model.js")

# gives for each call of the task what the method of a model or a network gives
DRIVER = """
  const bytes = (name) => Uint8Array.from(atob(task.buffers[name]), (c) => c.charCodeAt(0));
  const host = { bytes };
  const open = () => {
    if (task.model) return new Model(task.model, host);
    const numbers = new Numbers(bytes("network"), task.bits);
    const found = new Network(task.layers, numbers);
    numbers.finish();
    return found;
  };
  const plain = (value) => value.mean
    ? { mean: [...value.mean], logVar: [...value.logVar] } : [...value];
  try {
    const opened = open();
    return task.calls.map(([method, ...given]) => plain(
      opened[method](...given.map((v) => (Array.isArray(v) ? Float32Array.from(v) : v)))));
  } catch (error) {
    return { error: error.message };
  }
"""


def run_network(network, *inputs, bits=16, content=None):
    """What the page computes with the first of a `Portable`'s networks, an array per input.

    Args:
        network: a `Portable`.
        inputs: tensors; each is one input.
        content: the weights as bytes, if not those of the network.
    """
    if content is None:
        content = network.halves() if bits == 16 else network.eighths()
    calls = [["run", each.flatten().tolist()] for each in inputs]
    task = {"layers": network.parts[0], "bits": bits, "calls": calls}
    return _run(task, {"network": content})


def run_model(scene, calls):
    """What the page's Model of a scene's first model gives for each call: [method, *arguments]."""
    return _run({"model": scene.facts["models"][0], "calls": calls}, scene.buffers)


def _run(task, buffers):
    texts = {name: base64.b64encode(content).decode() for name, content in buffers.items()}
    found = _evaluate(task | {"buffers": texts})
    if isinstance(found, dict):
        raise PageError(found["error"])
    return [each if isinstance(each, dict) else np.array(each, np.float32) for each in found]


class PageError(Exception):
    """What the page would say."""


def _evaluate(task):
    if NODE is not None:
        return _in_node(task)
    if CHROMIUM is not None:
        return _in_chromium(task)
    return pytest.skip("needs node or Chromium (Debian: apt-get install nodejs)")


@functools.cache
def _function():
    """A JavaScript function of a task; the files' exports are of no use inside one."""
    text = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in FILES)
    text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    return f"(task) => {{{text}\n{DRIVER}}}"


def _in_node(task):
    program = (
        'const task = JSON.parse(require("fs").readFileSync(0));\n'
        f"process.stdout.write(JSON.stringify(({_function()})(task)));"
    )
    command = [NODE, "--eval", program]
    found = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout)


def _in_chromium(task):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            return browser.new_page().evaluate(_function(), task)
        finally:
            browser.close()
