"""How many images a network withstands an ensemble of attacks on: two of APGD and Square, of the robustness toolbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.engine.base import Context, Measure
from analysis.engine.settings import AnalysisConfig
from analysis.measures.security import TASKS, Length, Level, Rights, attacked, balls, columns
from analysis.security import ensemble
from analysis.security.pixels import Ball, Pixels


class EnsembleOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        ensemble_linf: sizes of attacks by the ensemble in L-inf, in grey levels of 255; none by default.
        ensemble_l2: the same in L2, with pixels in [0, 1].
        ensemble_images: at most so many test images are attacked, evenly spaced.
        ensemble_queries: of the black-box search, an image.
    """

    ensemble_linf: list[Level] = []
    ensemble_l2: list[Length] = []
    ensemble_images: Annotated[int, Field(ge=20)] = 200
    ensemble_queries: Annotated[int, Field(ge=1)] = ensemble.QUERIES


def options_of(settings: AnalysisConfig) -> EnsembleOptions:
    """The settings of the ensemble among a study's."""
    assert isinstance(settings, EnsembleOptions)
    return settings


def _balls(settings: AnalysisConfig) -> dict[str, Ball]:
    options = options_of(settings)
    return balls(options.ensemble_linf, options.ensemble_l2)


def _kinds(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    return [*_balls(settings)]


def _rows(context: Context) -> pd.DataFrame:
    options, seed, progress = options_of(context.settings), context.images.seed, context.progress

    def work(network: Pixels, images: Tensor, labels: Tensor, ball: Ball) -> Rights:
        queries = options.ensemble_queries
        return ensemble.withstood(network, images, labels, ball, seed=seed, queries=queries, progress=progress)

    return attacked(context, _balls(context.settings), options.ensemble_images, list(MEASURE.columns), work)


def _matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    options = options_of(settings)
    return {"images": options.ensemble_images, "queries": options.ensemble_queries}


def _cost(parts: Sequence[str], images: int, macs: int) -> float:
    passes = 4 * ensemble.ITERATIONS * (1 + ensemble.TARGETS) + 2 * ensemble.QUERIES
    return len(parts) * (10 + 200 * passes * macs / 2.7e10)


MEASURE = Measure(
    name="ensemble",
    meaning="images that withstand an ensemble of attacks: APGD on two losses and Square",
    of="ticket",
    needs=frozenset({"weights", "images"}),
    tasks=TASKS,
    rows=_rows,
    parts=_kinds,
    apart=True,
    options=EnsembleOptions,
    matters=_matters,
    cost=_cost,
    columns=columns(", ".join(f'"{name}": {words}' for name, words in ensemble.PARTS.items())),
)
