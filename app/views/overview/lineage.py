"""What a ticket descends from, and its recipe in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.load import StudyView
from pruning.criteria import CRITERIA
from pruning.finders import procedure
from pruning.finders.lineage import parents_of
from pruning.recipe import Recipe, percent
from pruning.study.folder import Entry, Study

NAMES = {
    "model": "Network",
    "data": "Data",
    "finder": "Procedure",
    "of": "Made from",
    "start": "Starts from",
    "criterion": "Criterion",
    "allocation": "Shared out over layers",
    "structure": "Removed as one piece",
    "sparsity": "Sparsity",
    "score_on": "Scored on",
    "score_per_class": "Images a class for the scores",
    "rewind": "Rewound to iteration",
    "rate": "Removed at each level",
    "begin": "Pruning begins",
    "until": "Pruning ends",
    "steps": "Steps of pruning",
    "frozen": "Weights under the mask",
    "margin": "Lead of what is kept at the start",
    "restrict": "Swaps carried out",
    "distance": "Settled below a distance of",
    "patience": "Masks in a row that settle it",
    "order": "Order of the data",
    "prune_classifier": "Classifier",
    "training": "Training",
    "search": "Search",
    "finetune": "Fine-tuning",
    "seed": "Seed",
}
"""Field of a recipe -> its name on the page, in the order shown; a field not named here comes last under its own."""

SCORED = {"init": "the weights as initialised", "trained": "the trained weights"}
FROZEN = {
    "initial": "frozen as initialised",
    "scaled": "frozen as initialised, scaled up for the share that is kept",
    "signed": "frozen as initialised, all of a layer's at one size",
    "trained": "frozen as trained",
}
RESTRICTED = {
    "cosine": "a share of the possible ones, falling as a cosine",
    "quartic": "a share of the possible ones, falling by the fourth power",
    "none": "all that are possible",
}
SHARED = {
    "global": "globally, by score alone",
    "layer": "evenly, the same in each",
    "erk": "by layer size (Erdős–Rényi kernel)",
}


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
    order = [*(name for name in NAMES if name in plain), *(name for name in plain if name not in NAMES)]
    found = [(NAMES.get(name, _plain(name)), _value(name, plain[name], recipe)) for name in order]
    return [(what, how) for what, how in found if how]


def _value(name: str, value: Any, recipe: Recipe) -> str:
    if name == "finder":
        return procedure(value)
    if name == "of" and recipe.of is not None:
        return recipe.of.label
    if name == "criterion":
        return CRITERIA[value].label if value in CRITERIA else _plain(value)
    if name in ("sparsity", "rate", "begin", "until", "distance"):
        whole = {"rate": " of what is left", "begin": " of the training", "until": " of the training",
                 "distance": " of the weights"}  # fmt: skip
        return percent(value) + whole.get(name, "")
    if name == "prune_classifier":
        return "pruned like the other layers" if value else "left whole"
    if name in ("training", "finetune", "search"):
        return ", ".join(_training(value))
    if name == "start":
        return f"imported weights {value['weights']}"
    if name == "rewind":
        return f"{value}" if value else "0, the initialisation"
    words = {"score_on": SCORED, "allocation": SHARED, "frozen": FROZEN, "restrict": RESTRICTED}
    return _text(words.get(name, {}).get(str(value), value))


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
