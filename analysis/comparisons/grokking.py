"""When networks have learnt their examples by heart, when they have understood, and who does so sooner.

`t_mem` and `t_gen` are the first points of a training curve at which training and test accuracy passed a bound
(`pruning.tasks`); their ratio is how long the network groks (Minegishi et al. 2023, arXiv 2310.19470). A network that
never got there within its training has no such number, and it is never averaged as if it had.

Two methods are held against each other seed by seed, in the logarithm. Where one of a pair never got there, both times
are cut at the end of its training (the mean of times so restricted is compared, Royston & Parmar 2013), so that the
ratio is too near to 1, and says "at least". Variances over seeds are moderated over the methods
(`statistics.moderation`), and Holm's correction runs over all that are held against the same baseline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.dynamics import mask_distances
from analysis.statistics.distributions import student_quantile
from analysis.statistics.intervals import mean_interval
from analysis.statistics.moderation import moderated
from analysis.statistics.replication import SHARE, bands
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, LEVEL, Gap, judge
from pruning.study.folder import Entry

Found = Mapping[str, Sequence[Entry]]
"""Ticket's key -> its seeds."""

MILESTONES = ["t_mem", "t_gen"]
SOONER, LATER = "sooner", "later"
TENTH = 10.0
JUDGED = ["times", "low", "high", "p_holm"]


def per_epoch(entry: Entry) -> float:
    """Iterations of an epoch of the ticket's training, 1 where its record does not say."""
    looks, history = entry.info.record.get("observed/iteration"), entry.info.history
    return looks[-1] / history[-1].epoch if looks and history and history[-1].epoch > 0 else 1.0


def curves(found: Found) -> pd.DataFrame:
    """The training curves: key, seed, step (iterations), train_accuracy and test_accuracy (fractions)."""
    rows = [
        (key, entry.recipe.seed, point.epoch * per_epoch(entry), point.train_accuracy, point.test_accuracy)
        for key, entries in found.items()
        for entry in entries
        for point in entry.info.history
    ]
    return pd.DataFrame(rows, columns=["key", "seed", "step", "train_accuracy", "test_accuracy"])


def times(found: Found) -> pd.DataFrame:
    """When each training passed its milestones.

    Returns:
        a row a training that noted any: key, seed, t_mem and t_gen (iterations, NaN for never), tau (their ratio), last
        (iterations trained), resolution (iterations between points of the curve, at most), train_accuracy and
        test_accuracy at the end.
    """
    rows = []
    for key, entries in found.items():
        for entry in entries:
            noted = entry.info.recorded("milestones")
            if not noted or not entry.info.history:
                continue
            t_mem, t_gen = (noted.get(name, [math.nan])[0] for name in MILESTONES)
            end = entry.info.history[-1]
            last, resolution = end.epoch * per_epoch(entry), noted.get("resolution", [0.0])[0]
            who = (key, entry.recipe.seed, t_mem, t_gen, t_gen / t_mem)
            rows.append((*who, last, resolution, end.train_accuracy, end.test_accuracy))
    columns = ["key", "seed", *MILESTONES, "tau", "last", "resolution", "train_accuracy", "test_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def by_method(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up `times` over seeds.

    Returns:
        a row a ticket: key, seeds; memorised and grokked (how many of the seeds got there); t_mem, t_gen and tau, each
        the geometric mean with _low and _high (Student's 95 % interval of the logarithm, with the error that comes of
        curves whose points are `resolution` apart, which may be the same in all seeds; NaN for one seed), NaN where
        some seed never got there; least (iterations that the shortest training that never got there took, NaN where
        all did), test_accuracy (its mean at the end).
    """
    found = []
    for key, own in rows.groupby("key", sort=False):
        never = own.loc[own["t_gen"].isna(), "last"]
        row: dict[str, object] = {
            "key": key, "seeds": len(own), "memorised": int(own["t_mem"].notna().sum()),
            "grokked": int(own["t_gen"].notna().sum()),
        }  # fmt: skip
        rounding = {name: float(((own["resolution"] / own[name]) ** 2).mean() / 12) for name in MILESTONES}
        for name, error in (*rounding.items(), ("tau", sum(rounding.values()))):
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), _geometric(own[name], error), strict=True))
        found.append(row | {"least": never.min(), "test_accuracy": own["test_accuracy"].mean()})
    ends = [f"{name}{end}" for name in (*MILESTONES, "tau") for end in ("", "_low", "_high")]
    return pd.DataFrame(found, columns=["key", "seeds", "memorised", "grokked", *ends, "least", "test_accuracy"])


def _geometric(values: pd.Series, rounding: float) -> tuple[float, float, float]:
    """The mean and its interval, NaN where any seed has none; `rounding` is a squared error beside that over seeds."""
    logs = np.log(values.to_numpy(float))
    mean, low, high = mean_interval(logs)
    reach = math.hypot((high - low) / 2, student_quantile(0.975, max(len(logs) - 1, 1)) * math.sqrt(rounding))
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def against(rows: pd.DataFrame, baseline: str, name: str = "t_gen", level: float = LEVEL) -> pd.DataFrame:
    """Hold each ticket's time against the baseline's, seed by seed.

    Args:
        rows: as of `times`.
        baseline: a key among them.
        name: of `MILESTONES`.
        level: 1 minus the chance that any verdict is false.

    Returns:
        a row a ticket but the baseline that has a seed in common with it: key, seeds (in common), times (the
        baseline's time over the ticket's, geometric mean: above 1, sooner), low and high (the interval that decides),
        p_holm, cut (of how many seeds the ratio is only a bound, as one of the two never got there), verdict: "sooner",
        "later" or "cannot tell". With one seed there is no interval, and no verdict but "cannot tell".
    """
    reference = rows[rows["key"] == baseline].set_index("seed")
    found, gaps = [], []
    for key, own in rows[rows["key"] != baseline].groupby("key", sort=False):
        pairs = own.join(reference, on="seed", how="inner", rsuffix="_base")
        if pairs.empty:
            continue
        logs, cut = _log_ratios(pairs, name)
        found.append((key, len(pairs), math.exp(logs.mean()), cut))
        gaps.append((logs, float(_rounding(pairs, name))))
    table = pd.DataFrame(found, columns=["key", "seeds", "times", "cut"])
    table = table.assign(low=np.nan, high=np.nan, p_holm=np.nan, verdict=CANNOT_TELL)
    told = (table["seeds"] > 1).to_numpy()
    if told.any():
        chosen = [gap for gap, kept in zip(gaps, told, strict=True) if kept]
        judged = _judged(chosen, level)
        table.loc[told, JUDGED] = judged[JUDGED].to_numpy()
        table.loc[told, "verdict"] = judged["verdict"].to_numpy()
    return table[["key", "seeds", *JUDGED, "cut", "verdict"]]


def _log_ratios(pairs: pd.DataFrame, name: str) -> tuple[np.ndarray, int]:
    """The logarithms of baseline over ticket, a seed each, and of how many of them one side was cut."""
    own, base = pairs[name].to_numpy(float), pairs[f"{name}_base"].to_numpy(float)
    end = np.minimum(
        np.where(np.isnan(own), pairs["last"], np.inf), np.where(np.isnan(base), pairs["last_base"], np.inf)
    )
    restricted = [np.minimum(np.where(np.isnan(each), np.inf, each), end) for each in (own, base)]
    return np.log(restricted[1] / restricted[0]), int(np.isfinite(end).sum())


def _rounding(pairs: pd.DataFrame, name: str) -> float:
    """The squared error of the mean that comes of curves with points so far apart, each time even within its step."""
    shares = [
        (pairs[f"resolution{end}"] / pairs[f"{name}{end}"].fillna(pairs[f"last{end}"])) ** 2 / 12
        for end in ("", "_base")
    ]
    return float((shares[0] + shares[1]).mean() / len(pairs))


def _judged(gaps: Sequence[tuple[np.ndarray, float]], level: float) -> pd.DataFrame:
    """The verdicts of one family, from each ticket's logarithms and the squared error of rounding."""
    seeds = min(len(logs) for logs, _ in gaps)
    means, sizes = (np.array([each(logs) for logs, _ in gaps], dtype=float) for each in (np.mean, len))
    variances = np.array([logs.var(ddof=1) for logs, _ in gaps])
    pulled, freedom = moderated(variances, seeds - 1, most=len(gaps) * (seeds - 1))
    error = np.sqrt(pulled / sizes + np.array([rounding for _, rounding in gaps]))
    mean, error = means / TENTH, np.maximum(error, 1e-9) / TENTH  # verdicts take differences between -1 and 1
    found = judge([Gap(mean, mean, error, seeds, freedom)], level=level)
    differs = (found["verdict"] == DIFFERS).to_numpy()
    words = np.select([differs & (means > 0), differs], [SOONER, LATER], CANNOT_TELL)
    ratios = {name: np.exp(TENTH * found[of]) for name, of in zip(JUDGED, ("difference", "low", "high"), strict=False)}
    return found[["p_holm"]].assign(**ratios, verdict=words)


def mask_to_come(entries: Sequence[Entry], sparsity: float) -> pd.DataFrame:
    """How far the mask that pruning would draw lies from the one at the end, on the way of a dense training.

    Args:
        entries: a ticket's seeds, which noted their masks (`comparisons.dynamics.mask_distances`).
        sparsity: of the masks.

    Returns:
        at ("start", "t_mem" and "t_gen", where all seeds got there), mean, low, high (95 %, Student's; NaN for one
        seed), n: shares of the prunable weights, between two masks interpolated.
    """
    rows = []
    for entry in entries:
        epochs, matrices = mask_distances(entry)
        if sparsity not in matrices:
            continue
        steps, milestones = epochs * per_epoch(entry), entry.info.recorded("milestones")
        places = {"start": steps[0], **{name: milestones.get(name, [math.nan])[0] for name in MILESTONES}}
        rows += [(at, np.interp(place, steps, matrices[sparsity][:, -1])) for at, place in places.items()]
    table = pd.DataFrame(rows, columns=["at", "distance"]).astype({"distance": float})
    found = bands(table, ["at"], "distance", SHARE)
    return found[found["n"] == found["n"].max()]


def mask_speed(entry: Entry, sparsity: float, step: float, window: float = 100.0) -> float:
    """How fast the mask that pruning would draw moves about a step: the share of weights that change in 100 steps.

    It is that of the two noted masks nearest to each other that span the window about the step, as far as there are
    such. Where masks were noted farther apart, back and forth between them is not seen.
    """
    epochs, matrices = mask_distances(entry)
    steps = epochs * per_epoch(entry)
    first = min(max(int(np.searchsorted(steps, step - window / 2, "right")) - 1, 0), len(steps) - 2)
    second = min(int(np.searchsorted(steps, step + window / 2, "left")), len(steps) - 1)
    return float(100 * matrices[sparsity][first, second] / (steps[second] - steps[first]))
