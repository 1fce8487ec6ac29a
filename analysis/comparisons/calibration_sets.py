"""How far masks depend on the images that their criterion looked at, beside other seeds and chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.metrics import overlap
from analysis.metrics.overlap import Counts
from pruning.recipe import Recipe

COLUMNS = ["method", "sparsity", "images", "what", "overlap", "low", "high", "chance", "pairs", "sets", "seeds"]
SETS, SEEDS = "calibration sets", "seeds"


@dataclass(frozen=True)
class Group:
    """Tickets whose recipes are the same but for the draw of calibration images, and the seed.

    Attributes:
        recipe: of one of them.
        tickets: (seed, calibration seed) -> ticket id.
    """

    recipe: Recipe
    tickets: Mapping[tuple[int, int], str]

    @property
    def sets(self) -> list[int]:
        """Seeds of the calibration sets."""
        return sorted({draw for _, draw in self.tickets})

    @property
    def method(self) -> str:
        """The method's name without that of the set."""
        draw = self.recipe.option("calibration").seed
        return self.recipe.method.removesuffix(f"_calibration_{draw}")


def groups(recipes: Mapping[str, Recipe]) -> list[Group]:
    """The groups with several calibration sets at some seed, in the order of the recipes.

    Args:
        recipes: by ticket id.
    """
    found: dict[tuple[str, int | None], dict[tuple[int, int], str]] = {}
    for ticket, recipe in recipes.items():
        chosen = recipe.option("calibration")
        if chosen is not None and chosen.seed is not None:
            key = recipe.with_seed(0).id_without("calibration"), chosen.images
            found.setdefault(key, {})[recipe.seed, chosen.seed] = ticket
    several = [Group(recipes[next(iter(own.values()))], own) for own in found.values()]
    return [group for group in several if any(_draws(group, seed) for seed, _ in group.tickets)]


def _draws(group: Group, seed: int) -> list[tuple[str, str]]:
    own = [ticket for (known, _), ticket in sorted(group.tickets.items()) if known == seed]
    return list(combinations(own, 2))


def overlaps(found: Iterable[Group], counts: Callable[[Sequence[str]], Counts]) -> pd.DataFrame:
    """What masks of each group have in common, of other calibration sets and of other seeds.

    Args:
        found: the groups.
        counts: of masks by ticket id, as `overlap.count` makes them.

    Returns:
        `COLUMNS`, two rows a group, or one where there is one seed: `what` differs between the two masks, `SETS` (the
        network and all else alike) or `SEEDS` (the calibration set alike); the overlap coefficient, mean over pairs,
        with the lowest and highest pair, and what independent masks of the same layer-wise sparsities have in common.
    """
    rows = []
    for group in found:
        ids = list(group.tickets.values())
        table = overlap.pairs_with_chance(counts(ids)).set_index(["a", "b"])
        seeds = sorted({seed for seed, _ in group.tickets})
        by_set = [pair for seed in seeds for pair in _draws(group, seed)]
        turned = Group(group.recipe, {(draw, seed): ticket for (seed, draw), ticket in group.tickets.items()})
        by_seed = [pair for draw in group.sets for pair in _draws(turned, draw)]
        for what, pairs in ((SETS, by_set), (SEEDS, by_seed)):
            if pairs:
                own = [table.loc[pair if pair in table.index else pair[::-1]] for pair in pairs]
                values = np.array([each["overlap"] for each in own], dtype=float)
                chance = float(np.mean([each["chance_layers"] for each in own]))
                said = [group.method, group.recipe.sparsity, group.recipe.option("calibration").images]
                numbers = [values.mean(), values.min(), values.max(), chance]
                rows.append([*said, what, *numbers, len(pairs), len(group.sets), len(seeds)])
    return pd.DataFrame(rows, columns=COLUMNS)
