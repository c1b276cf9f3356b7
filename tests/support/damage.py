"""Damage to a file's bytes, drawn by hypothesis: what disks, networks and people do to it."""
from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# `make fuzz` sets it; without it the same few files are tried every time
EXAMPLES = os.environ.get("VAEKIT_FUZZ")

fuzz = settings(
    max_examples=int(EXAMPLES or 200),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    # counts and folders are meant to outlive an example
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# how the files of each test ended
COUNTS: dict[str, Counter[str]] = {}


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content after one to three damages; now and then it is what it was."""
    damages = (truncated, extended, flipped, overwritten, cut_out, doubled, exchanged)
    for damage in draw(st.lists(st.sampled_from(damages), min_size=1, max_size=3)):
        content = damage(draw, content)
    return content


def truncated(draw: st.DrawFn, content: bytes) -> bytes:
    return content[:draw(st.integers(0, len(content)))]


def extended(draw: st.DrawFn, content: bytes) -> bytes:
    return content + draw(st.binary(min_size=1, max_size=50))


def flipped(draw: st.DrawFn, content: bytes) -> bytes:
    """One to eight bits."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 8)) if content else 0):
        changed[_position(draw, content)] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def overwritten(draw: st.DrawFn, content: bytes) -> bytes:
    """A stretch of zeros, or of anything, in place of the content: as many bytes as before."""
    start, end = _stretch(draw, content)
    size = end - start
    fill = draw(st.one_of(st.just(bytes(size)), st.binary(min_size=size, max_size=size)))
    return content[:start] + fill + content[end:]


def cut_out(draw: st.DrawFn, content: bytes) -> bytes:
    start, end = _stretch(draw, content)
    return content[:start] + content[end:]


def doubled(draw: st.DrawFn, content: bytes) -> bytes:
    """A stretch of it stands once more, somewhere."""
    start, end = _stretch(draw, content)
    where = _position(draw, content + b" ")
    return content[:where] + content[start:end] + content[where:]


def exchanged(draw: st.DrawFn, content: bytes) -> bytes:
    """Two stretches of the same size change places."""
    size = draw(st.integers(1, 64))
    if len(content) < 2 * size:
        return content
    first = draw(st.integers(0, len(content) - 2 * size))
    second = draw(st.integers(first + size, len(content) - size))
    changed = bytearray(content)
    changed[first:first + size] = content[second:second + size]
    changed[second:second + size] = content[first:first + size]
    return bytes(changed)


def _position(draw: st.DrawFn, content: bytes) -> int:
    return draw(st.integers(0, len(content) - 1)) if content else 0


def _stretch(draw: st.DrawFn, content: bytes) -> tuple[int, int]:
    start = _position(draw, content)
    return start, min(len(content), start + draw(st.integers(1, 64)))


@st.composite
def another_header(draw: st.DrawFn, content: bytes) -> bytes:
    """Safetensors with other facts in the header, whose length is right again."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    names = [name for name in header if name != "__metadata__"]
    one, other = draw(st.permutations(names))[:2]
    notes = header["__metadata__"]

    match draw(st.sampled_from(("places", "names", "order", "dtype", "shape", "notes", "repeat"))):
        case "places":
            header[one], header[other] = header[other], header[one]
        case "names":
            header[draw(st.text(max_size=5))] = header.pop(one)
        case "order":
            header = {name: header[name] for name in draw(st.permutations(list(header)))}
        case "dtype":
            header[one]["dtype"] = draw(st.sampled_from(("F32", "I32", "U32", "BF16", "BOOL", "X")))
        case "shape":
            header[one]["shape"] = draw(st.lists(st.integers(-1, 10**6), max_size=4))
        case "notes":
            key = draw(st.sampled_from([*notes, "new"]))
            notes[key] = draw(st.one_of(st.text(max_size=5), st.sampled_from([*notes.values()])))
        case "repeat":
            repeated = json.dumps(header)[:-1] + "," + json.dumps({one: header[other]})[1:]
            return _with_header(repeated, content, length)
    return _with_header(json.dumps(header), content, length)


def _with_header(header: str, content: bytes, length: int) -> bytes:
    encoded = header.encode()
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + length:]


@st.composite
def another_value(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value in which one entry is another, somewhere inside."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(another_value(value[key]))}
    if isinstance(value, list) and value:
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(another_value(value[index])), *value[index + 1:]]
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    return draw(scalars | st.lists(scalars, max_size=2))
