"""Where a model runs, where its noise comes from, and what must hold while it is measured."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from .errors import UserError, at_least, check_seed, pick


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """ "auto" is cuda if there is one, then mps (Apple), then cpu.

    Raises:
        UserError: a device that torch does not know, or does not see on this machine.
    """
    device = str(device)
    if device == "auto":
        return torch.device(_best_device())

    kind = pick("device", device.split(":")[0], ("auto", "cuda", "mps", "cpu"))
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device 'cuda' was asked for, but torch sees no GPU; use device='auto' or 'cpu'"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UserError(
            "device 'mps' was asked for, but torch sees none; use device='auto' or 'cpu'"
        )
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise UserError(f"{device!r} is no device; use auto, cuda, cuda:0, mps or cpu") from error
    _check_number(found)
    return found


def _check_number(device: torch.device) -> None:
    """Refuse the second of a kind where there is only one."""
    number = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.index is not None and device.index >= number:
        raise UserError(
            f"device '{device}' was asked for, but torch sees {number} of its kind, "
            f"numbered from 0; use device='auto' or '{device.type}'"
        )


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def device_of(model: Any) -> torch.device:
    """Where its weights are; the CPU if it has none, or is no torch module."""
    if not isinstance(model, nn.Module):
        return torch.device("cpu")
    tensors = chain(model.parameters(), model.buffers())
    first = next(tensors, None)
    return torch.device("cpu") if first is None else first.device


def can_be_read_freely(tensor: Tensor) -> bool:
    """True on the CPU. To look at the values of a GPU's tensor is to wait for all its work.

    Checks of values inside a training step ask this first: a set of images is checked when it is
    made, and its labels when training begins.
    """
    return tensor.device.type == "cpu"


def seeded(seed: int) -> torch.Generator:
    """A new generator of random numbers: the same seed, the same numbers."""
    return torch.Generator().manual_seed(check_seed(seed))


def standard_normal(shape: Sequence[int], generator: torch.Generator | None = None) -> Tensor:
    """A draw of N(0, I), made where the generator is: a seed means the same on every device."""
    for side in shape:
        at_least("each side of shape", side, 0)
    device = None if generator is None else generator.device
    return torch.randn(tuple(shape), generator=generator, device=device)


@contextmanager
def own_random_state() -> Iterator[None]:
    """Leave the caller's random state as it was: that of the CPU, and of every CUDA device.

    torch.manual_seed seeds them all, wherever the model runs.
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield


@contextmanager
def evaluating(model: Any) -> Iterator[Any]:
    """The model in evaluation mode and without gradient; afterwards each part is as it was.

    A part may have been frozen on purpose, so every part's own mode is remembered. What is not a
    torch module, as a formula in a model's place, passes through unchanged.
    """
    parts = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [part.training for part in parts]
    for part in parts:
        part.training = False
    try:
        with torch.no_grad():
            yield model
    finally:
        for part, mode in zip(parts, modes):
            part.training = mode


def has_bf16(device: torch.device) -> bool:
    """True if the device computes in bfloat16 by its own instructions.

    A CPU without them imitates bfloat16, more slowly than it computes in float32.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        # older versions of torch do not know the question yet
        ask = getattr(torch.cpu, question, None)
        if ask is not None and ask():
            return True
    return False


def wake_log1p() -> None:
    """Have torch's log1p, softplus and binary cross-entropy run at full speed on the CPU.

    In a new process they take five to ten times as long as after a larger atanh has run on the
    same threads, which leaves every value as it was, bit by bit. We know that it is so
    (benchmarks/bernoulli_speed.py), not why.
    """
    # torch gives a thread at least so many numbers
    grain = 32_768
    torch.atanh(torch.full((grain * torch.get_num_threads(),), 0.5))
