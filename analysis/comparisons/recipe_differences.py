"""In which fields tickets differ, which pairs differ in one alone, and which cannot be compared at all.

A difference between two tickets can be put down to a choice only where nothing else differs. So a pair is told by the
fields of its recipes: the seed and the name are none; an option that only one of two finders (criteria, allocations,
granularities) has comes with it and is no field of its own. A control has the fields of its original, and the step by
which it is made of it is one more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from analysis.comparisons.recipe_words import value_in_words
from pruning.errors import few
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.training.config import Training
from pruning.validation import values_of

PAIR = ["a", "b", "kind", "fields"]
ALONE, SEVERAL, BARRED, ALIKE = "one field", "several fields", "not comparable", "no field"
MADE, LENGTH, START, ELSEWHERE = "control", "length", "start", "elsewhere"

BARRIERS = {
    "data": "other data",
    "task": "another task",
    LENGTH: "another training length",
    START: "other imported weights",
    ELSEWHERE: "found elsewhere",
}
"""Fields over which nothing is compared -> in words."""

_TITLES = {MADE: "Control", LENGTH: "Training length", ELSEWHERE: "Where it was found", "lr": "learning rate"}
_PARTS = ("criterion", "allocation", "structure")
_SHARED = ("model", "data", "task", "start", "sparsity", "classifier", "prune_classifier", "scope")
_LENGTHS = ("epochs", "until")
_NOT_SAID = ("log_every",)
"""Of a training, what decides nothing."""


@dataclass(frozen=True)
class Stated:
    """The value of a field.

    Attributes:
        title: the field's, for people. value: what is compared. text: the value for people.
        owner: the field that it comes with, where it is an option of a finder, a criterion or the like.
    """

    title: str
    value: object
    text: str
    owner: str = ""


Fields = dict[str, Stated]


def fields_of(recipe: Recipe) -> Fields:
    """All that decides a ticket but its seed, by name."""
    base = fields_of(recipe.of) if recipe.of is not None else {}
    found = base | dict(_common(recipe)) | dict(_trainings(recipe))
    if recipe.of is None:
        return found | dict(_options(recipe)) | {MADE: Stated(_title(MADE), "", "none")}
    step, before = FINDERS[recipe.finder], base[MADE]
    text = f"{before.text}, then {step.label}" if before.value else step.label
    found |= {f"{step.name}.{name}": each for name, each in _options(recipe, MADE)}
    return found | {MADE: Stated(_title(MADE), f"{before.value} {step.name}", text)}


def differing(a: Recipe, b: Recipe) -> list[str]:
    """Names of the fields in which two recipes differ."""
    return _differing(a, b, fields_of(a), fields_of(b))


def pairs(recipes: Mapping[str, Recipe]) -> pd.DataFrame:
    """Every pair of tickets: `PAIR`.

    Args:
        recipes: key -> recipe, of any seed.

    Returns a row a pair in their order; kind is `ALONE` where one field differs, `SEVERAL`, `BARRED` where one of
    `BARRIERS` does, however many others, or `ALIKE`; fields are the names of those that differ.
    """
    stated = {key: fields_of(recipe) for key, recipe in recipes.items()}
    rows = []
    for a, b in combinations(recipes, 2):
        names = _differing(recipes[a], recipes[b], stated[a], stated[b])
        barred = any(name in BARRIERS for name in names)
        kind = BARRED if barred else (ALIKE, ALONE)[len(names)] if len(names) < 2 else SEVERAL
        rows.append((a, b, kind, tuple(names)))
    return pd.DataFrame(rows, columns=PAIR)


def table(recipes: Mapping[str, Recipe], found: pd.DataFrame) -> pd.DataFrame:
    """The values of the fields in which any two tickets differ (`pairs`), in words: a row a ticket, a column a field.

    The rows are named by keys; a field that a ticket does not have is "–".
    """
    stated = {key: fields_of(recipe) for key, recipe in recipes.items()}
    known = list(dict.fromkeys(name for each in stated.values() for name in each))
    differ = {name for names in found["fields"] for name in names}
    columns = {
        next(each[name].title for each in stated.values() if name in each): [
            each[name].text if name in each else "–" for each in stated.values()
        ]
        for name in known
        if name in differ
    }
    return pd.DataFrame(columns, index=list(stated))


def compared(recipes: Mapping[str, Recipe], found: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of the pairs that differ in one field alone.

    Args:
        recipes: as of `pairs`.
        found: of `pairs`.
        told: of `comparisons.verdicts.verdicts` of the same tickets and maybe more, whose pairs all are the family.

    Returns its rows of these pairs, field by field: field (its title), first, second (the values of a and b in words),
    then the columns of `told`.
    """
    alone = {frozenset((row.a, row.b)): row.fields[0] for row in found.itertuples() if row.kind == ALONE}
    facts = []
    for place, (a, b) in enumerate(zip(told["a"], told["b"], strict=True)):
        name = alone.get(frozenset((a, b)))
        if name is not None:
            sides = fields_of(recipes[a]), fields_of(recipes[b])
            title = next(side[name].title for side in sides if name in side)
            facts.append((place, title, *(side[name].text if name in side else "–" for side in sides)))
    stated = pd.DataFrame(facts, columns=["place", "field", "first", "second"])
    beside = told.iloc[stated["place"]].reset_index(drop=True)
    return pd.concat([stated.drop(columns="place"), beside], axis=1).sort_values(
        "field", kind="stable", ignore_index=True
    )


def in_words(recipes: Mapping[str, Recipe], found: pd.DataFrame) -> str:
    """In which fields the tickets differ, and how many pairs differ in one alone: sentences in Markdown."""
    if len(recipes) < 2:
        return "Choose two tickets or more, and in which fields they differ is said here."
    columns = [_lower(name) for name in table(recipes, found).columns]
    if not columns:
        return f"The {len(recipes)} tickets differ in no field of their recipes."
    counts = found["kind"].value_counts()
    alone, several, barred = (int(counts.get(kind, 0)) for kind in (ALONE, SEVERAL, BARRED))
    said = [f"**{alone}** of {_count(len(found), 'pair')} {'differs' if alone == 1 else 'differ'} in one field alone"]
    if several:
        said.append(f"**{several}** in several, so that nothing can be put down to one of them")
    if barred:
        said.append(f"**{barred}** cannot be compared")
    fields = f"{_count(len(columns), 'field')}: {few(columns, 8)}"
    return f"The {len(recipes)} tickets differ in {fields}. {'; '.join(said)}."


def barriers_in_words(recipes: Mapping[str, Recipe], found: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """What cannot be compared, and why: a sentence for each of `BARRIERS` that parts any of the tickets."""
    stated = {key: fields_of(recipe) for key, recipe in recipes.items()}
    said = []
    for name, words in BARRIERS.items():
        parted = [{row.a, row.b} for row in found.itertuples() if name in row.fields]
        sides: dict[str, list[str]] = {}
        for key in recipes:
            if any(key in pair for pair in parted):
                sides.setdefault(stated[key][name].text, []).append(labels[key])
        if sides:
            told = "; ".join(f"{value}: {few(own, 5)}" for value, own in sides.items())
            said.append(f"{words.capitalize()}, so not compared ({_WHY[name]}): {told}.")
    return said


_WHY = {
    "data": "their numbers are of other images",
    "task": "their scores measure other things",
    LENGTH: "longer training may be the reason by itself",
    START: "what went into them before is not known",
    ELSEWHERE: "how they were trained is not known",
}


def _common(recipe: Recipe) -> Iterator[tuple[str, Stated]]:
    """What every recipe says, trainings aside."""
    own = values_of(recipe)
    for name in _SHARED:
        field = type(recipe).model_fields[name]
        value = own[name].weights if name == START and own[name] is not None else own[name]
        if name == "task":
            value, text = value or "", str(value or "classification")
        else:
            text = value_in_words(name, value, field)
        if name != "sparsity" or not recipe.is_dense:  # which has none to choose
            yield name, Stated(field.title or _title(name), value, text, "finder" if name == "sparsity" else "")
    recorded = FINDERS[recipe.finder].recorded
    yield ELSEWHERE, Stated(_title(ELSEWHERE), recorded, "recorded from a network elsewhere" if recorded else "here")


def _trainings(recipe: Recipe) -> Iterator[tuple[str, Stated]]:
    """The training and those that are options, value by value, and how long they are, together."""
    own = {"training": ("Training", recipe.training)}
    for name, value in values_of(recipe.options).items():
        if isinstance(value, Training):
            field = type(recipe.options).model_fields[name]
            own[name] = (field.title or _title(name), value)
    if FINDERS[recipe.finder].recorded:
        own = {}
    lengths = []
    for name, (title, training) in own.items():
        for key, value in values_of(training).items():
            if key not in (*_LENGTHS, *_NOT_SAID):
                text = value_in_words(key, value)
                yield f"{name}.{key}", Stated(f"{title}: {_lower(_title(key))}", value, text, LENGTH)
        until = f" at most, until {training.until}" if training.until else ""
        behind = "" if name == "training" else f" of {title.lower()}"
        lengths.append(f"{training.epochs:g} epoch{'' if training.epochs == 1 else 's'}{behind}{until}")
    yield LENGTH, Stated(_title(LENGTH), tuple(lengths), " and ".join(lengths) or "not known")


def _options(recipe: Recipe, owner: str = "finder") -> Iterator[tuple[str, Stated]]:
    """The finder, its options and those of its parts, trainings aside; of a control its options alone."""
    if owner == "finder":
        field = type(recipe).model_fields["finder"]
        yield "finder", Stated(field.title or "", recipe.finder, FINDERS[recipe.finder].label)
    for name, field in type(recipe.options).model_fields.items():
        value = getattr(recipe.options, name)
        if name != "of" and value is not None and not isinstance(value, Training):  # lengths tell these apart
            yield name, Stated(field.title or _title(name), value, value_in_words(name, value, field), owner)
    for part in _PARTS:
        options = getattr(recipe.parts, part)
        for name, field in type(options).model_fields.items():
            value = getattr(options, name)
            yield f"{part}.{name}", Stated(field.title or _title(name), value, value_in_words(name, value, field), part)


def _differing(a: Recipe, b: Recipe, of_a: Fields, of_b: Fields) -> list[str]:
    both = of_a.keys() & of_b.keys()
    found = {name for name in both if of_a[name].value != of_b[name].value}
    for name in of_a.keys() ^ of_b.keys():
        owner = (of_a.get(name) or of_b[name]).owner
        if not owner or (owner in both and owner not in found):
            found.add(name)
    ordered = [
        name for name in dict.fromkeys([*of_a, *of_b]) if name in found and not _follows(name, found, of_a, of_b)
    ]
    if _is_made_of(a, b) or _is_made_of(b, a):  # whatever a control changes is that one step
        return [MADE, *(name for name in ordered if name in BARRIERS)]
    return ordered


def _follows(name: str, found: set[str], *sides: Fields) -> bool:
    """Whether a value of a further training is the training's in both, which differs by itself."""
    first = f"training.{name.rpartition('.')[2]}"
    known = all(name in own and first in own for own in sides)
    return name != first and first in found and known and all(own[name].value == own[first].value for own in sides)


def _is_made_of(made: Recipe, original: Recipe) -> bool:
    return made.of is not None and made.of.family == original.family


def _title(name: str) -> str:
    text = _TITLES.get(name, name.replace("_", " "))
    return text[:1].upper() + text[1:]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _lower(text: str) -> str:
    return text if text.isupper() else text[:1].lower() + text[1:]
