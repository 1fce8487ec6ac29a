"""The `[analysis]` section of a study.toml: what `python -m analysis run` is to measure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from analysis.corruptions import AVAILABLE, SEVERITIES, get_corruption
from analysis.robustness import Condition, all_conditions
from pruning.study import Study
from pruning.validation import validate

Embedding = Literal["pca", "umap", "umap_joint"]


class AnalysisConfig(BaseModel):
    """What may be said in `[analysis]`; every key may be left out.

    corruptions: "all" (those of CIFAR-10-C that can be made), or names. severities: 1 (mild) to 5. embeddings: which
    2-D maps are made. samples: only the first so many test images are used. map_samples: a map shows at most so many
    of these, evenly spaced.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    corruptions: list[str] = [*AVAILABLE]
    severities: Annotated[list[Annotated[int, Field(ge=min(SEVERITIES), le=max(SEVERITIES))]], Field(min_length=1)] = [
        *SEVERITIES
    ]
    embeddings: list[Embedding] = ["pca", "umap", "umap_joint"]
    samples: Annotated[int, Field(ge=1)] | None = None
    map_samples: Annotated[int, Field(ge=5)] = 2000

    @field_validator("corruptions", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [*AVAILABLE] if value == "all" else [value]
        return value

    @field_validator("corruptions")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            get_corruption(name)
        return names

    def conditions(self) -> tuple[Condition, ...]:
        """The clean images, then each corruption (in the order of CIFAR-10-C) at each severity, mildest first."""
        names = [name for name in AVAILABLE if name in self.corruptions]
        return all_conditions(names, sorted(set(self.severities)))


def settings(study: Study) -> AnalysisConfig:
    """The study's settings. Raises UserError with the nearest key or name when one is not known."""
    return validate(AnalysisConfig, study.config.analysis, f"{study.source}, [analysis]")
