"""S0's CIFAR-10 VAEs: honest SSIM beside the report's, and class grids, as in RESULTS.md. Writes results/s0-cifar10/*.png.

Usage: VAEKIT_DATA=… python benchmarks/cifar_vae.py RUN …       folders that `vaekit train block-cvae-cifar10 --out RUN …` wrote; cifar10 is needed
       a RUN that ends in -planes or -frogs was trained with `--only airplane` or `--only frog`, any other on all ten classes
"""
import json
import sys
from pathlib import Path

import torch
from skimage.metrics import structural_similarity

from vaekit import data, losses, metrics, plots, recipes, training
from vaekit.experiments.results import picture

out = Path(__file__).parents[1] / "results" / "s0-cifar10"
train, test = data.load("cifar10", "train"), data.load("cifar10", "test")


def wrong_range(x, y):
    """SSIM of images in [0, 1] under data_range = 255: the constants then outweigh the images."""
    pairs = zip(x.double().numpy(), y.double().numpy())
    return sum(structural_similarity(a, b, data_range=255, channel_axis=0) for a, b in pairs) / len(x)


def row(name, x, y):
    score = metrics.ssim(x, y, floor=False)
    print(f"| {name} | {score.value:.3f} [{score.low:.3f}, {score.high:.3f}] | {wrong_range(x, y):.5f} |", flush=True)


def ssim_table(model, title, seen, wanted):
    """Reconstructions and samples of the classes against their 1,000 test images, between what knows nothing and the mean of what was seen."""
    print(f"\n{title}\n\n|  | SSIM, range 1, 95 % interval | the same under range 255 |\n|---|---|---|")
    x, generator = wanted.images(), torch.Generator().manual_seed(0)
    mean = seen.images().mean(0, keepdim=True).expand_as(x)
    row("reconstruction", x, torch.cat([model.reconstruct(a, c) for a, c in wanted.batches(250)]))
    row("sample of the class", x, torch.cat([model.sample(len(c), c, generator=generator) for c in wanted.y.split(250)]))
    row("mean training image", x, mean)
    row("uniform noise", x, torch.rand(x.shape, generator=generator))


for folder in map(Path, sys.argv[1:]):
    model, history = recipes.load_model(folder / "weights.safetensors"), json.loads((folder / "history.json").read_text())
    names = {"planes": ["airplane"], "frogs": ["frog"]}.get(folder.name.split("-")[-1], [])
    seen, wanted = (train.only(*names), test.only(*names)) if names else (train, test.first(1000))
    scored = training.evaluate(model, wanted, losses.negative_elbo)
    title = (f"{folder.name}: {len(history)} epochs, on {len(wanted):,} test images {scored['loss']:.0f} nats per image: reconstruction "
             f"{scored['reconstruction']:.0f}, KL {scored['kl']:.1f}")
    ssim_table(model, title, seen, wanted)
    labels = torch.full((60,), test.classes.index(names[0])) if names else torch.arange(10).repeat_interleave(6)
    samples = model.sample(60, labels, generator=torch.Generator().manual_seed(0))
    uniform = model.decode(torch.rand(10, model.latent_dim, generator=torch.Generator().manual_seed(0)), labels[:60:6]).detach()
    picture(plots.compare({"z ~ N(0, I)": samples[:60:6], "z ~ U[0, 1)": uniform}, title=f"{folder.name}: the prior, and the report's noise"),
            out / f"{folder.name}-noise.png")
    grid = plots.sheet(samples, columns=10, title=f"{folder.name}: samples, {names[0]}") if names else plots.compare(
        dict(zip(test.classes, samples.split(6))), title=f"{folder.name}: samples of each class")
    picture(grid, out / f"{folder.name}-samples.png")
    x = wanted.first(10) if names else test.per_class(1)
    picture(plots.compare({"test image": x.images(), "reconstruction": model.reconstruct(x.images(), x.y)}, title=f"{folder.name}: reconstructions"),
            out / f"{folder.name}-reconstructions.png")
