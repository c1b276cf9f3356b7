"""The reports' conditional VAEs on equal footing: likelihood, FID, KID and class consistency on MNIST, as in RESULTS.md.

Usage: python benchmarks/conditional.py WEIGHTS …      weights.safetensors of `vaekit train fc-vae`, `… fc-cvae`, `… conv-cvae-mnist`
"""
import sys

import torch

from vaekit import data, metrics, recipes
from vaekit.models.conditioning import is_conditional

N = 5_000
train, test = data.load("mnist", "train"), data.load("mnist", "test")
network, labels, rows = metrics.load_features("mnist"), torch.arange(N) % 10, {}
for path in sys.argv[1:]:
    model, generator = recipes.load_model(path), torch.Generator().manual_seed(0)
    told = is_conditional(model)
    samples = model.sample(N, *([labels] if told else []), generator=generator)
    name = f"{path}: z = {model.latent_dim}, {sum(p.numel() for p in model.parameters()):,} weights"
    rows[name] = [metrics.nll(model, test.first(1_000), 100), *(score(train, samples, features=network) for score in (metrics.fid, metrics.kid)),
                  *([metrics.consistency_of(samples, labels, features=network)] if told else [])]
print(metrics.table(rows))
