"""What early birds spare: multiply-adds, counted, and time, measured."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from analysis.comparisons.dynamics import WHO, drawn_at, who
from pruning.finders.early_bird import retraining
from pruning.models import build_model
from pruning.models.counting import multiply_adds
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.tasks import get_task

SPARED = ["sparsity", "drawn", "epochs", "kept_macs", "spared_macs", "seconds", "dense_seconds"]


def spared(entries: Iterable[Entry]) -> pd.DataFrame:
    """Hold each early bird against training to the end, pruning, and training what is kept.

    Returns:
        `WHO`, then sparsity, drawn (the epoch), epochs (of the dense network's training), kept_macs (the share of a
        pass's multiply-adds that have a kept weight), spared_macs (the share of all multiply-adds of training that is
        spared, were those with a pruned weight skipped), seconds (measured, of dense training until the draw and of the
        training of what is kept), dense_seconds (measured, of the dense network of the same seed; NaN without one).

    Torch skips no multiply-add with a pruned weight, so seconds fall by the epochs that are not trained alone.
    """
    entries = list(entries)
    dense = {_training(entry.recipe): entry.info.own_seconds for entry in entries if entry.recipe.is_dense}
    rows = []
    for entry in entries:
        drawn, recipe = drawn_at(entry), entry.recipe
        if drawn is not None:
            whole, share = recipe.training.epochs, kept_macs(entry)
            after = share * retraining(recipe).epochs
            saved = 1 - (drawn + after) / (whole + after) if whole else math.nan
            seconds = entry.info.own_seconds, dense.get(_training(recipe), math.nan)
            rows.append((*who(entry), recipe.sparsity, drawn, whole, share, saved, *seconds))
    return pd.DataFrame(rows, columns=[*WHO, *SPARED])


def kept_macs(entry: Entry) -> float:
    """The share of a forward pass's multiply-adds that have no pruned weight, those without any weight included."""
    recipe, info = entry.recipe, entry.info
    logits = get_task(recipe.task).classifies_images
    model = build_model(recipe.model, len(info.classes), info.shape, 0, recipe.classifier, logits)
    macs = multiply_adds(model, info.shape)
    gone = sum(macs.get(name, 0.0) * (1 - kept / total) for name, (kept, total) in info.layers.items())
    return 1 - gone / sum(macs.values())


def _training(recipe: Recipe) -> tuple[object, ...]:
    """What a dense network and an early bird have in common."""
    return recipe.model, recipe.data, recipe.task, recipe.training, recipe.seed, recipe.option("rewind")
