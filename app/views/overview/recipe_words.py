"""A recipe in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pruning.criteria import CRITERIA
from pruning.finders import procedure
from pruning.recipe import Recipe, percent

NAMES = {
    "model": "Network",
    "data": "Data",
    "finder": "Finder",
    "of": "Original",
    "start": "Initialised from",
    "criterion": "Criterion",
    "allocation": "Layer-wise allocation",
    "structure": "Granularity",
    "sparsity": "Sparsity",
    "score_on": "Scored on",
    "score_per_class": "Scoring images per class",
    "rewind": "Rewinding iteration",
    "rate": "Pruning rate per level",
    "begin": "Pruning start",
    "until": "Pruning end",
    "steps": "Pruning steps",
    "frozen": "Underlying weights",
    "margin": "Score margin",
    "restrict": "Swap schedule",
    "distance": "Mask distance threshold",
    "patience": "Patience (masks)",
    "order": "Data order",
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
    "scaled": "frozen as initialised, rescaled for the share that is kept",
    "signed": "frozen as initialised, signed constant (one magnitude a layer)",
    "trained": "frozen as trained",
}
RESTRICTED = {
    "cosine": "a share of the possible swaps, cosine decay",
    "quartic": "a share of the possible swaps, quartic decay",
    "none": "all possible swaps",
}
SHARED = {
    "global": "global, by score alone",
    "layer": "uniform, the same sparsity in each layer",
    "erk": "Erdős–Rényi kernel (ERK), by layer size",
}


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
        whole = {"rate": " of the weights left", "begin": " of the training", "until": " of the training",
                 "distance": " of the weights"}  # fmt: skip
        return percent(value) + whole.get(name, "")
    if name == "prune_classifier":
        return "pruned like the other layers" if value else "not pruned"
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
