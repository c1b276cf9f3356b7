"""Ship a trained model: half precision, without what only training needs.

The facts of its training go into the file. Prints its row for data/README.md.

KID cubes dot products of features, so their size would decide its scale and its noise: a
classifier's features are divided by their root mean square, and the head is multiplied by it,
which leaves the classifier's answers as they were.

Usage: vaekit train NAME [OPTIONS]
       python data/make_weights.py NAME [runs/NAME] [--as FILE] [--seconds S] [--options=OPTIONS]
                                   [--images N]
"""
import argparse
import hashlib
from pathlib import Path

import torch

from vaekit import data, metrics, recipes
from vaekit.files import load_weights, read_json, save_weights
from vaekit.models.attribute_classifier import AttributeClassifier
from vaekit.models.base import ImageModel
from vaekit.models.classifier import Classifier

WEIGHTS = Path(__file__).parent / "weights"


def main() -> None:
    options = arguments()
    run = options.run or Path("runs") / options.name
    trained = run / "weights.safetensors"
    _, metadata = load_weights(trained)
    if metadata["recipe"] != options.name:
        raise SystemExit(f"{run} holds {metadata['recipe']}, not {options.name}")

    model = recipes.load_model(trained)
    path = WEIGHTS / f"{options.file or options.name}.safetensors"
    if isinstance(model, AttributeClassifier):
        facts = ship_attribute_classifier(path, model, metadata)
    elif isinstance(model, Classifier):
        facts = ship_classifier(path, model, metadata)
    else:
        facts = ship_generator(path, model, metadata, run, options)
    command = f"vaekit train {options.name} {options.options}".rstrip()
    print(table_row(path, facts, command))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument(
        "--as",
        dest="file",
        help="name of the file, where it is not the recipe's",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        help="what the training took on one core; the sum over its epochs if left out",
    )
    parser.add_argument(
        "--options",
        default="",
        help="the options that were given to `vaekit train`",
    )
    parser.add_argument(
        "--images",
        type=int,
        help="the number of training images, where that was not the whole set",
    )
    return parser.parse_args()


def ship_classifier(path: Path, model: Classifier, metadata: dict[str, str]) -> str:
    """Write a classifier with features of unit size; returns what the table says of it."""
    test = data.load(recipes.get(metadata["recipe"]).data, "test")
    scale_features(model, test)
    write(path, model, metadata)

    # what is measured is what is shipped, in half precision
    shipped = recipes.load_model(path)
    accuracy = (shipped.classify(test.images()) == test.y).float().mean().item()
    write(path, shipped, {**metadata, "accuracy": f"{accuracy:.4f}"})
    return f"test accuracy {accuracy:.2%}"


def ship_attribute_classifier(
    path: Path, model: AttributeClassifier, metadata: dict[str, str]
) -> str:
    """As `ship_classifier`; accuracy is balanced, for each attribute and averaged over them."""
    test = data.load(recipes.get(metadata["recipe"]).data, "test")
    scale_features(model, test)
    write(path, model, metadata)

    found = metrics.balanced_accuracy(recipes.load_model(path), test)
    values = {name: score.value for name, score in found.items()}
    mean = sum(values.values()) / len(values)
    metadata = dict(metadata)
    metadata["accuracy"] = f"{mean:.4f}"
    metadata["accuracies"] = ",".join(f"{name}={value:.4f}" for name, value in values.items())
    write(path, recipes.load_model(path), metadata)
    worst = min(values, key=lambda name: values[name])
    return f"balanced test accuracy {mean:.2%} on average, {values[worst]:.2%} for {worst}"


@torch.no_grad()
def scale_features(model: Classifier | AttributeClassifier, test: data.ImageSet) -> None:
    """Scale the features to a root mean square of 1."""
    features = torch.cat([model.features(x) for x, _ in test.batches(500)])
    size = features.square().mean().sqrt()
    last_layer = model.body[-1]
    last_layer.weight.div_(size)
    last_layer.bias.div_(size)
    model.head.weight.mul_(size)


def ship_generator(
    path: Path,
    model: ImageModel,
    metadata: dict[str, str],
    run: Path,
    options: argparse.Namespace,
) -> str:
    """Write a generator with the facts of its training; returns what the table says of it."""
    history = read_json(run / "history.json")
    epochs = len(history)
    seconds = options.seconds or sum(epoch["seconds"] for epoch in history)
    images = options.images or len(data.load(recipes.get(options.name).data, "train"))

    # counted before anything is dropped
    parameters = sum(weight.numel() for weight in model.parameters())

    notes = dict(metadata)
    if options.options:
        notes["options"] = options.options
    notes["epochs"] = str(epochs)
    notes["images"] = str(images)
    notes["seconds"] = str(round(seconds))
    notes["parameters"] = str(parameters)
    write(path, model.for_inference(), notes)

    return (
        f"{parameters:,} weights trained, {epochs} epochs of {images:,} images, "
        f"{seconds / 60:.0f} minutes on one core"
    )


def write(path: Path, model: ImageModel, metadata: dict[str, str]) -> None:
    """Save the weights in half precision; whole numbers stay as they are."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        tensors[name] = tensor.half() if tensor.is_floating_point() else tensor
    save_weights(path, tensors, metadata)


def table_row(path: Path, facts: str, command: str) -> str:
    """The row for data/README.md."""
    size = path.stat().st_size / 1000
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"| weights/{path.name} | {size:,.0f} kB | {facts} | `{command}` | `{digest}` |"


if __name__ == "__main__":
    main()
