"""vaekit: the models, losses, training loop, figures and sliders behind the VAE labs.

Its rooms load on first use, so `import vaekit` costs next to nothing beyond Python itself.
"""
import importlib
import os
from types import ModuleType

from .arguments import check_package

# By default torch's threads spin while they wait. Alone on the cores that is fastest; as soon as
# others want them (Binder, a busy laptop) an epoch takes up to ten times as long. A thousand turns
# are nearly as fast alone, and slow nobody down. torch reads this when it is first imported, so it
# counts where vaekit comes first: on the command line, and in the kernels it starts.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# the same for LLVM's OpenMP, which some builds of torch bring
os.environ.setdefault("KMP_BLOCKTIME", "1")

__version__ = "0.2.0"

# from the top floor down; tests/test_architecture.py keeps every import pointing downwards
__all__ = [
    "cli",
    "experiments",
    "metrics",
    "recipes",
    "course",
    "training",
    "explore",
    "models",
    "losses",
    "plots",
    "data",
    "files",
    "device",
    "contracts",
    "arguments",
    "errors",
]

check_package(__name__)


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"vaekit.{name}")
    raise AttributeError(f"module 'vaekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
