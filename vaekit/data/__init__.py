"""Images in memory: sets by name, drawn sets with known factors, changed copies for training."""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# at once: else the module of that name would stand in the function's place
from .load import load
from .sources import (
    SOURCES,
    Source,
    built_in_folder,
    cache_folder,
    is_here,
    locate,
    roots,
    source_of,
)

if TYPE_CHECKING:
    from . import augment, faces, shapes
    from .balance import balanced_weights, resample
    from .images import ImageSet, as_image_set, as_tensor, check_images
    from .selection import Selection

__all__ = [
    "SOURCES",
    "ImageSet",
    "Selection",
    "Source",
    "as_image_set",
    "as_tensor",
    "augment",
    "balanced_weights",
    "built_in_folder",
    "cache_folder",
    "check_images",
    "faces",
    "is_here",
    "load",
    "locate",
    "resample",
    "roots",
    "shapes",
    "source_of",
]

# what needs torch is imported when it is first asked for: from which module
_MODULES = {
    "ImageSet": "images",
    "Selection": "selection",
    "as_image_set": "images",
    "as_tensor": "images",
    "augment": "augment",
    "balanced_weights": "balance",
    "check_images": "images",
    "faces": "faces",
    "resample": "balance",
    "shapes": "shapes",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
        return module if name == _MODULES[name] else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
