"""Lost to the baseline: images that it classifies right and another ticket wrong, and what sets the two apart there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd
import torch

from analysis.comparisons.lost_images import flows_between, share_of
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import Condition
from analysis.engine.live import Features
from analysis.metrics.lead import PLAYERS, Polar, lead_between
from analysis.statistics.intervals import mean_interval
from pruning.errors import UserError

Pairs = Sequence[tuple[int, int]]
"""Places of a ticket's seeds and of the baseline's that are the same seed."""


def counts(predictions: Predictions, pairs: Mapping[str, Pairs], baseline: str, condition: Condition) -> pd.DataFrame:
    """How many images each ticket loses to the baseline under a condition, and how many it gains from it.

    Args:
        predictions: of the condition.
        pairs: key of a ticket -> its seeds and the baseline's that are the same.
        baseline: its key.
        condition: the clean one too.

    Returns:
        a row a ticket with a pair: key, seeds, lost and gained (shares of all images, 0 to 1), with _low and _high as
        `lost_images.share_of` gives them.

    Raises:
        UserError: a ticket or the condition was not measured.
    """
    rows = []
    for key, own in pairs.items():
        for right, reference in zip(*_right(predictions, key, own, baseline, condition), strict=True):
            rows.append((key, (reference & ~right).sum(), (right & ~reference).sum(), len(right)))
    counted = pd.DataFrame(rows, columns=["key", "lost", "gained", "n"])
    found = counted.groupby("key", sort=False).size().rename("seeds").to_frame()
    for name in ("lost", "gained"):
        found = found.join(share_of(counted, ["key"], name, "n"))
    return found.reset_index()


def between_seeds(predictions: Predictions, baseline: str, condition: Condition) -> float:
    """The share of images that one training of the baseline loses to another, the mean over pairs; NaN of one seed."""
    given = predictions.chosen([condition], [baseline]).predicted[baseline][:, 0]
    right = given == predictions.labels
    each = [float((one & ~other).mean()) for one, other in permutations(right, 2)]
    return float(np.mean(each)) if each else float("nan")


def flows(predictions: Predictions, key: str, pairs: Pairs, baseline: str, condition: Condition) -> pd.DataFrame:
    """Towards whom a ticket loses images to the baseline; arguments as for `counts`, rows as of `lost_images.flows`."""
    own, reference = _predicted(predictions, key, pairs, baseline, condition)
    return flows_between(reference, own, predictions.labels)


def splits(baseline: Features, ticket: Features) -> pd.DataFrame:
    """Why a ticket loses each image to the baseline: the change of the lead over the class that wins, in its parts.

    Args:
        baseline: what it makes of the images.
        ticket: what the other makes of the same.

    Returns:
        a row an image that is lost: sample, label, winner, change (of the lead, in logits), its Shapley values
        `lead.PLAYERS`, which sum to it, and most, the one of them that costs most.

    Raises:
        UserError: a network's logits are not linear in its features.
    """
    for each in (baseline, ticket):
        if each.without:
            raise UserError(each.without)
    lost = np.flatnonzero(baseline.right & ~ticket.right)
    labels, winners = baseline.labels[lost], ticket.predictions[lost]

    def polar(each: Features) -> Polar:
        arrays = each.features[lost], each.weight, each.bias, labels, winners
        return Polar.of(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))

    split = pd.DataFrame({name: share.numpy() for name, share in lead_between(polar(baseline), polar(ticket)).items()})
    found = pd.DataFrame({"sample": lost, "label": labels, "winner": winners, "change": split.sum(axis=1)})
    most = split.idxmin(axis=1) if len(split) else pd.Series(dtype=str)
    return pd.concat([found, split], axis=1).assign(most=most)


def mean_splits(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The means of `splits` over a ticket's lost images, with Student's 95 % intervals over these.

    Returns:
        a row a ticket that loses any: key, images, then change and each of `lead.PLAYERS` with _low and _high, NaN of
        a single image.
    """
    rows = []
    for key, images in found.items():
        if images.empty:
            continue
        row: dict[str, object] = {"key": key, "images": len(images)}
        for name in ("change", *PLAYERS):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = mean_interval(images[name])
        rows.append(row)
    columns = [f"{name}{end}" for name in ("change", *PLAYERS) for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["key", "images", *columns])


def largest_part(rows: pd.DataFrame) -> pd.Series:
    """Which part costs a ticket most of its lead, from rows of `mean_splits`: one of `lead.PLAYERS`, or "".

    It is shown where its interval lies below all the others', and below 0.
    """
    lows = rows[[f"{name}_low" for name in PLAYERS]].to_numpy(float)
    highs = rows[[f"{name}_high" for name in PLAYERS]].to_numpy(float)
    found = []
    for low, high in zip(lows, highs, strict=True):
        place = int(np.argmin(np.nan_to_num(high, nan=np.inf)))
        shown = high[place] < 0 and high[place] < np.delete(low, place).min()
        found.append(PLAYERS[place] if shown else "")
    return pd.Series(found, index=rows.index, dtype=str)


def _right(
    predictions: Predictions, key: str, pairs: Pairs, baseline: str, condition: Condition
) -> tuple[np.ndarray, np.ndarray]:
    own, reference = _predicted(predictions, key, pairs, baseline, condition)
    return own == predictions.labels, reference == predictions.labels


def _predicted(
    predictions: Predictions, key: str, pairs: Pairs, baseline: str, condition: Condition
) -> tuple[np.ndarray, np.ndarray]:
    """The classes that the ticket and the baseline give, int [pairs, images]."""
    given = predictions.chosen([condition], [key, baseline]).predicted
    return given[key][[own for own, _ in pairs], 0], given[baseline][[other for _, other in pairs], 0]
