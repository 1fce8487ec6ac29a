"""Agreement with and divergence from the dense network, by class and by group of images.

How many of its predictions a ticket shares with the network it came from, and how far its class scores are from that
one's: two networks of one accuracy may be wrong about different images (Hooker et al. 2019; Liebenwein et al. 2021).
Two trainings of the dense network differ too, which is what a ticket's divergence stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import Condition
from analysis.engine.live import Features
from analysis.measures.divergence import Apart, apart, unpacked
from analysis.results.store import Results
from analysis.statistics.distributions import student_quantile
from analysis.statistics.repeated import Repeated, gaps

MEASURES = {
    "agreement": "share of the images that both networks give the same class, 0 to 1",
    "js": "Jensen-Shannon divergence of the class scores [bits], 0 to 1",
    "kl": "Kullback-Leibler divergence of the class scores from the dense network's [bits]",
}
COLUMNS = ["key", "group", "measure", "n", "seeds", "value", "low", "high"]
LEVEL = 0.95

Pair = tuple[str, str]
"""Ids of a ticket and of the one that it is held against."""


def stored_pair(results: Results, ticket: str, other: str, condition: Condition) -> dict[str, np.ndarray] | None:
    """What is stored of a pair under a condition: each of `MEASURES`, float64 [N]; None where it was not measured."""
    found = stored(results, [(ticket, other)], condition)
    return found[ticket, other]._asdict() if found else None


def stored(results: Results, pairs: Sequence[Pair], condition: Condition) -> dict[Pair, Apart]:
    """What is stored of pairs under a condition; those that were not measured are left out."""
    if not pairs or not results.ids("divergence"):
        return {}
    rows = results.table(
        "divergence",
        ids=list(dict.fromkeys(ticket for ticket, _ in pairs)),
        columns=["ticket_id", "other", "n", "same", "js_images", "kl_images"],
        where="corruption = ? AND severity = ?",
        params=list(condition),
    )
    found = {(str(row["ticket_id"]), str(row["other"])): unpacked(row) for row in rows.to_dict("records")}
    return {pair: found[pair] for pair in pairs if pair in found}


def made(features: Mapping[str, Features], pairs: Sequence[Pair]) -> dict[Pair, Apart]:
    """The same of logits at hand, by ticket id."""
    return {(ticket, other): apart(features[ticket].logits, features[other].logits) for ticket, other in pairs}


def by_group(values: Mapping[str, Sequence[Apart]], groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The mean of each measure over each group of images, ticket by ticket.

    Args:
        values: key of a ticket -> what each of its seeds and the dense network of the same seed make of N images.
        groups: name -> indices of its images, or bool [N]; a group without images is left out.

    Returns:
        a row a key, group and measure: key, group, measure, n (images), seeds, value, and low and high, the 95 %
        interval: over seeds and images, where there are several; with one seed over images alone, so that it speaks of
        these networks. Variances over seeds are moderated by those of the ticket's other groups. Images without finite
        scores are left out.
    """
    rows = []
    for key, seeds in values.items():
        for place, measure in enumerate(MEASURES):
            whole = np.stack([each[place] for each in seeds])
            parts = {name: whole[:, chosen] for name, chosen in groups.items()}
            parts = {name: part[:, np.isfinite(part).all(axis=0)] for name, part in parts.items()}
            parts = {name: part for name, part in parts.items() if part.shape[1]}
            means = [Repeated.mean(part) for part in parts.values()]
            for (name, part), mean, gap in zip(parts.items(), means, gaps(means, len(means), 1.0), strict=True):
                half = float(student_quantile(0.5 + LEVEL / 2, gap.freedom) * gap.error[0])
                low, high = max(mean.value - half, 0.0), mean.value + half
                rows.append((key, name, measure, part.shape[1], len(seeds), mean.value, low, _most(high, measure)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _most(value: float, measure: str) -> float:
    return value if measure == "kl" else min(value, 1.0)


def between_seeds(values: Sequence[Apart], groups: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The same of pairs of trainings of the dense network: group, measure, by_chance (the mean); empty without any."""
    if not values:
        return pd.DataFrame(columns=["group", "measure", "by_chance"])
    found = by_group({"": values}, groups)
    return found[["group", "measure", "value"]].rename(columns={"value": "by_chance"})
