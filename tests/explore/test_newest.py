"""Requests to the kernel: one at a time, the newest of those that wait, each answer shown."""
import json
import re
import subprocess

import pytest
from support.page import FOLDER, NODE

PROGRAM = """
const asked = newestOnly();
const started = [];
const shown = [];
const request = (n) => () => {
  started.push(n);
  return new Promise((resolve) => setTimeout(() => resolve(n), 20));
};
for (const n of [1, 2, 3]) asked(request(n), (result) => shown.push(result));
// a hand that does not rest: a newer one waits whenever an answer comes
setTimeout(() => asked(request(4), (result) => shown.push(result)), 30);
setTimeout(() => process.stdout.write(JSON.stringify({ started, shown })), 150);
"""


@pytest.mark.skipif(NODE is None, reason="needs node (Debian: apt-get install nodejs)")
def test_what_waited_is_dropped_but_each_answer_is_shown():
    text = (FOLDER / "model.js").read_text(encoding="utf-8")
    function = re.search(r"^export (function newestOnly.*?^})", text, re.DOTALL | re.MULTILINE)[1]
    command = [NODE, "--eval", function + PROGRAM]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    # 2 was overtaken by 3 before 1 was answered
    assert found == {"started": [1, 3, 4], "shown": [1, 3, 4]}
