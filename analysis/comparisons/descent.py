"""What tickets descend from: the steps on the way of one, with their training curves; a study's tickets as a tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pruning.finders.lineage import parents_of
from pruning.recipe import Recipe
from pruning.study.folder import Entry

CURVES = ["step", "label", "epoch", "loss", "train_accuracy", "test_accuracy"]


@dataclass(frozen=True)
class Step:
    """One step on the way to a ticket; `entry` is None where its ticket is not among the study's."""

    recipe: Recipe
    entry: Entry | None


def steps(recipe: Recipe, found: Mapping[str, Entry]) -> list[Step]:
    """The line of descent, the beginning first and the ticket itself last. `found`: the study's tickets by id."""
    line = [recipe]
    while parents := parents_of(line[-1]):
        line.append(parents[0])
    return [Step(each, found.get(each.id)) for each in reversed(line)]


def curves(line: Sequence[Step]) -> pd.DataFrame:
    """The training curves of the steps that are there: `CURVES`, step being its place, accuracies fractions."""
    rows = [
        {"step": place, "label": step.recipe.label, **epoch.model_dump()}
        for place, step in enumerate(line)
        if step.entry is not None
        for epoch in step.entry.info.history
    ]
    return pd.DataFrame(rows, columns=CURVES)


@dataclass(frozen=True)
class Tree:
    """Tickets by descent. Steps on the way that are not among the tickets are nodes too, named by their id.

    Attributes:
        parents: key -> keys of the tickets that it starts from, its line of descent first; in place of a step that is
            not among them stands what that one starts from.
        above: key or id -> the key or id that the line of descent comes from; beginnings are left out.
        absent: id -> recipe of the steps that are not among the tickets.
        criteria: key -> the criterion that chose its weights, a control's that of its original; None without any.
    """

    parents: dict[str, tuple[str, ...]]
    above: dict[str, str]
    absent: dict[str, Recipe]
    criteria: dict[str, str | None]

    def parents_of(self, keys: Collection[str]) -> list[str]:
        """What any of these starts from, and is none of them."""
        found = {parent for key in keys for parent in self.parents[key]}
        return [key for key in self.parents if key in found and key not in keys]

    def children_of(self, keys: Collection[str]) -> list[str]:
        """What starts from any of these, and is none of them."""
        return [key for key, own in self.parents.items() if set(own) & set(keys) and key not in keys]

    def alike(self, keys: Collection[str]) -> list[str]:
        """What was chosen by the same criterion as any of these, and is none of them."""
        known = {self.criteria[key] for key in keys} - {None}
        return [key for key, criterion in self.criteria.items() if criterion in known and key not in keys]

    def line(self, key: str) -> list[str]:
        """The line of descent, keys and ids, the beginning first and the ticket itself last."""
        found = [key]
        while found[-1] in self.above:
            found.append(self.above[found[-1]])
        return found[::-1]


def tree(recipes: Mapping[str, Recipe]) -> Tree:
    """The tickets of a study as a tree.

    Args:
        recipes: key -> recipe, of one seed as far as there is one; tickets that differ in their seed alone are one key.
    """
    known = {recipe.id: key for key, recipe in recipes.items()}
    seeds = {recipe.seed for recipe in recipes.values()}
    families = {each.family: key for key, each in recipes.items()} if len(seeds) > 1 else {}
    absent: dict[str, Recipe] = {}
    above: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}

    def node_of(recipe: Recipe) -> str:
        if recipe.id in known:
            return known[recipe.id]
        if families and recipe.family in families:  # of another seed
            return families[recipe.family]
        absent[recipe.id] = recipe
        return recipe.id

    def visit(node: str, recipe: Recipe) -> None:
        parents[node] = ()  # ends what would be a circle
        starts = [(node_of(parent), parent) for parent in parents_of(recipe)]
        for parent, step in starts:
            if parent not in parents:
                visit(parent, step)
        if starts and starts[0][0] != node:
            above[node] = starts[0][0]
        found = [key for parent, _ in starts for key in (parents[parent] if parent in absent else (parent,))]
        parents[node] = tuple(dict.fromkeys(key for key in found if key != node))

    for key, recipe in recipes.items():
        if key not in parents:
            visit(key, recipe)
    criteria = {key: _criterion(recipe) for key, recipe in recipes.items()}
    return Tree({key: parents[key] for key in recipes}, above, absent, criteria)


def rows_of(tree: Tree, methods: Mapping[str, str]) -> list[str]:
    """The methods in the order of a tree: each followed by those whose tickets start from its own.

    Args:
        tree: of the tickets.
        methods: key -> its method.
    """
    above: dict[str, str] = {}
    for key, own in tree.parents.items():
        starts = [methods[parent] for parent in own if methods[parent] != methods[key]]
        if starts:
            above.setdefault(methods[key], starts[0])
    order: list[str] = []

    def visit(method: str) -> None:
        if method not in order:
            order.append(method)
            for child in dict.fromkeys(methods.values()):
                if above.get(child) == method:
                    visit(child)

    every = list(dict.fromkeys(methods.values()))
    for method in [*(each for each in every if each not in above), *every]:
        visit(method)
    return order


def _criterion(recipe: Recipe) -> str | None:
    return recipe.criterion or (_criterion(recipe.of) if recipe.of is not None else None)
