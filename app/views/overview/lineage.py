"""What a ticket descends from, and its recipe in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from pydantic.fields import FieldInfo

from app.load import StudyView
from pruning.allocation import ALLOCATIONS
from pruning.criteria import CRITERIA
from pruning.finders.lineage import parents_of
from pruning.recipe import FINDERS, Recipe, percent
from pruning.study.folder import Entry, Study
from pruning.training.config import Training
from pruning.validation import option_words

FIRST = ("model", "data", "finder", "of", "start")
"""The fields of a recipe that are shown first; then the options, then the other fields."""


@dataclass(frozen=True)
class Step:
    """One step on the way to a ticket; `entry` is None where its ticket is not among the study's."""

    recipe: Recipe
    entry: Entry | None

    @property
    def name(self) -> str:
        """What is done in this step."""
        return self.recipe.method_label


def entries(study: StudyView) -> dict[str, Entry]:
    """Id -> what the ticket's file says of it, for every ticket of the study."""
    return _entries(study.path, study.stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _entries(path: Path, stamp: str) -> dict[str, Entry]:
    return {entry.id: entry for entry in Study.open(path).entries()}


def steps(recipe: Recipe, found: Mapping[str, Entry]) -> list[Step]:
    """The line of descent, the beginning first and the ticket itself last."""
    line = [recipe]
    while parents := parents_of(line[-1]):
        line.append(parents[0])
    return [Step(each, found.get(each.id)) for each in reversed(line)]


def curves(line: list[Step]) -> pd.DataFrame:
    """The training curves of the steps that are there: step (its place), label, epoch, loss, train_accuracy and
    test_accuracy (fractions)."""
    rows = [
        {"step": place, "label": step.recipe.label, **epoch.model_dump()}
        for place, step in enumerate(line)
        if step.entry is not None
        for epoch in step.entry.info.history
    ]
    return pd.DataFrame(rows, columns=["step", "label", "epoch", "loss", "train_accuracy", "test_accuracy"])


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


def _value(name: str, value: Any, field: FieldInfo, recipe: Recipe) -> str:
    if name == "finder":
        return FINDERS[value].words
    if name == "of" and recipe.of is not None:
        return recipe.of.label
    if name == "criterion":
        return CRITERIA[value].label if value in CRITERIA else _plain(value)
    if name == "allocation":
        return ALLOCATIONS[value].label
    if name == "sparsity":
        return percent(value)
    if name == "prune_classifier":
        return "pruned like the other layers" if value else "left whole"
    if name == "training" or isinstance(recipe.option(name), Training):
        return ", ".join(_training(value))
    if name == "start":
        return f"imported weights {value['weights']}"
    words, part_of = option_words(field)
    return f"{percent(value)} of {part_of}" if part_of else words.get(str(value), _text(value))


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
