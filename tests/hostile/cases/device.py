"""The arguments of device that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import ALL, Case
from torch import nn

CASES = {
    "device.pick_device": Case(lambda: dict(device="cpu")),
    "device.device_of": Case(lambda: dict(model=nn.Linear(1, 1)), {"model": (*ALL, "meta device")}),
    "device.can_be_read_freely": Case(
        lambda: dict(tensor=torch.zeros(2)),
        {"tensor": ("another dtype", "complex", "meta device", "empty set", "all nan", "one inf")},
    ),
    "device.seeded": Case(lambda: dict(seed=3), {"seed": ("zero",)}),
    "device.standard_normal": Case(
        lambda: dict(shape=(2, 3), generator=torch.Generator()),
        # no sides: a single number
        {"shape": ("empty list",), "generator": ("none",)},
    ),
    "device.own_random_state": Case(dict),
    # a formula in a model's place passes through, and may be anything
    "device.evaluating": Case(
        lambda: dict(model=nn.Linear(1, 1)),
        {"model": (*ALL, "meta device")},
        not_a_number=("model",),
    ),
    "device.wake_log1p": Case(dict),
    "device.has_bf16": Case(lambda: dict(device=torch.device("cpu"))),
}
