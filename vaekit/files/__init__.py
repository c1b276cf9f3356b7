"""Files: written whole or not at all, read with their checksum, every failure one sentence.

Data sets are read by `vaekit.data`.
"""
from .disk import atomic, cannot, check_writable, locked, read_bytes, sweep, write_bytes
from .text import parse_json, read_json, read_text, write_json, write_text
from .weights import checksum, load_weights, save_weights, verified

__all__ = [
    "atomic",
    "cannot",
    "check_writable",
    "checksum",
    "load_weights",
    "locked",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_text",
    "save_weights",
    "sweep",
    "verified",
    "write_bytes",
    "write_json",
    "write_text",
]
