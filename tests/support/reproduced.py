"""The trial that the tests reproduce: seven rows on 64 digits, and what lies in its folder."""
import json

from vaekit.experiments.reproduce import reproduce

TRIAL = dict(data="digits", epochs=12, limit=64)
NAMES = [
    "z1-beta1",
    "z2-beta1",
    "z64-beta1",
    "z64-beta0.1",
    "z64-beta0.5",
    "z64-beta2",
    "z64-beta10",
]
ENDINGS = (".json", ".history.json", ".safetensors")


def again(out, **changes):
    """The trial in a folder, one row at a time where nothing else is said."""
    return reproduce("s1-table1", out=out, **{**TRIAL, "jobs": 1, **changes})


def in_folder(folder):
    return {path.name for path in folder.iterdir()}


def contents(folder):
    """Of each file the time of its last change, and its bytes."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
    }


def lose(folder, *names):
    """Delete all files of these rows."""
    for name in names:
        for path in list(folder.glob(f"{name}.*")):
            path.unlink()


def measured(rows):
    return [row.measured for row in rows]


def read_json(path):
    return json.loads(path.read_text())
