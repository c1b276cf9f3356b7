"""Weights as safetensors, whose values carry a checksum."""
from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, brief
from .disk import NoSuchFile, read_bytes, write_bytes
from .text import parse_json

if TYPE_CHECKING:
    from torch import Tensor

# the entry of a weight file's metadata that holds the sha256 of its values
CHECKSUM = "sha256"


def save_weights(
    path: Path | str,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write named tensors as safetensors, with the sha256 of their values and the metadata.

    There are no pickles in them, so a file from a stranger cannot run code.

    Raises:
        UserError: what cannot be stored, or a file that cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save

    notes = dict(metadata or {})
    try:
        # copies, because two names may stand for the same weights
        on_cpu = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
        notes[CHECKSUM] = checksum(on_cpu, notes)
        # safetensors' own way to write a file leaves another temporary one where it is killed
        content = save(on_cpu, metadata=notes)
    except (SafetensorError, AttributeError, TypeError, LookupError, RuntimeError) as error:
        raise UserError(
            "tensors must be tensors with values by name, and metadata texts by name, got "
            f"{brief(tensors)} and {brief(metadata)} ({' '.join(str(error).split())[:200]})"
        ) from error
    return write_bytes(path, content)


def load_weights(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read safetensors that `save_weights` wrote: (tensors, metadata).

    Raises:
        UserError: no such file, it is damaged, or it was written by something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = read_bytes(path)
    except NoSuchFile:
        raise UserError(f"no weights at {path}; train them first, or check the path") from None

    try:
        tensors = load(content)
        metadata = _notes(content)
    except (SafetensorError, ValueError, TypeError, LookupError, RuntimeError) as error:
        raise UserError(
            f"{path} is not a readable safetensors file ({error}); delete it and make it again"
        ) from error

    recorded = metadata.pop(CHECKSUM, None)
    if recorded is None:
        raise UserError(
            f"{path} carries no checksum, so nobody can say whether it is whole; "
            "load weights that vaekit saved"
        )
    found = checksum(tensors, metadata)
    if found != recorded:
        raise UserError(
            f"{path} is damaged: its values have the sha256 {found[:8]}…, "
            f"but {_brief_digest(recorded)} was recorded; delete it and make it again"
        )
    return tensors, metadata


def _notes(content: bytes) -> dict[str, str]:
    """The metadata of safetensors, which `load` leaves out: part of the JSON at the beginning."""
    length = int.from_bytes(content[:8], "little")
    return dict(parse_json(content[8:8 + length].decode("utf-8")).get("__metadata__", {}))


def _brief_digest(digest: str) -> str:
    """The first digits of a sha256, for a message; what is none is named as such."""
    return f"{digest[:8]}…" if re.fullmatch("[0-9a-f]{64}", digest) else "something else"


def checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """The sha256 of named tensors (on the CPU) and metadata, the same in whatever order."""
    import torch

    if not isinstance(tensors, Mapping):
        raise UserError(f"tensors must be tensors by name, got {brief(tensors)}")
    digest = hashlib.sha256()
    facts = []
    for name in sorted(tensors):
        tensor = tensors[name]
        facts.append([name, str(tensor.dtype), list(tensor.shape)])
    digest.update(json.dumps([facts, sorted(metadata.items())]).encode())
    for name in sorted(tensors):
        # numpy knows no bfloat16, but every dtype is bytes
        values = tensors[name].contiguous().reshape(-1).view(torch.uint8)
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def verified(path: Path | str, sha256: str) -> str:
    """The sha256 of a file, if it is the recorded one.

    Raises:
        UserError: it is another, or cannot be read.
    """
    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    if digest != sha256:
        raise UserError(
            f"{path} is not the recorded weight file "
            f"(sha256 {digest[:8]}…, recorded {sha256[:8]}…), "
            "so its numbers would compare with no others; "
            "restore the file, or use weights of your own by their path"
        )
    return digest
