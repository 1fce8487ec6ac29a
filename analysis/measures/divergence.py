"""How far each image's class scores are from the dense network's: agreement, Jensen-Shannon, Kullback-Leibler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Column, Context, Measure, Pair, Shown
from analysis.engine.settings import AnalysisConfig
from analysis.measures import alignment
from analysis.measures.corrupted import clean_or_image_by_image
from analysis.metrics.divergence import jensen_shannon, kullback_leibler
from analysis.results.offsets import pack_bits, unpack_bits
from pruning.study.folder import Entry

LARGEST = float(np.finfo(np.float16).max)


class DivergenceOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        divergence: whether it is kept how far each image's class scores are from those of the dense network.
    """

    divergence: bool = False


class Apart(NamedTuple):
    """What two networks make of the same images, float64 [N]: `agreement` (0 or 1), `js` and `kl` (bits)."""

    agreement: np.ndarray
    js: np.ndarray
    kl: np.ndarray


def apart(logits: np.ndarray, others: np.ndarray) -> Apart:
    """Hold logits [N, K] against the dense network's."""
    same = (logits.argmax(axis=1) == others.argmax(axis=1)).astype(np.float64)
    return Apart(same, jensen_shannon(logits, others), kullback_leibler(logits, others))


def partners(entries: Sequence[Entry]) -> Mapping[str, Sequence[Pair]]:
    """Whom each ticket is held against: its dense network; and a dense network the dense one of the next seed."""
    known = {entry.id: entry for entry in entries}
    dense = alignment.DENSE
    return {
        ticket: found
        for ticket, pairs in alignment.partners(entries).items()
        if (found := [pair for pair in pairs if pair.relation == dense or known[ticket].recipe.is_dense])
    }


class Divergence:
    """The row of one pair under one condition."""

    def __init__(self, context: Context) -> None:
        assert context.partner is not None
        self.place = {
            "other": context.partner.id,
            "relation": context.relation,
            "corruption": context.condition[0],
            "severity": context.condition[1],
        }
        self._parts: list[Apart] = []

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        assert shown.partner is not None
        self._parts.append(apart(shown.logits.float().cpu().numpy(), shown.partner.logits.float().cpu().numpy()))

    def rows(self) -> pd.DataFrame:
        """Return the row."""
        same, js, kl = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        values = {"n": len(same), "agreement": same.mean(), "js": np.nanmean(js), "kl": np.nanmean(kl)}
        kept = {"same": pack_bits(same.astype(bool)), "js_images": _packed(js), "kl_images": _packed(kl)}
        return pd.DataFrame([self.place | values | kept])


def unpacked(row: Mapping[Any, Any]) -> Apart:
    """The images of a row of the table; divergences to three digits, as they are kept."""
    js, kl = (np.frombuffer(row[name], "<f2").astype(np.float64) for name in ("js_images", "kl_images"))
    return Apart(unpack_bits(row["same"], int(row["n"])).astype(np.float64), js, kl)


def _packed(values: np.ndarray) -> bytes:
    halves: np.ndarray = np.minimum(values, LARGEST).astype("<f2")
    return halves.tobytes()


def _asked(settings: AnalysisConfig, condition: Condition) -> bool:
    assert isinstance(settings, DivergenceOptions)
    return settings.divergence


MEASURE = Measure(
    name="divergence",
    meaning="how far the predictions are from the dense network's, under each of them",
    of="condition",
    needs=frozenset({"logits", "partner"}),
    start=Divergence,
    conditions=clean_or_image_by_image,
    asked=_asked,
    pairs=partners,
    options=DivergenceOptions,
    columns={
        "other": Column("str", "", "id of the ticket held against"),
        "relation": Column(
            "str",
            "",
            '"dense": `other` is the dense network of the same seed; "seed": both are dense, and it is another seed',
        ),
        "corruption": Column("str", "", 'name of the corruption; "clean" for the images as they are'),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "n": Column("i32", "images", "test images shown"),
        "agreement": Column("f64", "", "share of the images that both give the same class, 0 to 1"),
        "js": Column("f64", "bits", "mean Jensen-Shannon divergence of the class scores, 0 to 1"),
        "kl": Column("f64", "bits", "mean Kullback-Leibler divergence of the class scores from those of `other`"),
        "same": Column("blob", "", "a bit for each image, in order: 1 where both give the same class"),
        "js_images": Column("blob", "", "Jensen-Shannon divergence of each image, half precision, little-endian"),
        "kl_images": Column("blob", "", "Kullback-Leibler divergence of each image, half precision, little-endian"),
    },
)
