"""Faces drawn by formula: every attribute and factor is known, two dials set what is common."""
from __future__ import annotations

from .dials import SHARES, possible_correlations
from .drawing import draw_faces
from .faces import face_factors, faces
from .factors import ATTRIBUTES, FACTORS, attributes_of

__all__ = [
    "ATTRIBUTES",
    "FACTORS",
    "SHARES",
    "attributes_of",
    "draw_faces",
    "face_factors",
    "faces",
    "possible_correlations",
]
