"""How accurate tickets are on images that somebody chose, beside the rest of the test images.

Images are chosen by looking at results as a rule, so that they are no sample of anything. The intervals describe
these images alone, and no ticket is said to differ from another, nor the chosen images from the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.lost_images import BY, CAUSES, of_tickets, share_of, tallies_by_cause
from analysis.comparisons.outcomes import PerImage
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.distributions import student_quantile
from analysis.statistics.replication import share
from analysis.statistics.verdicts import paired_gap
from pruning.errors import UserError

PAIRS = ["a", "b", "difference", "low", "high", "seeds"]
COLUMNS = ["key", "accuracy", "low", "high", "over_seeds", "rest", "images"]


def among(images: Collection[int], count: int) -> np.ndarray:
    """Those of the images, int64 and rising, that are among `count` test images.

    Raises UserError when none is.
    """
    found = np.unique(np.asarray(list(images), dtype=np.int64))
    found = found[(found >= 0) & (found < count)]
    if not len(found):
        raise UserError(f"None of the selected images is among the {count:,} of this study; select others.")
    return found


def on_images(right: PerImage, images: Collection[int]) -> pd.DataFrame:
    """Accuracy on the chosen images, best first.

    Args:
        right: key -> seed -> each image's share right, as `outcomes.per_image` has them.
        images: indices of test images; those that there are not do not count.

    Returns:
        a row a ticket: key, accuracy on the chosen images with low and high, over_seeds (bool), rest, the accuracy on
        all other test images (NaN without any), and images, how many of the chosen are there. Fractions, the mean over
        seeds. The 95 % interval is of the mean over seeds where these differ (other trainings, the same images), else
        Wilson's, which says how far so few images leave the mean open.

    Raises UserError when none of the images is there.
    """
    rows = []
    for key, seeds in right.items():
        values = np.stack(list(seeds.values()))
        inside = np.zeros(values.shape[-1], dtype=bool)
        inside[among(images, len(inside))] = True
        found = share(values[:, inside])
        rest = float(values[:, ~inside].mean()) if not inside.all() else np.nan
        rows.append(
            (key, *map(float, (found.value, found.low, found.high)), bool(found.over_seeds), rest, int(inside.sum()))
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)


def pairs_on_images(right: PerImage) -> pd.DataFrame:
    """The difference of every two tickets' accuracies on chosen images, without any verdict.

    Args:
        right: key -> seed -> each chosen image's share right.

    Returns a row a pair that has a seed in common: a, b, difference (a minus b, a fraction, the mean over these seeds),
    low, high (its 95 % interval as `statistics.verdicts.paired_gap` has it: over seeds where these differ, else over
    images), seeds.
    """
    rows = []
    for a, b in combinations(right, 2):
        seeds = [seed for seed in right[a] if seed in right[b]]
        if seeds:
            gap = paired_gap(*(np.stack([right[key][seed] for seed in seeds]) for key in (a, b)))
            half = float(student_quantile(0.975, gap.freedom) * gap.error)
            ends = float(gap.centre) - half, float(gap.centre) + half
            rows.append((a, b, float(gap.difference), *ends, len(seeds)))
    return pd.DataFrame(rows, columns=PAIRS)


def causes_on_images(
    rows: pd.DataFrame,
    predictions: Predictions,
    tickets: Mapping[str, Sequence[str]],
    used: np.ndarray,
    images: Collection[int],
) -> pd.DataFrame:
    """Why chosen images are lost: `lost_images.causes` of these alone, without what is claimed there.

    Args:
        rows: of the table `lost`, all under one condition.
        predictions: of the clean images and of that condition, of all images; a ticket's seeds in the order of its ids.
        tickets: key -> ids of its seeds.
        used: the images that were asked, as `analysis.measures.lost.used` gives them.
        images: indices of test images; those that were not asked do not count.

    Returns a row a ticket: key, corruption, severity, seeds, n (images asked), then lost, drift, scale, class and
    scatter as shares of these, each with _low and _high. No row where none of the images was asked.
    """
    inside, kept = np.isin(used, list(images)), []
    if not inside.any():
        return pd.DataFrame()
    for row in of_tickets(rows, tickets).to_dict("records"):
        place = list(tickets[row["key"]]).index(row["ticket_id"])
        chosen = predictions.chosen([CLEAN, (row["corruption"], row["severity"])], [row["key"]])
        before, after = chosen.predicted[row["key"]][place][:, used]
        lost = (before == chosen.labels[used]) & (after != chosen.labels[used])
        bits = np.frombuffer(row["rescues"], dtype=np.uint8)[inside[lost]]
        counts = dict(zip(CAUSES, tallies_by_cause(bits), strict=True))
        kept.append({**{name: row[name] for name in BY}, "n": int(inside.sum()), "lost": len(bits), **counts})
    counted = pd.DataFrame(kept)
    if counted.empty:
        return counted
    found = counted.groupby(BY, sort=False).agg(seeds=("n", "size"), n=("n", "first"))
    for name in ("lost", *CAUSES):
        found = found.join(share_of(counted, BY, name, "n"))
    return found.reset_index()
