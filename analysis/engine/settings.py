"""The `[analysis]` section of a study.toml: what `python -m analysis run` is to measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, create_model, field_validator, model_validator

from analysis.corruptions import FAMILIES, SEVERITIES, Family, check_name, family_of, get_family
from analysis.corruptions.conditions import CLEAN, Condition, all_conditions, in_order
from analysis.corruptions.registry import ARRAYS, severities_of
from analysis.results.tables import TABLES
from pruning.errors import UserError
from pruning.files import user_path
from pruning.study.folder import Study
from pruning.validation import validate


class AnalysisConfig(BaseModel):
    """What may be said in `[analysis]` beside the keys of measures; every key may be left out.

    families: names of families of corruptions, see `corruptions.FAMILIES`, or "all". corruptions: "all", or names of
    corruptions that are to be made, which those of a family leave out the others of it; a family of which none is named
    is made whole. severities: 1 (mild) to 5, as far as a corruption has them; one that has a single severity is made at
    that, and a family with severities of its own (the Fourier basis) at those. arrays: a folder of corrupted images, as
    published, to be taken instead of making them, see `corruptions.arrays`; names that belong to no family are measured
    too. frost: a folder of photographs of frost. Both are found from the folder of the study.toml. samples: only so
    many test images are used, evenly spaced. precision: of the forward passes; "auto" is bfloat16 for large networks
    where the hardware has it, so that results then depend, a little, on where they were measured, which they note.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    families: list[str] = ["cifar_c"]
    corruptions: Literal["all"] | list[str] = "all"
    severities: Annotated[list[Annotated[int, Field(ge=min(SEVERITIES), le=max(SEVERITIES))]], Field(min_length=1)] = [
        *SEVERITIES
    ]
    arrays: str | None = None
    frost: str | None = None
    samples: Annotated[int, Field(ge=1)] | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    @field_validator("families", mode="before")
    @classmethod
    def _families_listed(cls, value: Any) -> Any:
        if value == "all":
            return [*FAMILIES]
        return [value] if isinstance(value, str) else value

    @field_validator("families")
    @classmethod
    def _families_known(cls, names: list[str]) -> list[str]:
        for name in names:
            get_family(name)
        return names

    @field_validator("corruptions", mode="before")
    @classmethod
    def _corruptions_listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) and value != "all" else value

    @model_validator(mode="after")
    def _corruptions_known(self) -> Self:
        for name in self._named():
            # What no family has may be in the folder of arrays.
            if self.arrays is None:
                check_name(name)
        return self

    def conditions(self, given: Collection[Condition] | None = ()) -> tuple[Condition, ...]:
        """The clean images, then family after family each corruption at each severity, mildest first.

        `given` are the conditions that the folder of arrays holds; None where it was not looked into. Raises UserError
        for a corruption that is in none of the families, nor given.
        """
        found = [CLEAN]
        for name in FAMILIES:
            if name in self.families:
                found += self._of(FAMILIES[name])
        foreign = {condition for condition in given or () if family_of(condition[0]) == ARRAYS}
        single = {name for name, count in Counter(name for name, _ in foreign).items() if count == 1}
        found += [c for c in foreign if self._chosen(c[0]) and (c[1] in self.severities or c[0] in single)]
        if given is not None:
            self._check_named({name for name, _ in foreign})
        return tuple(in_order(found))

    def limited_to(self, families: Sequence[str]) -> Self:
        """The settings for these families instead of those named; corruptions that are of none of them no longer count.

        Raises UserError for an unknown family.
        """
        for name in families:
            get_family(name)
        named = [name for name in self._named() if family_of(name) in families]
        return self.model_validate({**self.model_dump(), "families": [*families], "corruptions": named or "all"})

    def _of(self, family: Family) -> list[Condition]:
        named = [name for name in family.members if name in self._named()]
        members = family.members if self.corruptions == "all" else named or self._whole(family)
        return [*all_conditions(members, family.severities or self._had(members))[1:]]

    def _had(self, members: Sequence[str]) -> list[int]:
        """The severities asked for that a member has: those of other families are no mistake."""
        return [each for each in sorted(set(self.severities)) if any(each in severities_of(name) for name in members)]

    def _whole(self, family: Family) -> Sequence[str]:
        """The members of a family of which none is named: all, but none where nothing is to be made at all."""
        return family.members if self.corruptions else ()

    def _named(self) -> list[str]:
        return [] if self.corruptions == "all" else self.corruptions

    def _chosen(self, name: str) -> bool:
        return self.corruptions == "all" or name in self.corruptions

    def _check_named(self, foreign: Collection[str]) -> None:
        for name in self._named():
            if name in foreign:
                continue
            check_name(name)
            if family_of(name) not in self.families:
                raise UserError(
                    f"The corruption '{name}' is of the family '{family_of(name)}', which is not to be measured: add "
                    "it to `families` in [analysis]."
                )


def model() -> type[AnalysisConfig]:
    """The settings with the keys of all measures: a subclass of the `options` of each of them."""
    return _with(tuple(dict.fromkeys(table.options for table in TABLES.values() if table.options is not None)))


@lru_cache(maxsize=8)  # a page asks once for each network
def _with(options: tuple[type[BaseModel], ...]) -> type[AnalysisConfig]:
    bases: list[type[BaseModel]] = [AnalysisConfig, *options]
    named = Counter(key for each in bases for key in (*each.model_fields, *_validators(each)))
    twice = [key for key, count in named.items() if count > 1]
    if twice:
        raise ValueError(f"Several measures have the settings or validators {', '.join(twice)}; call them otherwise.")
    return cast(type[AnalysisConfig], create_model("AnalysisConfig", __base__=tuple(bases)))


def _validators(options: type[BaseModel]) -> set[str]:
    """Names of its validators: of two with one name, one would go unasked in a common subclass."""
    found = options.__pydantic_decorators__
    return {*found.field_validators, *found.model_validators}


def settings(study: Study) -> AnalysisConfig:
    """The study's settings; a key that is a path is found from the folder of the study.toml.

    Raises:
        UserError: a key or name is not known; it says the nearest.
    """
    where = f"{study.source}, [analysis]"
    found = validate(model(), study.config.analysis, where)
    try:
        paths = {key: study.source.parent / user_path(path) for key, path in found if isinstance(path, Path)}
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return found.model_copy(update=paths)
