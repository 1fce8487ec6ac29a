"""What tickets noted while they were found: training curves, and how far masks move from epoch to epoch.

Everything is read from the headers of the tickets' files (`study.folder.Entry`). A finder that notes no such thing
gives no rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.statistics.replication import bands, mean_share
from pruning.errors import UserError
from pruning.study.folder import Entry

WHO = ["ticket_id", "family", "seed", "label"]
"""Columns that say which ticket a row is of; tickets that differ in their seed alone share a family and a label."""

POINT = ["epoch", "loss", "train_accuracy", "test_accuracy", "test_loss"]
STOPS = [
    "family", "label", "epoch", "low", "high", "seeds", "resolution", "at_end", "accuracy", "accuracy_low",
    "accuracy_high", "final_epoch", "final_accuracy",
]  # fmt: skip
STOP = ["epoch", "test_loss", "test_accuracy", "resolution", "at_end"]
DISTANCE = "mask distance "


def who(entry: Entry) -> tuple[str, str, int, str]:
    """The values of `WHO`."""
    return entry.id, entry.recipe.family, entry.recipe.seed, entry.recipe.label


def curves(entries: Iterable[Entry]) -> pd.DataFrame:
    """Collect the training curves, a row a point.

    Args:
        entries: tickets found; those without a curve give no rows.

    Returns:
        `WHO`, then epoch, loss, train_accuracy, test_accuracy, test_loss. Losses are mean cross-entropies in
        nats, accuracies fractions. Loss and train_accuracy are means over the batches since the point before, under
        training's augmentation. NaN is what was not recorded.
    """
    rows = [
        (
            *who(entry),
            point.epoch,
            point.loss,
            point.train_accuracy,
            point.test_accuracy,
            point.test_loss,
        )
        for entry in entries
        for point in entry.info.history
    ]
    return pd.DataFrame(rows, columns=[*WHO, *POINT]).astype(dict.fromkeys(POINT, float))


def curve_bands(
    curves: pd.DataFrame,
    value: str = "test_accuracy",
    limits: tuple[float, float] | None = None,
    by_factors: bool = False,
) -> pd.DataFrame:
    """Average a column of `curves` over seeds.

    Args:
        curves: the rows.
        value: the column.
        limits: within which values lie, for a score that is neither a share nor positive.
        by_factors: whether means are geometric, of positive scores that move by factors.

    Returns:
        family, epoch, mean, low, high (95 % interval), n. Families come in the order of `curves`, epochs rise. `n` is
        the number of seeds that have the point; for one seed the bounds are NaN. Bounds of accuracies stay within 0
        and 1 and those of losses above 0, which Student's interval knows nothing of.
    """
    found = _bands(curves.sort_values("epoch", kind="stable"), ["family", "epoch"], value, by_factors)
    lower, upper = limits or (0, 1 if value.endswith("accuracy") else np.inf)
    found[["low", "high"]] = found[["low", "high"]].clip(lower, upper)
    place = {family: position for position, family in enumerate(curves["family"].unique())}
    return found.sort_values("family", key=lambda families: families.map(place), kind="stable", ignore_index=True)


def _bands(rows: pd.DataFrame, by: list[str], value: str, by_factors: bool) -> pd.DataFrame:
    """As `statistics.replication.bands`, geometric where values move by factors."""
    if not by_factors:
        return bands(rows, by, value)
    found = bands(rows.assign(**{value: np.log(rows[value])}), by, value)
    return found.assign(**{name: np.exp(found[name]) for name in ("mean", "low", "high")})


def early_stop(curves: pd.DataFrame) -> pd.DataFrame:
    """Find where each ticket's test loss is lowest: the early-stopping point of Frankle & Carbin 2019.

    They stop on validation images; taken on test images, as here, the accuracy at that point flatters a little.

    Returns:
        A row a ticket: `WHO`, then epoch (the first one where several are lowest), test_loss and test_accuracy there,
        resolution (epochs to the farther one of the neighbouring points: the epoch is known no better), at_end (the
        lowest point is the last: a longer training might go lower). NaN where no test loss was recorded.
    """
    rows = [(*key, *_lowest(points)) for key, points in curves.groupby(WHO, sort=False)]
    return pd.DataFrame(rows, columns=[*WHO, *STOP]).astype(dict.fromkeys(STOP[:-1], float) | {"at_end": bool})


def _lowest(points: pd.DataFrame) -> tuple[float, float, float, float, bool]:
    points = points.dropna(subset="test_loss").sort_values("epoch")
    if points.empty:
        return math.nan, math.nan, math.nan, math.nan, False
    place = int(points["test_loss"].to_numpy().argmin())
    gaps = np.diff(points["epoch"])[max(place - 1, 0) : place + 1]
    epoch, loss, accuracy = points[["epoch", "test_loss", "test_accuracy"]].iloc[place]
    return epoch, loss, accuracy, max(gaps, default=math.nan), place == len(points) - 1


def stops_over_seeds(curves: pd.DataFrame, by_factors: bool = False, images: float | None = None) -> pd.DataFrame:
    """Average the early-stopping points of `early_stop` over seeds, a row a family that noted a test loss.

    Args:
        curves: the rows.
        by_factors: whether the means of what stands for accuracy are geometric.
        images: of how many test images accuracies are the share; None where they are no such share.

    Returns:
        `STOPS`: epoch with low and high (95 % interval between 0 and the last epoch; where seeds agree, the resolution
        on either side); seeds; resolution (the coarsest of the seeds), at_end (how many seeds are lowest at their last
        point); accuracy on test images at the stopping point, with its interval (over images where several seeds
        agree); final_epoch and final_accuracy, how the curves end.
    """
    stops = early_stop(curves).dropna(subset=["epoch"])
    if stops.empty:
        return pd.DataFrame(columns=STOPS)
    found = bands(stops, ["family", "label"], "epoch").rename(columns={"mean": "epoch", "n": "seeds"})
    families = stops.groupby("family")
    there = _bands(stops, ["family"], "test_accuracy", by_factors).set_index("family")
    last = curves.sort_values("epoch").groupby(["family", "seed"], sort=False).tail(1).groupby("family")
    columns = {
        "resolution": families["resolution"].max(),
        "at_end": families["at_end"].sum(),
        "accuracy": there["mean"],
        "accuracy_low": there["low"],
        "accuracy_high": there["high"],
        "final_epoch": last["epoch"].mean(),
        "final_accuracy": last["test_accuracy"].agg(_geometric if by_factors else "mean"),
    }
    found = found.assign(**{name: found["family"].map(column) for name, column in columns.items()})[STOPS]
    if images is not None:
        each = {family: own.to_numpy() for family, own in families["test_accuracy"] if len(own) > 1}
        ends = {family: mean_share(own, images) for family, own in each.items()}
        for place, name in ((1, "accuracy_low"), (2, "accuracy_high")):
            known = found["family"].map({family: end[place] for family, end in ends.items()})
            found[name] = known.astype(float)
    alike = found["low"] == found["high"]
    for name, side in (("low", -1), ("high", 1)):
        ends = found[name].where(~alike, found["epoch"] + side * found["resolution"].fillna(0))
        found[name] = ends.clip(0, found["family"].map(last["epoch"].max()))
    return found


def _geometric(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))


def mask_distances(entry: Entry) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    """Read how far a ticket's masks lie apart from epoch to epoch of its training (You et al. 2020, arXiv 1909.11957).

    Returns:
        epochs float64 [E], and for each sparsity the fraction of positions in which the masks of two epochs differ,
        float64 [E, E]. Empty where nothing was recorded.

    Raises:
        UserError: a record is not of E x E numbers.
    """
    epochs = np.array(entry.info.recorded("masks").get("epoch", []), dtype=np.float64)
    tables = {key.removesuffix("/d") for key in entry.info.record if key.startswith(DISTANCE)}
    found = {}
    for table in sorted(tables, key=_sparsity):
        values = np.array(entry.info.recorded(table).get("d", []), dtype=np.float64)
        if values.size != epochs.size**2:
            raise UserError(
                f"Ticket {entry.id} is damaged: of the masks of {epochs.size} epochs it has {values.size} distances; "
                "delete its file and run the study again."
            )
        found[_sparsity(table)] = values.reshape(epochs.size, epochs.size)
    return epochs, found


def _sparsity(table: str) -> float:
    return float(table.removeprefix(DISTANCE))


def drawn_at(entry: Entry) -> float | None:
    """The epoch at which an early-bird ticket was drawn; None for other tickets."""
    rows = recorded_rows(entry, "bird", ["epoch"])
    return rows[0][0] if rows else None


def recorded_rows(entry: Entry, table: str, names: list[str]) -> list[tuple[float, ...]]:
    """The rows of a recorded table; none where it, or one of its columns, is not there."""
    recorded = entry.info.recorded(table)
    return list(zip(*(recorded.get(name, []) for name in names), strict=False))
