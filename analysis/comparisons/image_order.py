"""Images under one condition: who loses them and who keeps them, and by what they can be sorted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from analysis.comparisons.local_geometry import image_rows
from analysis.engine.live import Features
from analysis.metrics.divergence import jensen_shannon
from analysis.metrics.neighbours import NEIGHBOURS, NOBODY, nearest
from pruning.errors import UserError

MEASURES = {
    "gap": "angle to the nearest other class direction minus that to the own, centred [degrees]",
    "margin": "distance to the nearest decision boundary of the true class, negative where wrong",
    "divergence": "Jensen-Shannon divergence of the class scores from the baseline's [bits], 0 to 1",
    "agreement": "share of the nearest clean images that are of the image's class, 0 to 1",
}
"""What is measured of an image, ticket by ticket, and what it means."""


def agreement(features: Features, clean: Features, count: int = NEIGHBOURS) -> np.ndarray:
    """Compute the share of each image's nearest clean images that are of its class: float64 [N].

    The image itself, clean, is no neighbour of its own. nan where nobody is nearer than others.
    """
    known = int(np.isfinite(clean.features).all(axis=1).sum())
    try:
        places = nearest(clean.features, min(count + 1, known), queries=features.features)[0]
    except UserError:  # no finite feature
        return np.full(len(features.labels), np.nan)
    others = (places != NOBODY) & (places != np.arange(len(places))[:, None])
    others &= others.cumsum(axis=1) <= count
    same = (clean.labels[places] == features.labels[:, None]) & others
    with np.errstate(invalid="ignore"):
        return np.asarray(same.sum(axis=1) / others.sum(axis=1))


def disagreement(predictions: Collection[np.ndarray]) -> np.ndarray:
    """Compute the share of the pairs of networks that give an image different classes: float64 [N]; 0 for one network.

    `predictions` are int [N], a network each, one at least.
    """
    given = np.stack(list(predictions))
    pairs = len(given) * (len(given) - 1) / 2
    different = sum((given[a] != given[b]).astype(float) for a in range(len(given)) for b in range(a))
    return np.asarray(different / pairs) if pairs else np.zeros(given.shape[1])


def image_measures(features: Mapping[str, Features], clean: Mapping[str, Features], baseline: str) -> pd.DataFrame:
    """Measure each image under a condition, ticket by ticket.

    Args:
        features: ticket -> its features under the condition, the baseline's too.
        clean: the same of the clean images.
        baseline: the ticket whose class scores the others are held against.

    Returns:
        ticket_id, sample, label, prediction, and the columns of `MEASURES`.
    """
    frames = []
    for ticket, own in features.items():
        rows = image_rows(own, clean[ticket].mean)[["sample", "label", "prediction", "gap", "margin"]]
        apart = jensen_shannon(own.logits, features[baseline].logits)
        frames.append(rows.assign(ticket_id=ticket, divergence=apart, agreement=agreement(own, clean[ticket])))
    return pd.concat(frames, ignore_index=True)[["ticket_id", "sample", "label", "prediction", *MEASURES]]


def images_in_order(
    rows: pd.DataFrame, lost_by: Collection[str], kept_by: Collection[str], of: Collection[str], by: str
) -> pd.DataFrame:
    """Filter and sort the images.

    Args:
        rows: ticket_id, sample, label, prediction and measures, a row a ticket and image.
        lost_by: tickets that all have to be wrong on an image.
        kept_by: tickets that all have to be right on it.
        of: tickets whose mean it is sorted by.
        by: a column of `rows`, or "disagreement" between the tickets `of`.

    Returns:
        sample, label, value, wrong (how many of all tickets in `rows`), tickets (how many those are); what is least at
        home with its class comes first: low gaps, margins and agreement, high divergence and disagreement.
    """
    guesses = rows.pivot_table(index="sample", columns="ticket_id", values="prediction", aggfunc="first").dropna()
    truth = rows.drop_duplicates("sample").set_index("sample")["label"].reindex(guesses.index)
    right = guesses.eq(truth, axis=0)
    chosen = ~right[list(lost_by)].any(axis=1) & right[list(kept_by)].all(axis=1)
    if by == "disagreement":
        value = pd.Series(disagreement([guesses[ticket].to_numpy() for ticket in of]), index=guesses.index)
    else:
        value = rows[rows["ticket_id"].isin(of)].groupby("sample")[by].mean().reindex(guesses.index)
    table = pd.DataFrame({"label": truth, "value": value, "wrong": (~right).sum(axis=1), "tickets": right.shape[1]})[
        chosen
    ].reset_index()
    rising = by in ("gap", "margin", "agreement")
    return table.sort_values(["value", "sample"], ascending=[rising, True], na_position="last", ignore_index=True)
