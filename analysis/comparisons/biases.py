"""The biases of tickets' classifiers: what is added to each class's logit, whatever the image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from pruning.errors import UserError
from pruning.models import class_directions, find_classifier, is_users_own
from pruning.study.folder import Entry
from pruning.ticket import Ticket, read_tensor

_KINDS: dict[object, str] = {}
"""A kind of network of those that ship -> the tensor that holds its biases as they are, "" where none does."""


def biases(entries: Iterable[Entry]) -> dict[str, np.ndarray]:
    """Ticket id -> the bias of each class, float64 [K]; without tickets that have no classifier or cannot be read.

    The classifier is found by running a network once for all tickets of its kind, and of the others' files its bias
    alone is read, where that is a tensor of its own that reaches the logits as it is.
    """
    of_the_users: dict[object, str] = {}  # two studies may name different networks alike
    found = {}
    for entry in entries:
        recipe, info = entry.recipe, entry.info
        kind = recipe.model, recipe.classifier, info.shape, len(info.classes)
        kinds = of_the_users if is_users_own(recipe.model) else _KINDS
        try:
            stored = read_tensor(entry.path, kinds[kind]) if kinds.get(kind) else None
            if stored is not None and stored.shape == (len(info.classes),):
                found[entry.id] = stored.double().numpy()
            else:
                found[entry.id], kinds[kind] = _by_running(entry)
        except UserError:  # its file is gone or damaged, which other pages say, or it has no classifier
            continue
    return found


def _by_running(entry: Entry) -> tuple[np.ndarray, str]:
    """The biases, and the name of the tensor of the file that holds them as they are; "" where none does."""
    ticket = Ticket.load(entry.path)
    model = ticket.model()
    _, bias = class_directions(model, ticket.info.shape)
    classifier = find_classifier(model, ticket.info.shape)
    name = classifier.weight.removesuffix("weight") + "bias"
    stored = ticket.state.get(name)
    as_it_is = classifier.relation.kind == "is" and stored is not None and torch.equal(stored, bias)
    return bias.double().numpy(), name if as_it_is and name not in ticket.masks else ""


def ranges(found: Mapping[str, np.ndarray]) -> pd.Series:
    """Ticket id -> the largest bias less the smallest, in logits."""
    return pd.Series({ticket: float(np.ptp(values)) for ticket, values in found.items()}, dtype=float)


def by_class(found: Mapping[str, np.ndarray], tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The biases of tickets, class by class, less each ticket's mean, as what all classes share decides nothing.

    Args:
        found: of `biases`.
        tickets: key -> ids of its seeds.

    Returns:
        key, label (the class, by number), bias (the mean over seeds, in logits), lowest and highest (of the seeds).
    """
    rows = [
        (key, label, value)
        for key, ids in tickets.items()
        for ticket in ids
        if ticket in found
        for label, value in enumerate(found[ticket] - found[ticket].mean())
    ]
    table = pd.DataFrame(rows, columns=["key", "label", "bias"])
    each = table.groupby(["key", "label"], sort=False)["bias"]
    return each.agg(bias="mean", lowest="min", highest="max").reset_index()
