"""vaekit: the models, losses, training loop, figures and sliders behind the VAE labs.

Modules load on first use, so `import vaekit` costs next to nothing beyond Python itself.
"""
import importlib
import os

# OpenMP threads that spin while they wait make torch ten times slower as soon as the cores are shared (Binder, a busy laptop).
# torch reads this when it is first imported, so it counts where vaekit comes first: the command line, and the kernels it starts.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["autoencoder", "check", "data", "explore", "losses", "metrics", "nets", "plots", "recipes", "training", "vae"]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"vaekit.{name}")
    raise AttributeError(f"module 'vaekit' has no attribute {name!r}")


def __dir__():
    return [*__all__, "__version__"]
