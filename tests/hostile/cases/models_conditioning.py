"""The arguments of conditions that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import Exempt
from support.model_cases import (
    EVERYTHING,
    case,
    given,
    of,
    vae,
    x,
)

from vaekit.data import ImageSet
from vaekit.models import AddedEmbedding, Attributes, OneHot, conditioning

JOIN = "the model joins what it has computed itself"
ONE_HOT = dict(c=given([0, 1]), n=given(2), accepts={"c": ("zero",)})

CASES = {
    "models.conditioning.Condition": case(
        size=given(3), width=given(3), weight=given(2.0), accepts={"*": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Condition.facts": of(lambda: OneHot(4)),
    "models.conditioning.Condition.encode": Exempt("each condition has its own"),
    "models.conditioning.Condition.check": Exempt("it does nothing: each condition has its own"),
    "models.conditioning.Condition.join_features": Exempt("it gives what it is given"),
    "models.conditioning.Condition.join_latent": Exempt("it gives what it is given"),
    "models.conditioning.Unconditional.encode": of(
        conditioning.Unconditional, c=given(None), n=given(2), accepts={"n": ("zero",)}
    ),
    "models.conditioning.Concatenated": case(
        size=given(3), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Concatenated.join_features": Exempt(JOIN),
    "models.conditioning.Concatenated.join_latent": Exempt(JOIN),
    "models.conditioning.OneHot": case(
        classes=given(4), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.OneHot.encode": of(lambda: OneHot(4), **ONE_HOT),
    "models.conditioning.OneHot.check": of(
        lambda: OneHot(4),
        labels=lambda: torch.tensor([0, 3]),
        accepts={"labels": ("empty set",)},
    ),
    "models.conditioning.Attributes": case(
        attributes=given(4), weight=given(2.0), accepts={"weight": ("zero", "-1", "huge")}
    ),
    "models.conditioning.Attributes.encode": of(
        lambda: Attributes(3),
        c=given([[0, 1, 1], [0, 0, 1]]),
        n=given(2),
    ),
    "models.conditioning.AddedEmbedding": case(
        classes=given(4),
        latent_dim=given(3),
        weight=given(2.0),
        hidden=given(8),
        accepts={"weight": ("zero", "-1", "huge")},
    ),
    "models.conditioning.AddedEmbedding.encode": of(lambda: AddedEmbedding(4, 3), **ONE_HOT),
    "models.conditioning.AddedEmbedding.check": of(
        lambda: AddedEmbedding(4, 3),
        labels=lambda: torch.tensor([0, 3]),
        accepts={"labels": ("empty set",)},
    ),
    "models.conditioning.AddedEmbedding.join_latent": Exempt(JOIN),
    "models.conditioning.make": case(
        kind=given("one-hot"),
        size=given(4),
        latent_dim=given(3),
        weight=given(2.0),
        # only an embedding asks for the size of the latent
        accepts={
            "weight": ("zero", "-1", "huge"),
            "kind": ("none",),
            "latent_dim": ("zero", "-1", "huge"),
        },
        words={"kind": "condition"},
    ),
    # what has no condition has none
    "models.conditioning.is_conditional": case(model=vae, accepts={"model": EVERYTHING}),
    "models.conditioning.labels_of": case(
        model=lambda: vae(OneHot(4)),
        images=lambda: ImageSet(x(4), torch.arange(4)),
        accepts={"model": EVERYTHING},
    ),
    "models.conditioning.require_labels": case(
        model=lambda: vae(OneHot(4)),
        images=lambda: ImageSet(x(4), torch.arange(4)),
        accepts={"model": EVERYTHING},
    ),
}
