"""Which geometry goes with robustness: clean images against accuracy under corruption, at equal clean accuracy.

Tickets of one method are not independent, so methods are what is repeated: the error is a jackknife that leaves out one
method at a time (Efron & Stein 1981), and Student's distribution has one degree of freedom less than there are methods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparisons.biases import biases, ranges
from analysis.results.store import Results
from analysis.statistics.multiple_testing import holm
from pruning.study.folder import Study

GEOMETRY = {
    "centred_angle": "angle to the own class",
    "gap": "gap to the nearest other class",
    "centred_length": "length of the features",
    "relative_margin": "margin over length, its 10th percentile",
    "bias_range": "range of the biases",
}
"""Measures of a ticket on clean images; angles, gaps and lengths are means, without what all directions share."""

FEWEST = 5
"""Methods below which nothing is said."""


def clean_geometry(study: Study) -> pd.DataFrame:
    """Each measured ticket's geometry on clean images: ticket_id and the columns of `GEOMETRY`."""
    results = Results(study.path)
    if not results.ids("geometry"):
        return pd.DataFrame(columns=["ticket_id", *GEOMETRY])
    means = results.query(
        "SELECT ticket_id, avg(centred_angle) AS centred_angle, avg(gap) AS gap, avg(centred_length) AS centred_length,"
        " quantile_cont(nearest_margin / nullif(centred_length, 0), 0.1) AS relative_margin"
        " FROM geometry GROUP BY ticket_id"
    )
    measured = set(means["ticket_id"])
    found = ranges(biases(entry for entry in study.entries() if entry.id in measured))
    return means.assign(bias_range=means["ticket_id"].map(found).astype(float))


def partial_rank_correlation(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> float:
    """Spearman's correlation of x and y with the ranks of a third held fixed; NaN where one does not vary beyond it."""
    a, b, c = stats.rankdata([x, y, given], axis=1) - (len(x) + 1) / 2
    rest = [each - c * (each @ c) / (c @ c) if c.any() else each for each in (a, b)]
    size = float(np.sqrt((rest[0] @ rest[0]) * (rest[1] @ rest[1])))
    return float(rest[0] @ rest[1]) / size if size > 1e-9 * len(x) else float("nan")


def goes_with_robustness(rows: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """How each geometric measure goes with corruption accuracy among tickets of equal clean accuracy.

    Args:
        rows: a row a ticket: method, accuracy (clean), corrupted, and the columns of `GEOMETRY`.
        level: coverage of each interval by itself, and 1 minus the chance that any is claimed falsely.

    Returns:
        measure, rho (partial Spearman), low, high (in [-1, 1], Student's over methods), p, p_holm (over the measures),
        claimed (bool), tickets, methods. NaN, and nothing claimed, with fewer than `FEWEST` methods.
    """
    found = [_one(rows, name, level) for name in GEOMETRY]
    table = pd.DataFrame(found, columns=["measure", "rho", "low", "high", "p", "tickets", "methods"])
    known = table["p"].notna()
    table.loc[known, "p_holm"] = holm(table.loc[known, "p"])
    table["p_holm"] = table.get("p_holm", pd.Series(np.nan, table.index))
    return table.assign(claimed=table["p_holm"] < 1 - level)


def _one(rows: pd.DataFrame, name: str, level: float) -> tuple[object, ...]:
    own = rows.dropna(subset=[name, "accuracy", "corrupted"])
    values = own[[name, "corrupted", "accuracy"]].to_numpy(float).T
    methods = own["method"].to_numpy()
    count = len(np.unique(methods))
    rho = partial_rank_correlation(*values) if len(own) > 3 else float("nan")
    if count < FEWEST or np.isnan(rho):
        return name, rho, np.nan, np.nan, np.nan, len(own), count
    # on Fisher's scale, where the error does not shrink towards the ends
    without = [partial_rank_correlation(*values[:, methods != each]) for each in np.unique(methods)]
    drawn = np.arctanh(np.clip(np.nan_to_num(without), -0.999999, 0.999999))
    error = float(np.sqrt((count - 1) / count * ((drawn - drawn.mean()) ** 2).sum()))
    middle, reach = float(np.arctanh(np.clip(rho, -0.999999, 0.999999))), float(stats.t.ppf(0.5 + level / 2, count - 1))
    low, high = np.tanh([middle - reach * error, middle + reach * error])
    p = float(2 * stats.t.sf(abs(middle) / error, count - 1)) if error > 0 else 1.0
    return name, rho, float(low), float(high), p, len(own), count


def flipped(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The measures that are claimed in more than one study and with both signs."""
    claims = pd.concat([table[table["claimed"]] for table in tables.values()]) if tables else pd.DataFrame()
    if claims.empty:
        return []
    signs = np.sign(claims["rho"]).groupby(claims["measure"]).nunique()
    return [name for name in GEOMETRY if signs.get(name, 0) > 1]
