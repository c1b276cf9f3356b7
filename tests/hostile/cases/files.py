"""The arguments of files that work, and the hostile values that are rightly accepted."""
import hashlib
import tempfile
from pathlib import Path

import torch
from support.hostile import ALL, Case

from vaekit import files

# made once: the walk gives each function a folder of its own to run in
FOLDER = Path(tempfile.mkdtemp(prefix="hostile-"))
TENSORS = {"w": torch.zeros(2)}
WEIGHTS = files.save_weights(FOLDER / "w.safetensors", TENSORS, {"key": "value"})
TEXT = files.write_text(FOLDER / "a.txt", "text")
JSON = files.write_json(FOLDER / "a.json", {"a": 1}, sealed=True)
SHA256 = files.verified(WEIGHTS, hashlib.sha256(WEIGHTS.read_bytes()).hexdigest())

# "" is the current folder
HERE = ("empty text", "folder")

CASES = {
    "files.disk.atomic": Case(lambda: dict(path="new.txt")),
    "files.disk.read_bytes": Case(lambda: dict(path=TEXT)),
    "files.disk.cannot": Case(
        lambda: dict(what="read", path=TEXT, error=OSError(1, "no")),
        {"what": HERE},
    ),
    "files.disk.check_writable": Case(lambda: dict(folder="new"), {"folder": HERE}),
    "files.disk.locked": Case(lambda: dict(folder="new"), {"folder": HERE}),
    "files.disk.sweep": Case(lambda: dict(folder="new"), {"folder": HERE}),
    "files.disk.write_bytes": Case(lambda: dict(path="new.bin", content=b"1")),
    "files.text.write_text": Case(lambda: dict(path="new.txt", text="a"), {"text": HERE}),
    "files.text.write_json": Case(
        lambda: dict(path="new.json", value={"a": 1}),
        {"value": ALL},
    ),
    "files.text.read_text": Case(lambda: dict(path=TEXT)),
    "files.text.read_json": Case(lambda: dict(path=JSON, sealed=True)),
    "files.text.parse_json": Case(lambda: dict(text="[1]")),
    "files.weights.save_weights": Case(
        lambda: dict(path="new.safetensors", tensors=TENSORS, metadata={"a": "b"}),
        {"metadata": ("none",)},
    ),
    "files.weights.load_weights": Case(lambda: dict(path=WEIGHTS)),
    "files.weights.checksum": Case(lambda: dict(tensors=TENSORS, metadata={"a": "b"})),
    "files.weights.verified": Case(lambda: dict(path=WEIGHTS, sha256=SHA256)),
}
