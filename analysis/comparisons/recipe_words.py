"""A recipe in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from pruning.allocation import ALLOCATIONS
from pruning.criteria import CRITERIA
from pruning.procedure import FINDERS
from pruning.recipe import Recipe, percent
from pruning.training.config import Training
from pruning.validation import option_words

FIRST = ("model", "data", "finder", "of", "start")
"""The fields of a recipe that are shown first; then the options, then the other fields."""


def in_words(recipe: Recipe) -> list[tuple[str, str]]:
    """The recipe for people: (what, how), a pair for each of its fields that says something."""
    plain = recipe.canonical()
    own, options = type(recipe).model_fields, type(recipe.options).model_fields
    parts = {key: field for part in dict(recipe.parts).values() for key, field in type(part).model_fields.items()}
    fields = {**options, **parts, **own}
    order = dict.fromkeys([*FIRST, *options, *parts, *own])
    found = [(fields[name].title or _plain(name), _value(name, plain[name], fields[name], recipe)) for name in order
             if name in plain]  # fmt: skip
    return [(what, how) for what, how in found if how]


def value_in_words(name: str, value: Any, field: FieldInfo | None = None) -> str:
    """One value of a recipe, as `in_words` writes it; `field`: of the options, None for one of a training."""
    if value is None or value == "":
        return "none"
    if name == "finder":
        return FINDERS[value].words
    if name == "criterion":
        return CRITERIA[value].label if value in CRITERIA else _plain(value)
    if name == "allocation":
        return ALLOCATIONS[value].label
    if name == "sparsity":
        return percent(value)
    words, part_of = option_words(field) if field is not None else ({}, "")
    return f"{percent(value)} of {part_of}" if part_of else words.get(str(value), _text(value))


def _value(name: str, value: Any, field: FieldInfo, recipe: Recipe) -> str:
    if FINDERS[recipe.finder].recorded and name in ("model", "training", "prune_classifier"):
        return ""  # which say nothing of a network that stays elsewhere
    if name == "of" and recipe.of is not None:
        return recipe.of.label
    if name == "prune_classifier":
        return "pruned like the other layers" if value else "not pruned"
    if name == "training" or isinstance(recipe.option(name), Training):
        return ", ".join(_training(value))
    if name == "start":
        return f"imported weights {value['weights']}"
    return value_in_words(name, value, field)


def _training(fields: Mapping[str, Any]) -> Iterator[str]:
    """A training in words; what it does not use is left out."""
    optimizers = {"sgd": f"SGD with momentum {fields.get('momentum', 0):g}", "adamw": "AdamW"}
    yield _epochs(fields["epochs"])
    yield f"batches of {fields['batch_size']}"
    yield f"{optimizers.get(fields['optimizer'], fields['optimizer'])} at {fields['lr']:g}"
    yield f"weight decay {fields['weight_decay']:g}"
    schedule = f"{fields['schedule']} schedule"
    yield schedule + (f" after {_epochs(fields['warmup_epochs'])} of warm-up" if fields.get("warmup_epochs") else "")
    if fields.get("label_smoothing"):
        yield f"label smoothing {fields['label_smoothing']:g}"
    if fields.get("augment", "none") != "none":
        yield f"augmented by {_plain(fields['augment']).lower()}"
    if fields.get("precision", "auto") != "auto":
        yield str(fields["precision"])
    said = {"epochs", "batch_size", "optimizer", "lr", "momentum", "weight_decay", "schedule", "warmup_epochs"}
    said |= {"label_smoothing", "augment", "precision", "log_every"}
    yield from (f"{_plain(name).lower()} {_text(value)}" for name, value in fields.items() if name not in said)


def _epochs(count: float) -> str:
    return "1 epoch" if count == 1 else f"{count:g} epochs"


def _plain(name: str) -> str:
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{_plain(name).lower()} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
