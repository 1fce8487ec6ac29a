"""Everything that a study knows of a ticket in one number, means over seeds."""

from __future__ import annotations

import pandas as pd

from analysis.comparisons import costs
from analysis.comparisons.costs import OBJECTIVES, Objective

OF_SUMMARY = {
    "mean_margin": Objective("Mean margin", "number", "none"),
    "mean_confidence": Objective("Mean confidence", "share", "none"),
    "mean_angle": Objective("Mean angle to the own class (°)", "number", "none"),
    "mean_length": Objective("Mean length of the features", "number", "none"),
}
"""Columns of the results' table `summary` that nothing else holds."""

MEASURES: dict[str, Objective] = {
    **OBJECTIVES,
    "mean_gap": Objective("Mean gap (°)", "number", "none"),
    **OF_SUMMARY,
    "seconds": Objective("Seconds to find", "number", "none", log=True),
}
"""Name of a column of `by_family` -> what it is."""


def by_family(
    families: pd.DataFrame, efficiency: pd.DataFrame, tickets: pd.DataFrame, summary: pd.DataFrame
) -> pd.DataFrame:
    """Put all measures beside each other, a row a family.

    Args:
        families: rows of `family_means.by_family` or `scores.by_family`.
        efficiency: rows of `costs.by_family`.
        tickets: ticket_id, key.
        summary: rows of the results' table `summary`.

    Returns:
        key, label, method, sparsity, and a column for each of `MEASURES`; NaN is what was not measured.
    """
    found = costs.weighed(families, efficiency)
    found = found[["key", "label", "method", "sparsity", *OBJECTIVES]]
    found = found.merge(families[["key", "mean_gap", "seconds"]], on="key", how="left")
    own = summary.reindex(columns=["ticket_id", *OF_SUMMARY]).merge(tickets[["ticket_id", "key"]], on="ticket_id")
    means = own.groupby("key")[list(OF_SUMMARY)].mean().reset_index()
    return found.merge(means, on="key", how="left")
