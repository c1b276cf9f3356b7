"""A bound, a game, a denoiser on equal terms: the shipped models on full Fashion-MNIST, as in RESULTS.md. Writes results/fair-fight/*.png.

Usage: VAEKIT_DATA=… python benchmarks/fair_fight.py [--n 5000] [--sweep 500]       needs fashion_full
"""
import argparse
import time
from pathlib import Path

import torch

from vaekit import data, metrics, plots
from vaekit.experiments.results import picture
from vaekit.recipes import pretrained

parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int, default=5_000)
parser.add_argument("--sweep", type=int, default=500)
options = parser.parse_args()
out = Path(__file__).parents[1] / "results" / "fair-fight"
train, test = data.load("fashion_full", "train"), data.load("fashion_full", "test")
network = metrics.load_features("fashion")
shipped = {name: pretrained.load(name) for name in ("conv-cvae-fashion", "dc-gan-fashion", "ddpm-fashion")}
cvae, gan, ddpm = (model for model, _, _ in shipped.values())


def draw(model, n, **how):
    """n samples, each class asked for equally often where the model can be asked, and the milliseconds that one took."""
    told, start = [] if model is gan else [torch.arange(n) % 10], time.perf_counter()
    images = torch.cat([model.sample(len(part), *([part] if told else []), generator=torch.Generator().manual_seed(i), **how)
                        for i, part in enumerate((told[0] if told else torch.arange(n)).split(500))])
    return images, (time.perf_counter() - start) / n * 1000


def judge(images, labels):
    """FID, KID, class consistency where a class was asked for, distance to the nearest training image."""
    read = [metrics.consistency_of(images, labels, features=network)] if labels is not None else []
    return [metrics.fid(train, images, features=network), metrics.kid(train, images, features=network), *read]


def shares(images):
    """How the classifier's ten classes share the samples, in per cent."""
    return (network.classify(images).bincount(minlength=10) / len(images) * 100).tolist()


print("| model | weights | epochs | training, minutes of one core |\n|---|---|---|---|")
for name, (_, facts, _) in shipped.items():
    print(f"| {name} | {facts['parameters']:,} | {facts['epochs']} | {facts['seconds'] / 60:.1f} |")

rows, labels, sheets = {}, torch.arange(options.n) % 10, {}
entries = {"test images": None, "conditional VAE": (cvae, {}), "DC-GAN": (gan, {}), "DDPM, 50 steps": (ddpm, {"steps": 50}),
           "DDPM, 50 steps, guidance 2": (ddpm, {"steps": 50, "guidance": 2.0})}
for name, entry in entries.items():
    images, ms = (test.images(slice(options.n)), None) if entry is None else draw(entry[0], options.n, **entry[1])
    asked = test.y[:options.n] if entry is None else None if entry[0] is gan else labels
    rows[name] = judge(images, asked)
    rows[name].append(metrics.nearest_neighbours(images[:1000], train, test.images(slice(9000, 10_000))))
    sheets[name] = images[:10]
    print(f"{name}: {'' if ms is None else f'{ms:.2f} ms a sample on {torch.get_num_threads()} threads; '}"
          f"classes, per cent: {' '.join(f'{share:.0f}' for share in shares(images))}", flush=True)
print(f"\n{metrics.table(rows)}\n", flush=True)
picture(plots.compare(sheets, title="Ten of each, not chosen"), out / "samples.png")
picture(plots.sheet(draw(ddpm, 100, steps=50, guidance=2.0)[0], title="DDPM, 50 DDIM steps, guidance 2: a class a column"), out / "ddpm.png")

times = sorted(draw(ddpm, 64, steps=50, guidance=2.0)[1] * 64 / 1000 for _ in range(5))
print(f"64 guided samples by 50 DDIM steps: {times[2]:.2f} s (median of 5, {times[0]:.2f} to {times[-1]:.2f}; {torch.get_num_threads()} threads)\n",
      flush=True)

few = torch.arange(options.sweep) % 10
print("| DDIM steps | guidance | FID, 10,000 test images | class consistency | variety within a class | ms a sample |\n|---|---|---|---|---|---|")
for steps, guidance in [(s, 1.0) for s in (2, 5, 10, 20, 50, 100)] + [(20, w) for w in (0.0, 1.5, 2.0, 4.0, 8.0)]:
    images, ms = draw(ddpm, options.sweep, steps=steps, guidance=guidance)
    fid, right = metrics.fid(test, images, features=network), metrics.consistency_of(images, few, features=network)
    variety = metrics.class_variety(images, few, test, features=network)
    cells = [f"{steps}", f"{guidance:g}", *(f"{s.value:.3g} [{s.low:.3g}, {s.high:.3g}]" for s in (fid, right, variety)), f"{ms:.1f}"]
    print("| " + " | ".join(cells) + " |", flush=True)
