"""Models whose weights come with the package; data/README.md says how each was trained.

    model = pretrained.load("ddpm-fashion").model
    model.sample(8, torch.arange(8))
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..data.load import built_in_folder
from ..errors import UserError, pick
from ..files import load_weights, verified
from ..models.base import ImageModel
from .run import load_model

# sha256 of each weight file, as in data/README.md: other weights give other numbers, so they are
# refused
HASHES: dict[str, str] = {
    "classifier-fashion": "474ae69e2e69ea7b287b2f837e3dc7439a3662621201c52f029d1b876f477a0a",
    "classifier-mnist": "411fbd8cb55fdbd3f37bb6c3221d9c8efc788fe89bb48e9355a1a12c88369bf2",
    "ddpm-fashion": "ecb965f54bc646f674a184c6d35f0e1f44ae1208298068efc6c69bf186985260",
    "dc-gan-fashion": "be7373cad5a496c9f19deba47fb013b368048e2ba6572aa3b50b646b0462e837",
    "block-cvae-cifar10": "1eafef004f89f7cebe7bf0c539ef6fcb6d95feb8cedb4a786b65a4e28d0f9660",
    "conv-cvae-fashion": "68b810bb116caf0d5b9bc4f63306410b9d10240abe668b998fab15a483372104",
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
    _, metadata = load_weights(path)
    return Pretrained(load_model(path), _facts(metadata), digest)


def _facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    facts = {name: read(metadata[name]) for name, read in FACTS.items() if name in metadata}
    command = ["vaekit train", metadata["recipe"]]
    if "options" in metadata:
        command.append(metadata["options"])
    facts["command"] = " ".join(command)
    return facts
