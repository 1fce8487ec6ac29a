"""Calibration of tickets compared: reliability diagrams of several seeds and conditions, and ECE, Brier score and NLL.

`analysis.metrics.calibration` has the formulas for one network under one condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.comparisons.outcomes import MEAN
from analysis.metrics.calibration import COLUMNS as BINNED
from analysis.metrics.calibration import Equal
from analysis.metrics.calibration import bins as bins_of
from analysis.metrics.calibration_noise import scores
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.intervals import wilson
from analysis.statistics.replication import bands

MEASURES = ("ece", "brier", "nll")
SUMMARY = ["key", "corruption", "severity", "measure", "value", "low", "high", "seeds"]
ERRORS = ["key", "ece", "ece_low", "ece_high", "debiased", "rms", "floor", "floor_high", "seeds"]
SCALED = ["key", "temperature", "ece", "brier", "nll"]
DRAWN = 20_000
"""Diagrams times draws at most, for a page is not to wait."""
STEPS = 10
"""Bars of a histogram of the confidence."""

Tickets = Mapping[str, Sequence[str]]
"""Name of a ticket -> ids of its seeds."""


def reliability(rows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """The reliability diagram of several seeds, and of several conditions, from rows of the table `reliability`.

    Bin k of one seed is taken together with bin k of the others: both are the k-th part of the images by confidence.

    Args:
        rows: ticket_id, corruption, severity, bin, n, confidence, accuracy; a ticket_id is a seed.
        by: columns of `rows` for each value of which there is a diagram of its own, as ("key", "severity").

    Returns:
        the columns `by`, then bin, n (images, summed over seeds and conditions), confidence, accuracy (means over
        seeds, inside a seed over images), low, high (95 % interval of the accuracy), seeds. With several seeds in a
        bin the interval is Student's of the mean over seeds. With one it is Wilson's, for as many images as one
        condition has there, as the conditions show the same images again. Empty rows give an empty table.
    """
    keys = [*by, "bin"]
    if rows.empty:
        return pd.DataFrame(columns=[*by, *BINNED, "low", "high", "seeds"])
    sums = rows.assign(confidence=rows["confidence"] * rows["n"], accuracy=rows["accuracy"] * rows["n"])
    seeds = sums.groupby([*keys, "ticket_id"], sort=False, observed=True)[["n", "confidence", "accuracy"]].sum()
    shares = seeds[["confidence", "accuracy"]].div(seeds["n"], axis=0)
    bins = shares.groupby(level=keys, sort=False, observed=True)
    found = bins.mean().assign(
        n=seeds["n"].groupby(level=keys, sort=False, observed=True).sum().astype(int),
        seeds=bins.size(),
        deviation=bins["accuracy"].std(ddof=1),
        images=rows.groupby(keys, sort=False, observed=True)["n"].mean(),
    )
    found["low"], found["high"] = _bounds(found)
    table = found.reset_index()
    diagram = table.groupby(list(by), sort=False).ngroup() if by else np.zeros(len(table))
    columns = [*by, *BINNED, "low", "high", "seeds"]
    return table.iloc[np.lexsort((table["bin"], diagram))][columns].reset_index(drop=True)


def binned(images: pd.DataFrame, equal: Equal = "mass") -> pd.DataFrame:
    """Rows as the table `reliability` has them, of these images alone.

    `images`: ticket_id, corruption, severity, confidence, right (bool), a row an image under a condition.
    """
    by = ["ticket_id", "corruption", "severity"]
    found = [
        bins_of(own["confidence"], own["right"], equal=equal).assign(**dict(zip(by, place, strict=True)))
        for place, own in images.groupby(by, sort=False)
    ]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*by, *BINNED])


def confidence_histogram(bins: pd.DataFrame) -> np.ndarray:
    """Share of the images in each tenth of the confidence, float [STEPS], every image at the mean of its bin.

    Args:
        bins: confidence (0 to 1) and n of the bins of one diagram. Without images all shares are 0.
    """
    places = np.clip((bins["confidence"].to_numpy(float) * STEPS).astype(int), 0, STEPS - 1)
    weights = np.bincount(places, weights=bins["n"].to_numpy(float), minlength=STEPS)
    return np.asarray(weights / max(weights.sum(), 1))


def summary(conditions: pd.DataFrame, tickets: Tickets) -> pd.DataFrame:
    """ECE, Brier score and NLL of each ticket under each condition, and their means over the corruptions that count.

    Args:
        conditions: rows of the table `conditions`: ticket_id, corruption, severity, ece, brier, nll.
        tickets: name -> ids of its seeds; ids without rows are left out.

    Returns:
        key, corruption ("mean" for the mean over the counted corruptions at a severity), severity, measure (one of
        `MEASURES`), value (mean over seeds), low, high (95 % Student's interval of that mean, not below 0; NaN with a
        single seed, for the outcomes of single images are not kept), seeds. Values that are missing are left out of a
        mean.
    """
    rows = conditions.assign(key=conditions["ticket_id"].map(_names(tickets))).dropna(subset=["key"])
    columns = ["key", "ticket_id", "corruption", "severity"]
    counted = rows[rows["corruption"].isin(COUNTED)].groupby(["key", "ticket_id", "severity"], sort=False)
    means = counted[list(MEASURES)].mean().reset_index().assign(corruption=MEAN)
    long = pd.concat([rows, means])[[*columns, *MEASURES]].melt(columns, var_name="measure")
    table = bands(long, ["key", "corruption", "severity", "measure"], "value")
    table = table.rename(columns={"mean": "value", "n": "seeds"})
    # No score is negative, whatever Student's interval says.
    return table.assign(low=table["low"].clip(lower=0))[SUMMARY]


def with_error_of(conditions: pd.DataFrame, bins: pd.DataFrame) -> pd.DataFrame:
    """Rows of `conditions` with the calibration error over other bins in place of their own.

    `bins`: of the table `equal_width`: ticket_id, corruption, severity, n, confidence, accuracy. NaN where it has none.
    """
    by = ["ticket_id", "corruption", "severity"]
    off = (bins["accuracy"] - bins["confidence"]).abs() * bins["n"]
    sums = bins[by].assign(off=off, n=bins["n"]).groupby(by, sort=False)[["off", "n"]].sum()
    error = (sums["off"] / sums["n"]).rename("ece").reset_index()
    return conditions.drop(columns="ece").merge(error, on=by, how="left")


def calibration_table(conditions: pd.DataFrame, tickets: Tickets, corruption: str, severity: int) -> pd.DataFrame:
    """Accuracy, confidence and scores of each ticket under one condition.

    Args:
        conditions: rows of the table `conditions`: as for `summary`, and accuracy, mean_confidence.
        tickets: name -> ids of its seeds; tickets without rows are left out.
        corruption: a corruption, or "mean" for those that count.
        severity: 0 for the clean images.

    Returns:
        a row a ticket: key, accuracy, confidence (means, 0 to 1), and for each of `MEASURES` its mean over seeds and
        its 95 % interval, as the columns NAME, NAME_low, NAME_high.
    """
    names = ["clean"] if severity == 0 else list(COUNTED) if corruption == MEAN else [corruption]
    rows = conditions[conditions["corruption"].isin(names) & (conditions["severity"] == severity)]
    means = rows.groupby(rows["ticket_id"].map(_names(tickets)))[["accuracy", "mean_confidence"]].mean()
    means = means.rename(columns={"mean_confidence": "confidence"})
    scores = summary(rows, tickets)
    scores = scores[scores["corruption"] == ("clean" if severity == 0 else corruption)].set_index(["key", "measure"])
    table = means.reindex([name for name in tickets if name in means.index])
    for measure in MEASURES:
        own = scores[scores.index.get_level_values("measure") == measure].droplevel("measure")
        for part, column in (("value", measure), ("low", f"{measure}_low"), ("high", f"{measure}_high")):
            table[column] = own[part].reindex(table.index)
    return table.rename_axis("key").reset_index()


def errors(bins: pd.DataFrame, tickets: Tickets) -> pd.DataFrame:
    """The calibration error of each ticket over several conditions, and how much of it is noise.

    Args:
        bins: rows of the table `reliability` or `equal_width` under the conditions to average over: ticket_id,
            corruption, severity, n, confidence, accuracy.
        tickets: name -> ids of its seeds; tickets without rows are left out.

    Returns a row a ticket: key, and means over conditions and seeds of what `calibration_noise.scores` says: ece,
    debiased, rms, floor, floor_high. ece_low, ece_high are Student's 95 % interval over seeds; with one seed that over
    its images, of which the ends are averaged over conditions, as these show the same images again. seeds.
    """
    rows = bins.assign(key=bins["ticket_id"].map(_names(tickets))).dropna(subset=["key"])
    if rows.empty:
        return pd.DataFrame(columns=ERRORS)
    diagram = ["key", "ticket_id", "corruption", "severity"]
    draws = int(np.clip(DRAWN // len(rows[diagram].drop_duplicates()), 100, 1000))
    found = scores(rows, diagram, draws).groupby(["key", "ticket_id"], sort=False)
    seeds = found[["ece", "low", "high", "debiased", "rms", "floor", "floor_high"]].mean().reset_index("key")
    table = seeds.groupby("key", sort=False).mean().rename(columns={"low": "ece_low", "high": "ece_high"})
    spread = bands(seeds, ["key"], "ece").set_index("key")
    several = spread["n"] > 1
    table["ece_low"] = spread["low"].clip(lower=0).where(several, table["ece_low"])
    table["ece_high"] = spread["high"].clip(upper=1).where(several, table["ece_high"])
    table = table.assign(seeds=spread["n"]).reindex([name for name in tickets if name in table.index])
    return table.rename_axis("key").reset_index()[ERRORS]


def miscalibrated(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `errors` that noise does not explain, the largest error first.

    A ticket is one where its error is above what a calibrated network exceeds on one in twenty test sets. Each is a
    question by itself. Of several conditions or seeds it is their mean that is held against the mean of these limits,
    which happens less often still.
    """
    return table[table["ece"] > table["floor_high"]].sort_values("ece", ascending=False, kind="stable")


def scaled(temperatures: pd.DataFrame, tickets: Tickets, equal: Equal = "mass") -> pd.DataFrame:
    """What temperature scaling leaves of each ticket's calibration error.

    Args:
        temperatures: rows of the table `temperature` under the conditions to average over.
        tickets: name -> ids of its seeds; tickets without rows are left out.
        equal: the bins of the error.

    Returns a row a ticket, means over conditions and seeds: key, temperature (geometric), ece, brier, nll.
    """
    rows = temperatures.assign(key=temperatures["ticket_id"].map(_names(tickets))).dropna(subset=["key"])
    rows = rows.assign(temperature=np.log(rows["temperature"]), ece=rows["ece" if equal == "mass" else "ece_width"])
    table = rows.groupby("key", sort=False)[SCALED[1:]].mean()
    table["temperature"] = np.exp(table["temperature"])
    table = table.reindex([name for name in tickets if name in table.index])
    return table.rename_axis("key").reset_index()


def _names(tickets: Tickets) -> dict[str, str]:
    """Id of a seed -> name of its ticket."""
    return {ticket: name for name, ids in tickets.items() for ticket in ids}


def _bounds(bins: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % intervals of bins: accuracy, deviation (over seeds), seeds, images (of one seed and condition)."""
    accuracy, seeds = bins["accuracy"].to_numpy(float), bins["seeds"].to_numpy()
    images = bins["images"].to_numpy(float)
    low, high = wilson(np.minimum(accuracy, 1) * images, images)
    several = seeds > 1
    half = t.ppf(0.975, np.maximum(seeds - 1, 1)) * bins["deviation"].to_numpy(float) / np.sqrt(seeds)
    return (
        np.where(several, np.maximum(accuracy - half, 0), low),
        np.where(several, np.minimum(accuracy + half, 1), high),
    )
