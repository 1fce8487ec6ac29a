"""How well tickets notice images of other data sets, over their seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.statistics.intervals import mean_interval

SCORES = {"msp": "MSP", "energy": "Energy"}
RATES = ("auroc", "fpr95")
COLUMNS = ["key", "kind", "score", "seeds", "n", "foreign", *(f"{r}{e}" for r in RATES for e in ("", "_low", "_high"))]


def detection(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Each ticket's rates on each data set by each score.

    Args:
        rows: of the table `ood`.
        tickets: key -> ids of its seeds; those without rows are left out.

    Returns:
        `COLUMNS`: key, kind (the data set), score, seeds, n, foreign (images), auroc and fpr95, each with its 95 %
        interval: over seeds where there are several (Student's), and over images, as stored, where there is one, so
        that it speaks of this network, or where all have the same rate.
    """
    keys = {ticket: key for key, ids in tickets.items() for ticket in ids}
    own = rows[rows["ticket_id"].isin(list(keys))].assign(key=lambda each: each["ticket_id"].map(keys))
    found = []
    for (key, kind, score), each in own.groupby(["key", "kind", "score"], sort=False):
        row = {"key": key, "kind": kind, "score": score, "seeds": len(each)}
        row |= {name: int(each[name].iloc[0]) for name in ("n", "foreign")}
        for rate in RATES:
            names = [rate, f"{rate}_low", f"{rate}_high"]
            if each[rate].nunique() <= 1:  # one seed, or several that show no spread
                row |= dict(zip(names, each[names].iloc[0], strict=True))
                continue
            value, low, high = mean_interval(each[rate])
            row |= dict(zip(names, (value, max(low, 0.0), min(high, 1.0)), strict=True))
        found.append(row)
    table = pd.DataFrame(found, columns=COLUMNS)
    order = {key: place for place, key in enumerate(tickets)}
    return table.sort_values(["kind", "key"], key=lambda c: c.map(order) if c.name == "key" else c, kind="stable")
