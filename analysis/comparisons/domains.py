"""Accuracy in other domains, and which tickets are shown to lose less or more there than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import condition_cells
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.verdicts import gaps_of
from analysis.results.offsets import unpack_bits
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE, Gap, judge
from analysis.transfer.domains import labels_of


def of_results(
    rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]], seeds: Mapping[str, int]
) -> dict[str, Outcomes]:
    """Who is right in each domain, by what the domain is called, from rows of the table `domains`.

    Args:
        rows: with ticket_id.
        tickets: key -> ids of its seeds; those without rows of a domain are left out of it.
        seeds: id -> seed.
    """
    found = {}
    for name, label in labels_of(list(dict.fromkeys(rows["kind"]))).items():
        own = rows[rows["kind"] == name]
        own = own[own["n"] == own["n"].mode().iloc[0]].set_index("ticket_id")
        right, kept = {}, {}
        for key, ids in tickets.items():
            there = [each for each in ids if each in own.index]
            if there:
                right[key] = np.stack([unpack_bits(own.at[each, "right"], own.at[each, "n"])[None] for each in there])
                kept[key] = [seeds[each] for each in there]
        found[label] = Outcomes([(label, 0)], right, kept)
    return found


def accuracies(found: Mapping[str, Outcomes]) -> pd.DataFrame:
    """key, domain, accuracy, low, high: the mean over seeds with its 95 % interval, over seeds, or images of one."""
    tables = [condition_cells.accuracies(outcomes, {(label, 0): [0]}) for label, outcomes in found.items()]
    table = pd.concat(tables, ignore_index=True).rename(columns={"corruption": "domain"})
    return table[["key", "domain", "accuracy", "low", "high"]]


def apart(found: Mapping[str, Outcomes], baseline: str, equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """How much more accurate each ticket is than the baseline in each domain, on the same images.

    Returns:
        key, domain and the columns of `statistics.verdicts.judge`: all tickets and domains are one family.
    """
    gaps: dict[tuple[str, str], Gap] = {}
    for label, outcomes in found.items():
        own = outcomes.per_image([0])
        pairs = [(key, baseline) for key in own if key != baseline and baseline in own]
        gaps |= {(key, label): gap for (key, _), gap in gaps_of(own, pairs).items()}
    places = pd.DataFrame(list(gaps), columns=["key", "domain"])
    return pd.concat([places, judge(list(gaps.values()), equivalence)], axis=1)[["key", "domain", *OF_A_PAIR]]
