"""How far tickets lie from the baseline, each with the interval that decides: clean images left, corrupted right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from app.charts.base import Styles
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, points
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.score import ACCURACY, ShownScore
from app.shell.theme import Theme
from app.shell.verdicts import words

ROW = 30  # pixels a ticket
REACH = 2.2  # the axis ends at so many times the largest difference; longer intervals are cut, and in the hover


@drawn
def differences(
    found: Mapping[str, pd.DataFrame],
    within: float,
    floors: Mapping[str, float],
    styles: Styles,
    theme: Theme,
    shown: ShownScore = ACCURACY,
) -> go.Figure:
    """Draw a panel for each kind of images, a line a ticket.

    Full marks differ, squares are equivalent, rings cannot be told. The band is what counts as equivalent; dotted lines
    are the floor of seed noise.

    Args:
        found: title -> rows against the baseline (`comparisons.verdicts.against`).
        within: the difference that does not matter, a fraction.
        floors: title -> floor of seed noise where verdicts are about these networks, a fraction.
        styles: key -> style.
        theme: colours of the page, light or dark.
        shown: the score.
    """
    first = next(iter(found.values()))
    keys = first.sort_values("difference", ascending=False)["a"].tolist()
    keys += [key for rows in found.values() for key in rows["a"] if key not in keys]
    keys = list(dict.fromkeys(keys))
    chart = make_subplots(
        1, len(found), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=list(found) if shown.images else None
    )
    chart.update_layout(template=theme.template, height=110 + ROW * len(keys), showlegend=False, margin_t=34)
    for place, (title, rows) in enumerate(found.items(), 1):
        at = {"row": 1, "col": place}
        for _, row in rows.iterrows():  # before the shapes, which plotly leaves out of an empty panel
            chart.add_scatter(**_mark(row, keys.index(row["a"]), within, styles, theme, shown), **at)
        band = {"fillcolor": fade(theme.muted, 0.16), "line_width": 0, "layer": "below"}
        chart.add_vrect(-100 * within, 100 * within, **band, **at)
        chart.add_vline(x=0, line={"color": theme.muted, "width": 1.2}, layer="below", **at)
        for end in (-100 * floors[title], 100 * floors[title]) if title in floors else ():
            chart.add_vline(x=end, line={"color": theme.muted, "width": 1.5, "dash": "dot"}, **at)
        words = shown.apart if shown.score.is_share else "above or below it (%)"
        span = _span(rows, within, floors.get(title, 0.0), shown)
        chart.update_xaxes(range=span, title_text=words, zeroline=False, row=1, col=place)
    chart.update_yaxes(
        tickvals=list(range(len(keys))), ticktext=[styles[key].label for key in keys], showgrid=False,
        range=[len(keys) - 0.5, -0.5], tickfont={"color": theme.ink, "size": 13},
    )  # fmt: skip
    return chart


def _span(rows: pd.DataFrame, within: float, floor: float, shown: ShownScore) -> list[float]:
    """The range of a panel: the same both ways for accuracies; other scores may lie far off one way alone."""
    reach = 100 * max(REACH * rows["difference"].abs().max(), 2 * within, 1.15 * floor)
    if shown.images:
        return [-reach, reach]
    ends = 100 * rows[["difference", "low", "high"]].to_numpy(dtype=float)
    least, most = max(min(np.nanmin(ends), 0.0), -reach), min(max(np.nanmax(ends), 0.0), reach)
    air = max(0.06 * (most - least), 200 * within)
    return [float(least - air), float(most + air)]


def _mark(
    row: pd.Series, place: int, within: float, styles: Styles, theme: Theme, shown: ShownScore
) -> dict[str, object]:
    style = styles[row["a"]]
    value, low, high = (100 * float(row[name]) for name in ("difference", "low", "high"))
    symbol = {DIFFERS: "circle", EQUIVALENT: "square"}.get(row["verdict"], "circle-open")
    return {
        "x": [value],
        "y": [place],
        "mode": "markers",
        "marker": {"color": style.color, "symbol": symbol, "size": 10, "line": {"width": 2, "color": style.color}},
        "error_x": error_bars(np.array([value]), np.array([low]), np.array([high]), fade(style.color, 0.6), 2),
        "hovertemplate": f"<b>{style.label}</b><br>{points(row['difference'])} {shown.apart}"
        + bracket(row["low"], row["high"], "{:+.1f}")
        + f"<br>{words(row, within, size=shown.size)}<extra></extra>",
    }
