"""The arguments of the attribute classifier that work, and what is rightly accepted."""
import torch
from support.model_cases import EVERYTHING, ROWS, case, given, of

from vaekit.device import seeded
from vaekit.models import AttributeClassifier

SHAPE = (3, 16, 16)
MODEL = "models.attribute_classifier.AttributeClassifier"


def model():
    torch.manual_seed(0)
    return AttributeClassifier(2, SHAPE).eval()


def images():
    return torch.rand(3, *SHAPE, generator=seeded(0))


CASES = {
    MODEL: case(attributes=given(4), image_shape=given(SHAPE), features=given(8)),
    f"{MODEL}.features": of(model, x=images, accepts={"x": ROWS}, not_a_number=("x",)),
    f"{MODEL}.forward": of(
        model, x=images, accepts={"x": ROWS, "c": EVERYTHING}, not_a_number=("x",)
    ),
    f"{MODEL}.probabilities": of(model, x=images, accepts={"x": ("empty set",)}),
    f"{MODEL}.classify": of(model, x=images, accepts={"x": ("empty set",)}),
}
