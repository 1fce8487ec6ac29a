"""Which tickets are worse than another, and of which one cannot tell, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES
from app.charts.texts import bracket
from app.shell.score import ACCURACY, ShownScore


def tally(title: str, baseline: str, rows: pd.DataFrame, within: float, shown: ShownScore = ACCURACY) -> str:
    """How many tickets are worse, better, equivalent, and of how many one cannot tell, as markdown."""
    differ = rows["verdict"] == DIFFERS
    worse = shown.worse(rows["difference"])
    counts = {
        f"worse than {baseline}": int((differ & worse).sum()),
        f"better than {baseline}": int((differ & ~worse).sum()),
        f"equivalent to it within {shown.size(within)}": int((rows["verdict"] == EQUIVALENT).sum()),
    }
    said = [f"**{count}** {'is' if count == 1 else 'are'} {words}" for words, count in counts.items() if count]
    unknown = rows[rows["verdict"] == CANNOT_TELL]
    if len(unknown):
        most = float(unknown["detectable"].max())  # so that it is true of each
        known = "one seed" if np.isnan(most) else f"{shown.size(most)} or more would have shown"
        which = "whether it keeps up" if len(rows) == 1 else f"of **{len(unknown)}**"
        said.append(f"{which} one cannot tell ({known})")
    whose = " (these networks)" if (rows["over"] == IMAGES).any() else ""
    return f"{title}, {len(rows)} ticket{'' if len(rows) == 1 else 's'}{whose}: {'; '.join(said)}."


def best(rows: pd.DataFrame, labels: Mapping[str, str], baseline: str) -> str:
    """The ticket that is measured to be most accurate, against the baseline, with its interval, as markdown."""
    row = rows.loc[rows["difference"].idxmax()]
    value, low, high = (100 * float(row[name]) for name in ("difference", "low", "high"))
    interval = bracket(low, high, "{:+.1f}", 1)
    size = f"{abs(value):.1f} points {'above' if value > 0 else 'below'}" if value else "level with"
    return f"Most accurate as measured: **{labels[row['a']]}**, {size} {baseline}{interval}."
