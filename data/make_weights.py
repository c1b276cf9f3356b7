"""Ship a trained model: half precision, without what only training needs, the facts of its training inside. Prints its row for data/README.md.

KID cubes dot products of features, so their size would decide its scale and its noise: a classifier's are divided by their root mean square, and
the head takes the factor back, which leaves the classifier as it was.

Usage: vaekit train NAME [OPTIONS] && python data/make_weights.py NAME [runs/NAME] [--seconds S] [--options=OPTIONS] [--images N]
       --seconds: what the training took on one core; the sum over its epochs if left out
       --options: what else was said to `vaekit train`; --images: how many it trained on, where that was not the whole set
"""
import argparse
import hashlib
import json
from pathlib import Path

import torch

from vaekit import data, recipes
from vaekit.files import load_weights, save_weights
from vaekit.models.classifier import Classifier

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("run", nargs="?", type=Path)
parser.add_argument("--seconds", type=float)
parser.add_argument("--options", default="")
parser.add_argument("--images", type=int)
options = parser.parse_args()
name, run = options.name, options.run or Path("runs") / options.name
path = Path(__file__).parent / "weights" / f"{name}.safetensors"


def unit_features(model: Classifier, test: data.ImageSet) -> None:
    """Scale the features to a root mean square of 1."""
    with torch.no_grad():
        size = torch.cat([model.features(x) for x, _ in test.batches(1000)]).square().mean().sqrt()
        model.body[-1].weight.div_(size)
        model.body[-1].bias.div_(size)
        model.head.weight.mul_(size)


def ship(metadata: dict[str, str]) -> None:
    save_weights(path, {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}, metadata)


metadata, model = load_weights(run / "weights.safetensors")[1], recipes.load_model(run / "weights.safetensors")
if metadata["recipe"] != name:
    raise SystemExit(f"{run} holds {metadata['recipe']}, not {name}")
if isinstance(model, Classifier):
    test = data.load(recipes.get(name).data, "test")
    unit_features(model, test)
    ship(metadata)
    model = recipes.load_model(path)                                                         # what is measured is what is shipped
    accuracy = (model.classify(test.images()) == test.y).float().mean().item()
    ship(metadata | {"accuracy": f"{accuracy:.4f}"})
    told = f"test accuracy {accuracy:.2%}"
else:
    rows = json.loads((run / "history.json").read_text())
    seconds = options.seconds or sum(row["seconds"] for row in rows)
    images = options.images or len(data.load(recipes.get(name).data, "train"))
    facts = {"epochs": len(rows), "images": images, "seconds": round(seconds), "parameters": sum(p.numel() for p in model.parameters())}
    model = model.settle() if hasattr(model, "settle") else model
    ship(metadata | ({"options": options.options} if options.options else {}) | {fact: str(value) for fact, value in facts.items()})
    told = f"{facts['parameters']:,} weights trained, {facts['epochs']} epochs of {facts['images']:,} images, {seconds / 60:.0f} minutes on one core"
command = f"vaekit train {name} {options.options}".rstrip()
digest = hashlib.sha256(path.read_bytes()).hexdigest()
print(f"| weights/{name}.safetensors | {path.stat().st_size / 1000:,.0f} kB | {told} | `{command}` | `{digest}` |")
