"""Why images are lost, and to whom: the nested rescue of `metrics.drift`, ticket by ticket.

A lost image is right when clean and wrong when corrupted (the measure `lost`), or right for the baseline and wrong for
the ticket (`comparisons.logit_drift`). Its cause is the first that brings it back when it is undone:
a drift that all images share, that drift with a change of scale, a drift of its class (which uses the label, so that
its share is an upper bound); what none brings back is scatter of single images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.measures.lost import RESCUES
from analysis.statistics.distributions import normal_quantile, student_tail
from analysis.statistics.intervals import wilson
from analysis.statistics.moderation import moderated
from analysis.statistics.multiple_testing import holm
from analysis.statistics.replication import bands
from pruning.errors import UserError

CAUSES = ("drift", "scale", "class", "scatter")
SHARES = ("lost", *CAUSES, "other")
"""What is given as a share of all images, each with `_low` and `_high`."""
NETS = ("drift", "scale", "class", "other")
LEADS = ("direction", "length")
BY = ["key", "corruption", "severity"]
CELL = "cell"
"""The number of a ticket and condition: groups by one integer are made in a fraction of the time of groups by `BY`."""
FEWEST = 10
"""Lost images of a seed, in the mean, below which the largest cause is not asked for."""

BITS = {name: np.uint8(1 << place) for place, name in enumerate(RESCUES)}
"""The bit of each rescue in the column `rescues`."""
CODES = np.arange(2 ** len(RESCUES), dtype=np.uint8)
"""All that the bits of a lost image may be."""


def cause_of(rescues: np.ndarray) -> np.ndarray:
    """The place in `CAUSES` of each lost image, from its bits in the column `rescues`; uint8 -> int64."""
    back = [(rescues & BITS[name]) > 0 for name in CAUSES[:-1]]
    found: np.ndarray = np.argmax(np.stack([*back, np.ones(len(rescues), dtype=bool)]), axis=0)
    return found


def causes(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """How many images each ticket loses under each condition, by cause.

    Args:
        rows: of the table `lost`, or of `logit_drift.rescue`.
        tickets: name -> ids of its seeds.

    Returns:
        a row a ticket and condition: key, corruption, severity, seeds, n (images); of all images the share that is
        lost, and of these what drift, scale, class and scatter are the cause of; other, what the drift of some other
        class would bring back (a control of class); common, what drift and scale together are of the lost ones. Each
        has _low and _high, as `share_of` gives them. Then net_drift, net_scale, net_class, net_other: the accuracy
        gained when it is undone for every image, losses counted too, each with _low and _high as `_gain` gives them;
        main, the cause of most losses where `main_causes` shows it, the tickets of a condition being the family, else
        ""; and direction and length, where the rows have them: what each changes the lost images' lead by, in logits.
    """
    counted = _counted(rows, tickets)
    counted["common"] = counted["drift"] + counted["scale"]
    leads = {name: (name, "mean") for name in LEADS if name in counted}
    sizes = {"seeds": ("ticket_id", "size"), "n": ("n", "first")}
    parts = [_cells(counted), counted.groupby(CELL, sort=False).agg(**sizes, **leads)]
    parts += [share_of(counted, [CELL], name, "n") for name in SHARES]
    parts += [share_of(counted, [CELL], "common", "lost")]
    parts += [_gain(counted, [CELL], name) for name in NETS]
    families = [_judged(each) for _, each in counted.groupby(["corruption", "severity"], sort=False)]
    main = pd.concat(families) if families else pd.DataFrame(columns=["cause", "shown"])
    found = pd.concat(parts, axis=1)
    return found.assign(main=main["cause"].where(main["shown"].astype(bool), "").reindex(found.index))


def _counted(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the tickets with the number of images of each cause, and of the `CELL` they belong to."""
    rows = of_tickets(rows, tickets)
    cell = rows.groupby(BY, sort=False).ngroup().rename(CELL)
    return pd.concat([rows, cell, _counts(rows["rescues"])], axis=1)


def _cells(counted: pd.DataFrame) -> pd.DataFrame:
    """The columns `BY` of each cell."""
    return counted.drop_duplicates(CELL).set_index(CELL)[BY].rename_axis(None)


def _gain(counted: pd.DataFrame, by: list[str], name: str) -> pd.DataFrame:
    """The accuracy gained when a shift is undone for all images, the mean over seeds, with its 95 % interval.

    Over seeds it is Student's. Of one seed, or where all agree, it is over the images, paired, where the rows say with
    `mended_` how many wrong ones become right: Wald's, with half an image added to each of the four cells (Agresti &
    Min 2005). Else NaN.
    """
    net = counted[f"right_{name}"] - counted["right"]
    each = counted[by].assign(gain=net / counted["n"], low=np.nan, high=np.nan)
    if f"mended_{name}" in counted:
        changed, n = 2 * counted[f"mended_{name}"] - net + 1, counted["n"] + 2
        half = normal_quantile(0.975) * np.sqrt(changed - net**2 / n) / n
        each = each.assign(low=net / n - half, high=net / n + half)
    found, one = bands(each, by, "gain").set_index(by), each.groupby(by, sort=False)[["low", "high"]].first()
    differ = found["high"] - found["low"] > 1e-12
    low, high = (found[end].where(differ, one[end]) for end in ("low", "high"))
    return pd.DataFrame({f"net_{name}": found["mean"], f"net_{name}_low": low, f"net_{name}_high": high})


def main_causes(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Which of `CAUSES` costs each ticket the most images under each condition, and whether that is more than chance.

    All tickets and conditions given are one family, corrected by Holm; those that lose fewer than `FEWEST` images a
    seed are not asked, as so few show nothing. The largest cause is tested against the second: Student's test of the
    difference of their shares, whose squared error is McNemar's over images (corrected for whole numbers) and the
    variance over seeds, as a multiple of it, moderated.

    Args:
        rows: as for `causes`; of them ticket_id, corruption, severity, n, lost and rescues.
        tickets: name -> ids of its seeds.

    Returns:
        a row a ticket and condition: key, corruption, severity; lost, the share of all images, with _low and _high;
        cause, that of most losses, "" where nothing is lost; share, what it is of the lost images, with _low and
        _high; p, that it costs no more than another, corrected, 1 where it is not asked; shown, bool, p is below 0.05.
        Intervals as `share_of` gives them.
    """
    counted = _counted(rows, tickets)
    found = _judged(counted)
    counts = counted[list(CAUSES)].to_numpy()
    place = found["cause"].map(lambda each: CAUSES.index(each or CAUSES[0])).reindex(counted[CELL]).to_numpy(int)
    largest = counted.assign(share=counts[np.arange(len(counted)), place])
    shares = [share_of(counted, [CELL], "lost", "n"), share_of(largest, [CELL], "share", "lost")]
    return pd.concat([_cells(counted), found, *shares], axis=1)


def _judged(counted: pd.DataFrame) -> pd.DataFrame:
    """cause, p and shown of `main_causes`, a row a cell; those given are all of the family."""
    counts = counted[list(CAUSES)].to_numpy(float)
    lost = counts.sum(axis=1)
    cell, index = pd.factorize(counted[CELL])
    shares = np.divide(counts, lost[:, None], out=np.full_like(counts, np.nan), where=lost[:, None] > 0)
    means = pd.DataFrame(shares).groupby(cell).mean().to_numpy()
    images = pd.Series(lost).where(lost > 0).groupby(cell).mean().to_numpy()
    order = np.argsort(np.where(np.isnan(means), 0, -means), axis=1, kind="stable")
    p, asked = np.ones(len(index)), images >= FEWEST
    p[asked] = holm(_p_of_largest(shares, cell, means, order, images, counted["key"].to_numpy(), asked))
    cause = np.where(np.isnan(images), "", np.asarray(CAUSES, dtype=object)[order[:, 0]])
    return pd.DataFrame({"cause": cause, "p": p, "shown": p < 0.05}, index=index)


def _p_of_largest(
    shares: np.ndarray,
    cell: np.ndarray,
    means: np.ndarray,
    order: np.ndarray,
    images: np.ndarray,
    keys: np.ndarray,
    asked: np.ndarray,
) -> np.ndarray:
    """The p of `main_causes` before its correction, of the cells asked about.

    Args:
        shares: [rows, causes], NaN where nothing is lost.
        cell: [rows], each row's.
        means: [cells, causes], of the shares.
        order: [cells, causes], the largest first.
        images: [cells], lost by a seed, in the mean.
        keys: [rows], the tickets.
        asked: [cells].
    """
    every = np.arange(len(cell))
    leads = pd.Series(shares[every, order[cell, 0]] - shares[every, order[cell, 1]]).groupby(cell)
    seeds, spread = leads.count().to_numpy(), leads.var(ddof=1).to_numpy()
    first, second = (means[np.arange(len(order)), order[:, place]] for place in (0, 1))
    chance = (first + second) / images
    freedom, more = np.full(len(order), np.inf), np.zeros(len(order))
    for number in np.unique(seeds[asked & (seeds > 1)]):
        alike = asked & (seeds == number)
        networks = len(set(keys[alike[cell]])) * (number - 1)
        # in units of what images alone make it vary: few images vary by far more than many
        more[alike], freedom[alike] = moderated(spread[alike] / chance[alike], number - 1, networks)
        more[alike] /= number
    lead = np.maximum(first - second - 1 / images, 0)[asked] / np.sqrt(chance * (1 + more))[asked]
    return 2 * student_tail(lead, freedom[asked])


def flows(predictions: Predictions, key: str, condition: Condition) -> pd.DataFrame:
    """Towards whom a ticket's images are lost under a condition: their own class, and the one that wins.

    Args:
        predictions: of the clean images and of the condition.
        key: the ticket.
        condition: not the clean one.

    Returns:
        label, winner, images (the mean over seeds), of_lost (their share of all lost images, 0 to 1); most first.

    Raises:
        UserError: the ticket or the condition was not measured.
    """
    chosen = predictions.chosen([CLEAN, condition], [key])
    clean, corrupted = np.moveaxis(chosen.predicted[key], 1, 0)
    return flows_between(clean, corrupted, chosen.labels)


def flows_between(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """The same for any classes given before and after, int [seeds, images], of images that are of classes [images]."""
    true = np.broadcast_to(labels, before.shape)
    lost = (before == true) & (after != true)
    pairs = pd.DataFrame({"label": true[lost], "winner": after[lost]})
    found = pairs.value_counts(["label", "winner"]).rename("images").reset_index()
    return found.assign(images=found["images"] / max(len(before), 1), of_lost=found["images"] / max(lost.sum(), 1))


def samples_between(before: np.ndarray, after: np.ndarray, labels: np.ndarray, label: int, winner: int) -> np.ndarray:
    """Which images of a class are given it before and another class after; all int [images], rising."""
    return np.flatnonzero((labels == label) & (before == label) & (after == winner))


def lost_images(
    predictions: Predictions, key: str, seed_place: int, condition: Condition, used: np.ndarray, rescues: bytes
) -> pd.DataFrame:
    """The images that one training of a ticket loses under a condition.

    Args:
        predictions: of the clean images and of the condition.
        key: the ticket.
        seed_place: which of its seeds, by place.
        condition: not the clean one.
        used: the images that were asked, as `analysis.measures.lost.used` gives them.
        rescues: of the row of `lost`.

    Returns:
        sample, label, winner, cause (of `CAUSES`), in the order of the samples.

    Raises:
        UserError: the results do not belong together.
    """
    chosen = predictions.chosen([CLEAN, condition], [key])
    clean, corrupted = chosen.predicted[key][seed_place][:, used]
    found = lost_between(clean, corrupted, chosen.labels[used], rescues)
    return found.assign(sample=used[found["sample"]])


def lost_between(before: np.ndarray, after: np.ndarray, labels: np.ndarray, rescues: bytes) -> pd.DataFrame:
    """The same for any classes given before and after, int [images]; `sample` is the place of an image among these.

    Raises:
        UserError: there are more or fewer of them than bytes in `rescues`.
    """
    lost = np.flatnonzero((before == labels) & (after != labels))
    bits = np.frombuffer(rescues, dtype=np.uint8)
    if len(lost) != len(bits):
        raise UserError(f"{len(lost)} images are lost and {len(bits)} were asked why: measure the study again.")
    cause = np.asarray(CAUSES)[cause_of(bits)]
    return pd.DataFrame({"sample": lost, "label": labels[lost], "winner": after[lost], "cause": cause})


def of_tickets(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of the tickets asked about (name -> ids of its seeds), with their names as `key`; numbered from 0."""
    key_of = {ticket: key for key, ids in tickets.items() for ticket in ids}
    return rows.assign(key=rows["ticket_id"].map(key_of)).dropna(subset=["key"]).reset_index(drop=True)


def tallies(rescues: pd.Series) -> np.ndarray:
    """How many lost images have each of `CODES`, in every row of the column: int64 [rows, codes]."""
    found = np.zeros((len(rescues), len(CODES)), dtype=np.int64)
    for row, each in enumerate(rescues):
        found[row] = np.bincount(np.frombuffer(each, dtype=np.uint8), minlength=len(CODES))
    return found


def tallies_by_cause(rescues: np.ndarray) -> np.ndarray:
    """How many lost images each of `CAUSES` has, from the bits of these images; int64."""
    return np.bincount(cause_of(rescues), minlength=len(CAUSES))


def _counts(rescues: pd.Series) -> pd.DataFrame:
    """How many lost images there are of each cause, and of each of the controls, in every row."""
    counts, cause = tallies(rescues), cause_of(CODES)
    found = {name: counts[:, cause == place].sum(1) for place, name in enumerate(CAUSES)}
    found["other"] = counts[:, (CODES & BITS["other"]) > 0].sum(1)
    return pd.DataFrame(found)


def share_of(counted: pd.DataFrame, by: list[str], name: str, whole: str) -> pd.DataFrame:
    """A share by group, the mean over seeds, with its 95 % interval.

    Over seeds it is Student's; where there is one seed, or all agree, Wilson's over the images.

    Args:
        counted: a row a seed: the columns `by`, and counts of images `name` and `whole`; seeds without any in whole
            are left out.
        by: what makes a group.
        name: what is counted.
        whole: what it is a share of.

    Returns:
        `name`, `name`_low, `name`_high, in [0, 1], indexed by `by`.
    """
    counted = counted[counted[whole] > 0]
    shares = counted[by].assign(share=counted[name] / counted[whole], whole=counted[whole])
    found = bands(shares, by, "share").set_index(by)
    groups = shares.groupby(by, sort=False)
    images = groups["whole"].mean()
    low, high = wilson(np.clip(found["mean"] * images, 0, images), images)
    alike = (found["n"] < 2) | (groups["share"].max() == groups["share"].min())
    return pd.DataFrame(
        {
            name: found["mean"],
            f"{name}_low": np.where(alike, low, found["low"].clip(lower=0)),
            f"{name}_high": np.where(alike, high, found["high"].clip(upper=1)),
        }
    )
