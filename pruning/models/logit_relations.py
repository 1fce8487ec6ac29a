"""What becomes of a linear map's output on its way to the logits, told from numbers in the place of its output."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

Kind = Literal["is", "scaled", "by class", "log-softmax", "by image", "softmax", "normalised", "squashed", "rectified",
               "largest", "named"]  # fmt: skip
TOLERANCE = 1e-4
MOST_POSITIONS = 4096

WORDS: dict[Kind, str] = {
    "is": "its output is the logits",
    "scaled": "its output times {scale:.4g} is the logits",
    "by class": "the logits are its output scaled and shifted class by class, which its directions take in",
    "log-softmax": "the logits are its output after a log-softmax, which changes no angle, length or margin",
    "by image": "the logits are its output shifted by a number an image, which changes no angle, length or margin",
    "softmax": "the network gives its output after a softmax",
    "normalised": "the logits are its output brought to one length an image",
    "squashed": "the logits are its output through a curve that levels off",
    "rectified": "the logits are its output with negative values as zero",
    "largest": "the logits are its output",
    "named": "it is named by the user",
}
LINEAR = frozenset({"is", "scaled", "by class", "log-softmax", "by image"})


@dataclass(frozen=True)
class Relation:
    """How logits follow from the output of a linear map at P positions.

    Attributes:
        kind: what is done to it; see `WORDS`.
        pooling: what becomes of several positions: "" where there is one, "mean", "largest", or "position I".
        scale, shift: numbers or [K]: the logits are scale x output + shift, up to a number an image.
    """

    kind: Kind
    pooling: str = ""
    scale: Tensor = field(default_factory=lambda: torch.ones(()), compare=False)
    shift: Tensor = field(default_factory=lambda: torch.zeros(()), compare=False)

    @property
    def is_linear(self) -> bool:
        """Whether they are linear in the map's input, up to a number that all logits of an image share."""
        return self.kind in LINEAR

    @property
    def words(self) -> str:
        """How, for the user."""
        said = WORDS[self.kind].format(scale=float(self.scale.mean()))
        positions = {"": "", "mean": ", averaged over positions", "largest": ", the largest over positions"}
        return said + positions.get(self.pooling, f", at {self.pooling} alone")

    def pooled(self, inputs: Tensor) -> Tensor:
        """The features [N, D] that the logits are linear in, of inputs [N, P, D]."""
        if self.pooling.startswith("position"):
            return inputs[:, int(self.pooling.split()[1])]
        return inputs[:, 0] if inputs.shape[1] == 1 else inputs.mean(dim=1)


def relation_of(numbers: Tensor, logits: Tensor) -> Relation | None:
    """How logits [N, K] follow from numbers [N, P, K] that stood for a linear map's output; None: they do not."""
    for pooling, values in _poolings(numbers):
        found = _linear(values, logits, pooling) or _curved(values, logits, pooling)
        if found is not None:
            return found
    if numbers.shape[1] > 1:
        largest = _linear(numbers.amax(dim=1), logits, "")
        rectified = _linear(numbers.relu().mean(dim=1), logits, "")
        if largest is not None:
            return Relation("largest", "largest")
        if rectified is not None:
            return Relation("rectified", "mean")
    return None


def _poolings(numbers: Tensor) -> Iterator[tuple[str, Tensor]]:
    positions = numbers.shape[1]
    if positions == 1:
        yield "", numbers[:, 0]
        return
    yield "mean", numbers.mean(dim=1)
    for position in range(positions if positions <= MOST_POSITIONS else 0):
        yield f"position {position}", numbers[:, position]


def _linear(values: Tensor, logits: Tensor, pooling: str) -> Relation | None:
    """The relations under which margins keep their meaning."""
    x, y = values - values.mean(dim=0), logits - logits.mean(dim=0)
    scale = (x * y).sum(dim=0) / x.square().sum(dim=0)
    shift = logits.mean(dim=0) - scale * values.mean(dim=0)
    if _same(scale * values + shift, logits) and bool((scale != 0).all()):
        if not _is_zero(scale - scale.mean(), scale) or not _is_zero(shift, scale):
            return Relation("by class", pooling, scale, shift)
        factor = _rounded(scale.mean())
        return Relation("is" if factor == 1 else "scaled", pooling, factor)
    x, y = (each - each.mean(dim=1, keepdim=True) for each in (x, y))
    factor = _rounded((x * y).sum() / x.square().sum())
    if factor == 0 or not _same(factor * x, y):
        return None
    shift = (logits - factor * values).mean(dim=0)
    kind: Kind = "log-softmax" if _is_zero(logits.logsumexp(dim=1)) else "by image"
    return Relation(kind, pooling, factor, shift - shift.mean())


def _rounded(factor: Tensor) -> Tensor:
    """One where it is meant."""
    return torch.ones_like(factor) if _is_zero(factor - 1) else factor


def _curved(values: Tensor, logits: Tensor, pooling: str) -> Relation | None:
    """The relations that keep the order of the classes, but no distances."""
    if bool((logits >= 0).all()) and _is_zero(logits.sum(dim=1) - 1) and _linear(values, logits.log(), pooling):
        return Relation("softmax", pooling)
    factor = (values * logits).sum(dim=1, keepdim=True) / values.square().sum(dim=1, keepdim=True)
    if bool((factor > 0).all()) and _same(factor * values, logits):
        return Relation("normalised", pooling)
    if bool((values.relu() == 0).any()) and _linear(values.relu(), logits, pooling):
        return Relation("rectified", pooling)
    rising = logits.flatten()[values.flatten().argsort()].diff()
    if bool((rising >= 0).all()) and int((rising > 0).sum()) > len(rising) // 2:
        return Relation("squashed", pooling)
    return None


def _same(found: Tensor, wanted: Tensor) -> bool:
    """Whether two tensors are equal, up to rounding, and not constant."""
    spread = float((wanted - wanted.mean()).abs().max())
    return spread > 0 and float((found - wanted).abs().max()) <= TOLERANCE * spread


def _is_zero(values: Tensor, beside: Tensor | None = None) -> bool:
    """Whether all are zero, up to rounding, beside others or beside 1."""
    return float(values.abs().max()) <= TOLERANCE * (1.0 if beside is None else float(beside.abs().max()))
