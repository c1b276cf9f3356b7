"""Models whose weights come with the package; data/README.md says how each was trained.

    model = pretrained.load("ddpm-fashion").model
    model.sample(8, torch.arange(8))
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..data.load import built_in_folder
from ..errors import UserError, pick
from ..files import load_weights, verified
from ..models.base import ImageModel
from .weights import model_from, read_note

# sha256 of each weight file, as in data/README.md: other weights give other numbers, so they are
# refused
HASHES: dict[str, str] = {
    "classifier-fashion": "1bee4b1eeee9b0554d38515d483e2d52144630a392204fdb2675de8822466807",
    "classifier-mnist": "33b4390c737f45f8eef2588ac2f89349d32186eb75a4887b79224cbcb0628a71",
    "ddpm-fashion": "08a4a925e593e53807298ccd3ee59245a03e6745349f6d458105e7b7c2be67f7",
    "dc-gan-fashion": "55d628ecab35a981ee9931593f52885ef290357dd2d87e38214a8d082db07c78",
    "block-cvae-cifar10": "5b713f992645153d82fa33d533d013253238e9350cd20a7d6c5be968f14c13c1",
    "conv-cvae-fashion": "1510ce3033b41eecec41db0ab31ebaa6e3762e065a24bec6c89409cdc3bf3d78",
}

# the notes of a weight file that are facts of its training; a file is text, so each is read
FACTS: dict[str, Callable[[str], Any]] = {
    "epochs": int,
    "images": int,
    "parameters": int,
    "seconds": float,
    "accuracy": float,
}


class Pretrained(NamedTuple):
    """A model in evaluation mode, what is known of its training, and the sha256 of its file.

    facts: "command"; "epochs", "images" and "parameters" that were trained; "seconds" on one core;
    for a classifier "accuracy" on the test set.
    """

    model: ImageModel
    facts: dict[str, Any]
    hash: str


def load(name: str) -> Pretrained:
    """The model of a recipe with the weights that come with the package, on the CPU.

    Raises:
        UserError: no such weights, a file that is missing or is not the recorded one.
    """
    pick("weights", name, HASHES)
    path = built_in_folder() / "weights" / f"{name}.safetensors"
    if not path.exists():
        raise UserError(
            f"{path} is missing; it belongs to the package, "
            "so reinstall vaekit or restore the file"
        )
    digest = verified(path, HASHES[name])
    tensors, metadata = load_weights(path)
    return Pretrained(model_from(path, tensors, metadata), _facts(path, metadata), digest)


def _facts(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    known = [name for name in FACTS if name in metadata]
    try:
        facts = {name: read_note(metadata, name, FACTS[name]) for name in known}
    except UserError as error:
        raise UserError(f"{path} is damaged: {error}; restore it") from error
    command = ["vaekit train", metadata["recipe"]]
    if "options" in metadata:
        command.append(metadata["options"])
    facts["command"] = " ".join(command)
    return facts
