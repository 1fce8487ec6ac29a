"""The numbers of the overview: what each ticket reached, means over seeds, and which differences exceed the noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.metrics.corruption_error import COUNTED, mean_corruption_accuracy
from analysis.statistics.intervals import mean_interval, unpack_correct, wilson

LEVEL = 0.95


def measured(tickets: pd.DataFrame, summary: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """Rows of `tickets` (see `StudyView`) with what was measured of each: `accuracy`, `correct` and `n` on the clean
    test set, `corrupted` (mean corruption accuracy, 0 to 1), `mean_angle` (degrees); NaN where nothing was."""
    clean = summary.set_index("ticket_id").reindex(columns=["correct", "n", "accuracy", "mean_angle"])
    robust = pd.Series(dtype=float, name="corrupted")
    if len(conditions):
        robust = mean_corruption_accuracy(conditions).set_index("ticket_id")["accuracy"].rename("corrupted")
    return tickets.join(clean, on="ticket_id").join(robust, on="ticket_id")


def by_family(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, a row for each `key`, in the order of `rows` (those of `measured`).

    Beside the columns of a ticket: `seeds` (how many were measured; one for imported weights, which repeat nothing),
    `accuracy` and `corrupted` with `_low` and `_high` (95 % interval: Student's over seeds, Wilson's over images where
    there is one seed and images are counted, else NaN), `mean_angle`, `kept`, `seconds` (means).
    """
    found = []
    for key, group in rows.groupby("key", sort=False):
        group = _distinct(group)
        first = group.iloc[0]
        row = {name: first[name] for name in ("method", "method_label", "label", "sparsity", "total")}
        row |= {name: group[name].mean() for name in ("kept", "seconds", "mean_angle")}
        row |= {"key": key, "seeds": int(group["accuracy"].notna().sum())}
        for name in ("accuracy", "corrupted"):
            row[name], *bounds = mean_interval(group[name].dropna())
            # Student's interval knows nothing of 0 and 1, between which accuracies lie
            row[f"{name}_low"], row[f"{name}_high"] = np.clip(bounds, 0, 1)
        counted = group.dropna(subset=["accuracy"])
        if len(counted) == 1:
            low, high = wilson(counted["correct"], counted["n"])
            row["accuracy_low"], row["accuracy_high"] = float(low[0]), float(high[0])
        found.append(row)
    return pd.DataFrame(found)


def _distinct(group: pd.DataFrame) -> pd.DataFrame:
    """Repetitions without twins: imported weights are the same network whatever the seed, and repeat nothing."""
    twins = group.duplicated(["accuracy", "corrupted", "mean_angle"]) & group["mean_angle"].notna()
    return group[~twins]


@dataclass(frozen=True)
class Difference:
    """A family against the baseline, as fractions of images: the mean difference in accuracy, its interval over images
    and its interval over seeds (NaN where there are fewer than two)."""

    key: str
    difference: float
    images: tuple[float, float]
    seeds: tuple[float, float]

    @property
    def real(self) -> bool:
        """Whether it exceeds the noise: both intervals leave out 0 (that over seeds where there is one)."""
        return all(np.isnan(low) or low > 0 or high < 0 for low, high in (self.images, self.seeds))


def against_baseline(
    key: str, correct: Mapping[int, np.ndarray], baseline: Mapping[int, np.ndarray], comparisons: int = 1
) -> Difference | None:
    """Compare a family with the baseline on the same images.

    The outcomes of one image, over seeds and conditions, hang together: they are averaged first, and the interval is
    that of the mean over images, which are many (the paired bootstrap's, without the drawing).

    Args:
        correct, baseline: seed -> correctness, bool [conditions, N], the same conditions and images.
        comparisons: how many families are compared at once; the interval over images is widened for it (Bonferroni).

    Returns None where no seed has both.
    """
    seeds = [seed for seed in correct if seed in baseline]
    if not seeds:
        return None
    gaps = np.mean([correct[seed].mean(0) - baseline[seed].mean(0) for seed in seeds], axis=0)  # one an image
    half = stats.norm.ppf(1 - (1 - LEVEL) / (2 * max(1, comparisons))) * gaps.std(ddof=1) / np.sqrt(gaps.size)
    images = (float(gaps.mean() - half), float(gaps.mean() + half))
    _, *spread = mean_interval([correct[seed].mean() - baseline[seed].mean() for seed in seeds], LEVEL)
    return Difference(key, float(gaps.mean()), images, (spread[0], spread[1]))


def by_seed(tickets: pd.DataFrame, conditions: pd.DataFrame) -> dict[str, dict[int, np.ndarray]]:
    """Key -> seed -> correctness, bool [conditions, N], from rows of the table `conditions`."""
    place = tickets.set_index("ticket_id")[["key", "seed"]]
    found: dict[str, dict[int, np.ndarray]] = {}
    for ticket, correct in unpack_correct(conditions).items():
        found.setdefault(place.at[ticket, "key"], {})[int(place.at[ticket, "seed"])] = correct
    return found


def counted(conditions: pd.DataFrame) -> pd.DataFrame:
    """The rows of the corruptions that enter the mean corruption accuracy."""
    return conditions[conditions["corruption"].isin(COUNTED)]


def verdict(differences: Sequence[Difference], baseline: str) -> dict[str, list[Difference]]:
    """Heading -> families: worse or better than the baseline beyond the noise, or not told apart; largest first, and
    those not told apart the nearest first. Headings without a family are left out."""
    ordered = sorted(differences, key=lambda item: -abs(item.difference))
    groups = {
        f"Worse than {baseline}": [item for item in ordered if item.real and item.difference < 0],
        f"Better than {baseline}": [item for item in ordered if item.real and item.difference > 0],
        f"Not told apart from {baseline}": [item for item in reversed(ordered) if not item.real],
    }
    return {heading: group for heading, group in groups.items() if group}


def points(difference: float) -> str:
    """A difference in accuracy in percentage points, with its sign."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "±0.0" if text[1:] == "0.0" else text
