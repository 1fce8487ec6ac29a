"""Whose code a state dict is of, as far as its names tell, and what shapes alone do not show."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pruning.models.torchvision_models import PREFIX
from pruning.recognition.matching import Match
from pruning.recognition.matching import report as matched

TIMM = (
    (r"efficientnet_(b\d)", ("efficientnet_{0}", "tf_efficientnet_{0}")),
    (r"efficientnet_v2_(\w)", ("efficientnetv2_{0}", "tf_efficientnetv2_{0}")),
    (r"mobilenet_v2", ("mobilenetv2_100",)),
    (r"mobilenet_v3_(\w+)", ("mobilenetv3_{0}_100", "tf_mobilenetv3_{0}_100")),
    (r"mnasnet1_0", ("mnasnet_100",)),
    (r"mnasnet0_75", ("mnasnet_075",)),
    (r"mnasnet0_5", ("mnasnet_050",)),
)
"""torchvision's networks, and timm's that have the same tensors under other names."""


@dataclass(frozen=True)
class Family:
    """Networks of another code with the tensors of torchvision's, which they use otherwise.

    `names` are what names of tensors hold, one pattern each of which some name must hold.
    """

    whose: str
    names: tuple[str, ...]
    differs: str


FAMILIES = (
    Family(
        "timm",
        (r"(^|\.)conv_stem\.weight$", r"(^|\.)blocks\.\d+\.\d+\."),
        "those called tf_ pad as TensorFlow does, and batch norms have another eps",
    ),
    Family(
        "EfficientNet-PyTorch",
        (r"(^|\.)_conv_stem\.weight$", r"(^|\.)_blocks\.\d+\."),
        "it pads as TensorFlow does, and batch norms have another eps",
    ),
    Family(
        "transformers",
        (r"(^|\.)(conv_stem|embeddings|first_conv)\.", r"\.(depthwise_conv|conv_3x3)\."),
        "it pads as TensorFlow does, and batch norms have another eps",
    ),
)


def report(found: Match) -> list[str]:
    """What was matched to what, and what the names say of whose network it is."""
    return [*matched(found), *words(found)]


def words(found: Match) -> list[str]:
    """Sentences on a match that rests on shapes: what they do not show, and whose network it may be."""
    theirs = [theirs for theirs, _ in found.pairs]
    family = next((each for each in FAMILIES if _has(each, theirs)), None)
    if family is not None and found.model.startswith(PREFIX):
        own = [f"--model timm/{name}" for name in timm_names(found.model)] if family.whose == "timm" else []
        how = f"{' or '.join(own)} (pip install timm)" if own else "--model path/to/file.py:factory"
        return [
            f"Only shapes agreed: the names are those of {family.whose}, whose network may compute otherwise than "
            f"'{found.model}' ({family.differs}), so that the accuracy may be lower than it should be; with its own "
            f"code: {how}."
        ]
    if not found.exact and 2 * sum(a == b for a, b in found.pairs) < len(found.pairs):
        return [
            f"Only shapes agreed, not names: padding, strides, activations and the eps of batch norms are those of "
            f"'{found.model}', as tensors do not show them; an accuracy below the one expected says that they differ."
        ]
    return []


def timm_names(model: str) -> list[str]:
    """Timm's networks with the tensors of one of torchvision's, the ones that pad as torch does first."""
    for pattern, names in TIMM:
        if fitted := re.fullmatch(PREFIX + pattern, model):
            return [name.format(*fitted.groups()) for name in names]
    return []


def _has(family: Family, names: Iterable[str]) -> bool:
    listed = list(names)
    return all(any(re.search(pattern, name) for name in listed) for pattern in family.names)
