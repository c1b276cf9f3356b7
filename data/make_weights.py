"""Ship a trained classifier: features of unit size, half precision, its test accuracy inside. Prints its row for data/README.md.

KID cubes dot products of features, so their size would decide its scale and its noise: they are divided by their root mean square, and
the head takes the factor back, which leaves the classifier as it was.

Usage: vaekit train NAME && python data/make_weights.py NAME [runs/NAME]
"""
import hashlib
import sys
from pathlib import Path

import torch

from vaekit import data, recipes
from vaekit.files import load_weights, save_weights

name = sys.argv[1]
run = Path(sys.argv[2] if len(sys.argv) > 2 else f"runs/{name}")
tensors, metadata = load_weights(run / "weights.safetensors")
model, test = recipes.load_model(run / "weights.safetensors"), data.load(recipes.get(name).data, "test")
with torch.no_grad():
    size = torch.cat([model.features(x) for x, _ in test.batches(1000)]).square().mean().sqrt()
last = max((k for k in tensors if k.startswith("body.") and k.endswith(".bias")), key=lambda k: int(k.split(".")[1])).removesuffix(".bias")
tensors |= {f"{last}.weight": tensors[f"{last}.weight"] / size, f"{last}.bias": tensors[f"{last}.bias"] / size,
            "head.weight": tensors["head.weight"] * size}
path = Path(__file__).parent / "weights" / f"{name}.safetensors"
save_weights(path, {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}, metadata)

model = recipes.load_model(path)                                                             # what is measured is what is shipped
accuracy = (model.classify(test.images()) == test.y).float().mean().item()
save_weights(path, load_weights(path)[0], metadata | {"accuracy": f"{accuracy:.4f}"})
print(f"| weights/{name}.safetensors | {path.stat().st_size / 1000:.0f} kB | {accuracy:.2%} | `vaekit train {name}` | "
      f"`{hashlib.sha256(path.read_bytes()).hexdigest()}` |")
