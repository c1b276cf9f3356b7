"""Models whose weights come with the package; data/README.md says how each was trained.

    model = pretrained.load("ddpm-fashion").model
    model.sample(8, torch.arange(8))
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..data.sources import built_in_folder
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
    "vae-fashion-z1": "f3792c27e239eb62bc51528d338e42754ea6af81805dd44b9ec8a89098d5103d",
    "vae-fashion-z2": "5860d843fcafc4b4422ae355f8bad8ca70ed01bf1fada4d99ce239f9f293294f",
    "vae-fashion-z2-beta0.1": "8c52a3db40b709bfb27a0db2c43e33cf35ded3e25136a58b5356f994d134a92c",
    "vae-fashion-z2-beta0.5": "d11ae58776931d558008f96381a527ab25bc8f4bc178f5e78c909233d7b59ee2",
    "vae-fashion-z2-beta2": "41b3d99748afbf59706ec75bb944abb3dd646df9ab9e28db016938f9fef35897",
    "vae-fashion-z2-beta4": "73469515c2dfaf4252d11215f2fce55eff50c9d73329032df6f52caf34d73ca0",
    "vae-fashion-z2-beta10": "edf58e14e380228de228e7dc95fd822ddcc5032539a42a670606e46248f8010e",
    "vae-fashion-z64": "4f8a77bd5db8e99bd174549a71b23c2b37b7cc093d7a95ce661971ac06fe17f6",
    "vae-mnist-z1": "17e5f8f11616fef11de79a8aead95330f9cf45339f00c64de7ff6ff21a5c8809",
    "vae-mnist-z2": "71a3bf5dc03d6ef6e514e5ee85f6ae72db7367997826825b13e83719018da595",
    "vae-mnist-z64": "d52b7aacaa1d0c63acbeb01347fe02340b6a83f70667bc645cc6ee33769cd5b3",
    "cvae-mnist-z2": "acf81566c73101c9fc87c1cb42eb1557f43fe0721b7a412b25585265c37b244a",
    "classifier-faces": "5271dc8a17ef407ce33040e75ef57fb26e82b2eb9e3c9372e56f358eb4474902",
    "faces-vae-1e-5": "4a65d75e346bd813863daa5a2df9d4f96cced8dd5afbe3ec53c4b8093c97f29a",
    "faces-vae-1e-3": "cc8ed236518b10f437dbc273bff70983c4c28ac17682b85fd4ff1c7daa3abf4f",
    "faces-vae-1e-4": "3bfe930f8fdfb5046c6aa063bfe71e603d9351047896a999d036a24011bdd529",
    "faces-vae-1e-6": "6b6a25462636b29c119ba0b1308f3ca2d76b3013d757ed9a554813af93a0e618",
    "faces-cvae": "11ab7d0c83c0ce3c6e789cab57290ff5ff96133b96b1f75d74a19d9733be4ead",
    "faces-vae-biased": "70353141ec23c66d955ea97b9fcd314bcfe0955311d9528143b300c18f9c6506",
    "faces-vae-balanced": "f801864cd9950358157e8f13a29eb44c853899cdc93f388cb49ae8211b6d7b63",
    "faces-cvae-biased": "e9922ce0bb231ca423bb8e12f51e077a790678ad31514aaf0a3dc0fb54a900d3",
    "faces-vae-z32": "3b6632b57f1aa2dcd23c4ff00bdf34ca2b433e5b753ef58e5b0ab097b72443f9",
    "faces-vae-z128": "441613949952892ff09bc3204e4709630b73abff995cf28773ceffab11952c71",
    "faces-vae-fair": "f01ded266ded9d0acc93e18b169854259cc27f90ba1d57038bb93b5173205405",
}

def _by_attribute(text: str) -> dict[str, float]:
    """ "Bald=0.99,Bangs=1" as numbers by name."""
    pairs = [pair.split("=") for pair in text.split(",")]
    return {name: float(value) for name, value in pairs}


# the notes of a weight file that are facts of its training; a file is text, so each is read
FACTS: dict[str, Callable[[str], Any]] = {
    "epochs": int,
    "images": int,
    "parameters": int,
    "seconds": float,
    "accuracy": float,
    "accuracies": _by_attribute,
}


class Pretrained(NamedTuple):
    """A model in evaluation mode, what is known of its training, and the sha256 of its file.

    facts: "command"; "epochs", "images" and "parameters" that were trained; "seconds" on one core;
    for a classifier "accuracy" on the test set. For one of attributes that is balanced accuracy,
    averaged over the attributes, whose own stand in "accuracies", by name.
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
