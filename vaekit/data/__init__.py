"""Images in memory: sets by name, drawn sets with known factors, changed copies for training."""
from . import augment, shapes
from .images import ImageSet, as_image_set, as_tensor, check_images
from .load import SOURCES, Source, built_in_folder, cache_folder, load, locate, roots
from .selection import Selection

__all__ = [
    "SOURCES",
    "ImageSet",
    "Selection",
    "Source",
    "as_image_set",
    "as_tensor",
    "augment",
    "built_in_folder",
    "cache_folder",
    "check_images",
    "load",
    "locate",
    "roots",
    "shapes",
]
