"""Choose tickets by a measure: a histogram over all tickets of the study to brush over."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.ticket_measures import MEASURES
from analysis.statistics.histograms import histogram
from app.charts import histogram as charts
from app.shell import families, layout
from app.shell.image_sets import joined, way_in
from app.shell.selection import Selection
from app.shell.url import LIST, mirror

CHART = "tickets-brush"


def show(selection: Selection, rows: pd.DataFrame) -> None:
    """Draw the card, which is folded.

    Args:
        selection: the page's.
        rows: of `analysis.comparisons.ticket_measures.by_family`, all tickets of the study.
    """
    shown = families.score(selection.study)
    labels = {name: each.label for name, each in MEASURES.items() if np.isfinite(rows[name].to_numpy(float)).any()}
    if not labels:
        return
    if not shown.images and "accuracy" in labels:
        labels["accuracy"] = shown.title
    name = selection.option("tickets-by", next(iter(labels)), list(labels))
    values = rows[name].to_numpy(float)
    share = MEASURES[name].unit == "share" and (shown.images or name != "accuracy")
    factor, unit = (100.0, " %") if share else (1.0, "")
    bars = histogram(values, rows["key"].isin(selection.keys).to_numpy())
    layout.card(
        "Choose tickets by a measure",
        lambda: charts.histogram(bars, labels[name], "tickets", selection.theme, factor, unit),
        bars,
        CHART,
        folded=True,
        help="Means over seeds, all tickets of the study; what was not measured is left out.",
        caption="Drag over the bars: the tickets within are chosen. In colour: those that are chosen now.",
        on_select=lambda: _brushed(selection, rows["key"].tolist(), values, factor),
        selection_mode=("points", "box"),
        config=layout.QUIET,
        controls=lambda: selection.pick("tickets-by", "Measure", labels, kind="select", width=260),
        meanings={
            "low": "lower end of the bar, in the unit of the measure",
            "high": "upper end of the bar, in the unit of the measure",
            "all": "tickets in the bar",
            "chosen": "of these chosen",
        },
    )


def _brushed(selection: Selection, keys: list[str], values: np.ndarray, factor: float) -> None:
    picked = layout.selected_range(CHART)
    if picked is None:
        return
    within = np.flatnonzero((factor * values >= picked[0]) & (factor * values <= picked[1]))
    if not len(within):
        return
    now = np.flatnonzero(np.isin(keys, selection.keys))
    found = joined(now, within, way_in(mirror()))
    chosen = families.ordered(selection.study, [keys[place] for place in found])
    selection.set(tickets=LIST.join(chosen) or "none")
