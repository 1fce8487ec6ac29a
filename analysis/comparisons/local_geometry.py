"""Images one by one among the class directions: where they lie, how they move, and on which side of a boundary."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from analysis.engine.live import Features
from analysis.metrics import displacement, geometry

LEVEL = 0.95
CELL, CLASS = "cell", "class"
"""What arrows are averaged over."""

LENGTHS = {"centred_length": "relative_length", "length": "relative_raw_length"}
"""A length -> the same in units of its mean over the ticket's clean images, which tickets can be compared by."""


def image_rows(features: Features, mean: np.ndarray) -> pd.DataFrame:
    """What a network makes of each image: the columns that clean images have in the tables `samples` and `geometry`.

    Args:
        features: under any condition.
        mean: [D], that of the features of the clean images (`Features.mean`).

    Returns a row an image: sample, label, then the columns of `geometry.COLUMNS` and `geometry.COMPARABLE`.
    """
    # Copies: arrays that are kept in a cache may be read-only, which torch does not like.
    vectors, weight, bias, truth, logits = (
        torch.tensor(each)
        for each in (features.features, features.weight, features.bias, features.labels, features.logits)
    )
    found = geometry.measure_tensors(vectors, weight, bias, truth, logits)
    found |= geometry.compare_tensors(vectors, weight, bias, truth, torch.tensor(mean), logits)
    labels = features.labels
    return pd.DataFrame({"sample": np.arange(len(labels)), "label": labels} | {k: v.numpy() for k, v in found.items()})


def with_relative_lengths(rows: pd.DataFrame, clean: pd.DataFrame) -> pd.DataFrame:
    """The rows with the columns that `LENGTHS` names, of those lengths that they have.

    Args:
        rows: a row a ticket and image, under any condition, with ticket_id.
        clean: the same of all clean images.
    """
    added = {}
    for length, relative in LENGTHS.items():
        if length in rows and length in clean:
            means = clean.groupby("ticket_id")[length].mean()
            added[relative] = rows[length] / rows["ticket_id"].map(means.where(means > 0))
    return rows.assign(**added)


def moves(before: pd.DataFrame, after: pd.DataFrame, x: str, y: str, reference: str = "") -> pd.DataFrame:
    """How the images move on a plane of two of their measures.

    Args:
        before: a row a ticket and image.
        after: the same, under another condition.
        x: a column across.
        y: one upwards.
        reference: a ticket of `before` that all tickets are compared with, in place of each with itself.

    Returns the rows of `after` that `before` has as well, with x_before, y_before, x_after, y_after, x_move, y_move.
    The reference itself is left out.
    """
    start = before.rename(columns={x: "x_before", y: "y_before"})[["ticket_id", "sample", "x_before", "y_before"]]
    on = ["ticket_id", "sample"]
    if reference:
        start = start[start["ticket_id"] == reference].drop(columns="ticket_id")
        after, on = after[after["ticket_id"] != reference], ["sample"]
    joined = after.merge(start, on=on)
    joined = joined.assign(x_after=joined[x], y_after=joined[y])
    return joined.assign(
        x_move=joined["x_after"] - joined["x_before"], y_move=joined["y_after"] - joined["y_before"]
    ).reset_index(drop=True)


def arrows(moved: pd.DataFrame, over: str = CELL) -> pd.DataFrame:
    """The mean moves of each ticket's images, over the cells of a grid or over classes.

    Args:
        moved: rows of `moves`.
        over: `CELL` or `CLASS`.

    Returns the columns of `displacement.arrows` with ticket_id in front, and `within_noise`: not to be told from no
    move. Of those said to be moves 5 % are expected to be none (Benjamini & Hochberg 1995, over all tickets' arrows).
    """
    found = []
    for ticket, own in moved.groupby("ticket_id", sort=False):
        before, after = (own[[f"x_{at}", f"y_{at}"]].to_numpy(float) for at in ("before", "after"))
        groups = own["label"].to_numpy(int) if over == CLASS else displacement.cells(before, after)
        found.append(displacement.arrows(before, after, groups).assign(ticket_id=ticket))
    columns = ["ticket_id", *displacement.ARROWS]
    table = pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
    from scipy.stats import false_discovery_control

    adjusted = false_discovery_control(table["p"].to_numpy(float)) if len(table) else np.zeros(0)
    return table.assign(within_noise=adjusted >= 1 - LEVEL)


def pair_plane(features: Mapping[str, Features], clean: Mapping[str, Features], pair: tuple[int, int]
               ) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """The images of two classes on the plane on which the boundary between the two is a straight line, exactly.

    Across is the feature's projection on w_a - w_b, upwards the length of what is left of it. Class a has the greater
    logit where the projection is above -(b_a - b_b) / ||w_a - w_b||, whatever the rest. Both are in units of the mean
    length of the ticket's clean features.

    Args:
        features: ticket -> its features under a condition.
        clean: those of the clean images, of the same tickets.
        pair: the two classes, a and b.

    Returns:
        (rows, boundaries). rows: a row a ticket and image of the two classes: ticket_id, sample, label, prediction,
        confidence, across, rest, lead (the signed distance to the boundary, above 0 on the side of the image's own
        class). boundaries: ticket_id, boundary (its place across; nan where both classes have one direction, and so no
        boundary), own (the share of the images on the side of their own class).
    """
    a, b = pair
    rows, boundaries = [], []
    for ticket, seen in features.items():
        normal = seen.weight[a].astype(np.float64) - seen.weight[b]
        norm, shift = float(np.linalg.norm(normal)), float(seen.bias[a] - seen.bias[b])
        lengths = np.linalg.norm(clean[ticket].features.astype(np.float64), axis=1)
        lengths = lengths[np.isfinite(lengths)]
        unit = float(lengths.mean()) if len(lengths) and lengths.any() else np.nan
        chosen = np.flatnonzero(np.isin(seen.labels, pair))
        vectors = seen.features[chosen].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            across = vectors @ (normal / norm)
            rest = np.sqrt(np.maximum((vectors**2).sum(axis=1) - across**2, 0.0))
            boundary = -shift / norm if norm > 0 else np.nan
        side = np.where(seen.labels[chosen] == a, 1.0, -1.0)
        logits = np.exp(seen.logits[chosen] - seen.logits[chosen].max(axis=1, keepdims=True)).astype(np.float64)
        frame = pd.DataFrame(
            {
                "ticket_id": ticket,
                "sample": chosen,
                "label": seen.labels[chosen],
                "prediction": seen.predictions[chosen],
                "confidence": logits.max(axis=1) / logits.sum(axis=1),
                "across": across / unit,
                "rest": rest / unit,
                "lead": side * (across - boundary) / unit,
            }
        )
        rows.append(frame)
        there = frame["lead"].dropna()
        own = float((there > 0).mean()) if len(there) else np.nan
        boundaries.append({"ticket_id": ticket, "boundary": boundary / unit, "own": own, "n": len(there)})
    return pd.concat(rows, ignore_index=True), pd.DataFrame(boundaries)
