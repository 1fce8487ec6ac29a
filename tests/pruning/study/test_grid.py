"""A grid's recipes are made from one another; each is held against one that is validated by itself."""

from __future__ import annotations

import pytest

from pruning.recipe import Recipe
from pruning.study.config import StudyConfig, expand, read_config
from tests import ROOT

STUDIES = sorted([*ROOT.glob("sample_checkpoints/*/study.toml"), *ROOT.glob("analysis/reproductions/*/*/study.toml")])


def alike(made: Recipe, validated: Recipe) -> bool:
    """Whether nothing tells two recipes apart, worked-out ids included."""
    return (
        made == validated
        and type(made.options) is type(validated.options)
        and made.model_dump() == validated.model_dump()
        and made.id == validated.id == made.id_without()
        and made.family == validated.with_seed(0).id
        and made.trainings == validated.trainings
        and made.method_label == validated.method_label
    )


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.parent.name)
def test_each_seed_has_the_recipes_that_are_validated_one_by_one(file: object) -> None:
    config = read_config(file)  # type: ignore[arg-type]
    seeds = [*config.seeds[:1], 12_345]
    found = list(expand(config, "here", seeds).values())
    first, other = found[: len(found) // 2], found[len(found) // 2 :]
    assert all(made.seed == 12_345 and (made.of is None or made.of.seed == 12_345) for made in other)
    assert all(alike(made, one.with_seed(12_345)) for made, one in zip(other[::3], first[::3], strict=True))


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.parent.name)
def test_each_sparsity_has_the_recipe_that_is_validated_by_itself(file: object) -> None:
    config = read_config(file)  # type: ignore[arg-type]
    for made in list(expand(config, "here", config.seeds[:1]).values())[::2]:
        assert alike(made, made.but())


def test_a_grid_of_many_sparsities_has_as_many_recipes() -> None:
    levels = [number / 500 for number in range(1, 500)]
    methods = [{"criterion": "magnitude"}, {"finder": "imp"}, {"finder": "random_reinit", "of": "imp"}]
    config = StudyConfig.model_validate(
        {"title": "", "model": "lenet5", "data": "mnist5k", "sparsities": levels, "method": methods, "seeds": [0, 1]}
    )
    found = expand(config, "here")
    assert len(found) == 2 * (1 + 3 * len(levels))
    assert all(key == recipe.id == recipe.id_without() for key, recipe in list(found.items())[::100])
    assert {recipe.of.sparsity == recipe.sparsity for recipe in found.values() if recipe.of is not None} == {True}
