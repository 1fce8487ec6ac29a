"""How many images a network withstands AutoAttack on, and each of its attacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.engine.base import Context, Measure
from analysis.engine.settings import AnalysisConfig
from analysis.measures.security import TASKS, Length, Level, Rights, attacked, balls, columns
from analysis.security import autoattack
from analysis.security.pixels import Ball, Pixels


class AutoAttackOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        autoattack_linf: sizes of AutoAttack in L-inf, in grey levels of 255; none by default.
        autoattack_l2: the same in L2, with pixels in [0, 1].
        autoattack_images: at most so many test images are attacked, evenly spaced.
        autoattack_queries: of the black-box search, an image.
    """

    autoattack_linf: list[Level] = []
    autoattack_l2: list[Length] = []
    autoattack_images: Annotated[int, Field(ge=20)] = 200
    autoattack_queries: Annotated[int, Field(ge=1)] = autoattack.QUERIES


def options_of(settings: AnalysisConfig) -> AutoAttackOptions:
    """The settings of AutoAttack among a study's."""
    assert isinstance(settings, AutoAttackOptions)
    return settings


def _balls(settings: AnalysisConfig) -> dict[str, Ball]:
    options = options_of(settings)
    return balls(options.autoattack_linf, options.autoattack_l2)


def _kinds(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    return [*_balls(settings)]


def _rows(context: Context) -> pd.DataFrame:
    options, seed, progress = options_of(context.settings), context.images.seed, context.progress

    def work(network: Pixels, images: Tensor, labels: Tensor, ball: Ball) -> Rights:
        queries = options.autoattack_queries
        return autoattack.withstood(network, images, labels, ball, seed=seed, queries=queries, progress=progress)

    return attacked(context, _balls(context.settings), options.autoattack_images, list(MEASURE.columns), work)


def _matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    options = options_of(settings)
    return {"images": options.autoattack_images, "queries": options.autoattack_queries}


def _cost(parts: Sequence[str], images: int, macs: int) -> float:
    passes = 4 * autoattack.ITERATIONS * (1 + 2 * autoattack.TARGETS) + 2 * autoattack.QUERIES
    return len(parts) * (10 + 200 * passes * macs / 2.7e10)


MEASURE = Measure(
    name="autoattack",
    meaning="images that withstand AutoAttack (APGD on two losses, FAB and Square), and each of its attacks",
    of="ticket",
    needs=frozenset({"weights", "images"}),
    tasks=TASKS,
    rows=_rows,
    parts=_kinds,
    apart=True,
    options=AutoAttackOptions,
    matters=_matters,
    cost=_cost,
    columns=columns(", ".join(f'"{name}": {words}' for name, words in autoattack.PARTS.items())),
)
