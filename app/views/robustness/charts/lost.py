"""Lost images by cause: bars by ticket, a map of tickets by corruptions, and towards which class they went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.lost_images import CAUSES
from app.charts.base import color_bar, figure, heading
from app.charts.error_bars import error_bars
from app.charts.names import name
from app.charts.texts import bracket
from app.shell.colour import fade, readable_on
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.panels import panels

NAMES = {"drift": "Common drift", "scale": "Drift and scale", "class": "Class drift", "scatter": "Scatter"}
LINE, CELL = 34, 40  # pixels of a ticket's bar, and of a line of the map
NAMED = 12  # classes, beyond which their names find no room
PANEL, HEADING, FOOT, LETTER = 240, 30, 52, 6  # pixels


def colours(theme: Theme) -> dict[str, str]:
    """Cause -> its colour: what all images share is blue, what each class or image has of its own orange and grey."""
    shades = (theme.good, fade(theme.good, 0.45), theme.bad, fade(theme.muted, 0.55))
    return dict(zip(CAUSES, shades, strict=True))


@drawn
def by_cause(rows: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """The share of images each ticket loses, stacked by cause, with the interval of the whole.

    `rows`: of `comparisons.lost_images.causes`, one a ticket; a bar's `customdata` is the ticket's key and the cause.
    """
    rows = rows.set_index("key").loc[[key for key in tickets if key in set(rows["key"])]]
    chart = figure(theme, 120 + LINE * len(rows), barmode="stack", bargap=0.3, dragmode=False)
    names = [tickets[str(key)].label for key in rows.index]
    for cause, colour in colours(theme).items():
        words = [
            f"{100 * row[cause]:.1f} % of the images{bracket(row[f'{cause}_low'], row[f'{cause}_high'])}<br>"
            f"{100 * row[cause] / row['lost'] if row['lost'] else 0:.0f} % of the lost ones"
            for _, row in rows.iterrows()
        ]
        chart.add_bar(
            x=100 * rows[cause], y=names, orientation="h", name=NAMES[cause], marker={"color": colour},
            customdata=[[key, cause] for key in rows.index], text=words, textposition="none",
            hovertemplate=f"<b>%{{y}}</b>, {NAMES[cause].lower()}<br>%{{text}}<extra></extra>",
        )  # fmt: skip
    ends = error_bars(100 * rows["lost"], 100 * rows["lost_low"], 100 * rows["lost_high"], theme.ink, 1.2)
    chart.add_scatter(
        x=100 * rows["lost"], y=names, error_x=ends, mode="markers", marker={"size": 5, "color": theme.ink},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": theme.ink})
    chart.update_xaxes(title_text="images lost (%)", rangemode="tozero")
    return chart.update_layout(legend={"traceorder": "normal"}, margin={"r": 16})


@drawn
def cause_map(
    rows: pd.DataFrame, tickets: Mapping[str, Style], corruptions: Sequence[str], chosen: str, theme: Theme
) -> go.Figure:
    """The largest cause of loss for each ticket and corruption, its share of the losses, and the interval of it.

    `rows`: of `comparisons.lost_images.main_causes`, of one severity; a point's `customdata` is the two. A cause that
    is not shown to be the largest has an outline only.
    """
    cells = rows.set_index(["key", "corruption"]).reindex(pd.MultiIndex.from_product([list(tickets), corruptions]))
    there = cells[cells["cause"].isin(CAUSES)]
    shades = colours(theme)
    scale = [(end / 4, shade) for place, shade in enumerate(shades.values()) for end in (place, place + 1)]
    filled = there["cause"].map(CAUSES.index).where(there["shown"].astype(bool)).reindex(cells.index)
    chart = figure(theme, 150 + CELL * len(tickets), dragmode=False, legend={"traceorder": "normal"})
    chart.add_heatmap(
        z=filled.to_numpy(float).reshape(len(tickets), len(corruptions)), x=list(corruptions), y=list(tickets),
        zmin=-0.5, zmax=3.5, colorscale=scale, showscale=False, xgap=2, ygap=2, hoverinfo="skip", hoverongaps=False,
    )  # fmt: skip
    for (cause, shown), own in there.groupby(["cause", there["shown"].astype(bool)]):
        own_ink = {"drift": readable_on(theme.good), "class": readable_on(theme.bad)}
        ink = own_ink.get(cause, theme.ink) if shown else theme.muted
        same = {"marker": {"opacity": 0}, "textfont": {"color": ink}}
        chart.add_scatter(  # cells of a heat map cannot be selected, points can
            x=own.index.get_level_values(1), y=own.index.get_level_values(0), mode="markers+text",
            text=[_share(row) for _, row in own.iterrows()], showlegend=False,
            marker={"symbol": "square", "size": 26, "opacity": 0}, textfont={"size": 13, "color": ink},
            customdata=[list(each) for each in own.index],
            hovertext=[_words(key, corruption, row, tickets) for (key, corruption), row in own.iterrows()],
            hovertemplate="%{hovertext}<extra></extra>", selected=same, unselected=same,
        )  # fmt: skip
    for cause, colour in shades.items():
        chart.add_scatter(x=[None], y=[None], mode="markers", name=NAMES[cause], hoverinfo="skip",
                          marker={"symbol": "square", "size": 11, "color": colour})  # fmt: skip
    outlines = [
        _outline(list(corruptions).index(corruption), list(tickets).index(key), shades[cause])
        for (key, corruption), cause in there.loc[~there["shown"].astype(bool), "cause"].items()
    ]
    if chosen in corruptions:
        column = list(corruptions).index(chosen)
        outlines.append(
            {"type": "rect", "x0": column - 0.5, "x1": column + 0.5, "y0": -0.5, "y1": len(tickets) - 0.5,
             "line": {"color": theme.accent, "width": 2}}
        )  # fmt: skip
    chart.update_layout(shapes=outlines)  # all at once: one by one, each would copy those before it
    chart.update_yaxes(  # an order that is said: a heat map without a filled cell leaves it to the points
        autorange="reversed", showgrid=False, categoryorder="array", categoryarray=list(tickets),
        tickvals=list(tickets), ticktext=[each.label for each in tickets.values()],
    )  # fmt: skip
    chart.update_xaxes(
        categoryorder="array", categoryarray=list(corruptions), tickvals=list(corruptions),
        ticktext=[name(each) for each in corruptions], showgrid=False, tickangle=-45,
        range=[-0.6, len(corruptions) - 0.4],
    )  # fmt: skip
    return chart


def _outline(column: int, row: int, colour: str) -> dict[str, Any]:
    return {
        "type": "rect", "x0": column - 0.44, "x1": column + 0.44, "y0": row - 0.42, "y1": row + 0.42, "layer": "below",
        "line": {"color": colour, "width": 1.5},
    }  # fmt: skip


def _share(row: pd.Series) -> str:
    """A cell's number with its interval below it."""
    ends = f"{100 * row['share_low']:.0f}–{100 * row['share_high']:.0f}"
    return f"{100 * row['share']:.0f}<br><span style='font-size:9px'>{ends}</span>"


def _words(key: str, corruption: str, row: pd.Series, tickets: Mapping[str, Style]) -> str:
    shown = "" if row["shown"] else "<br>within noise: not shown to be the largest"
    return (
        f"<b>{tickets[key].label}</b>, {name(corruption)}<br>{100 * row['lost']:.1f} % of the images are lost"
        f"{bracket(row['lost_low'], row['lost_high'])}<br>{NAMES[row['cause']].lower()}: {100 * row['share']:.0f} % of "
        f"these{bracket(row['share_low'], row['share_high'], '{:.0f}')}{shown}"
    )


@drawn
def towards(
    flows: Mapping[str, pd.DataFrame], tickets: Mapping[str, Style], classes: Sequence[str], theme: Theme
) -> go.Figure:
    """From their own class (rows) to the class that wins (columns): the share of a ticket's lost images, a panel each.

    `flows`: key -> what `comparisons.lost_images.flows` gives; a point's `customdata` is the key and the two classes.
    """
    short = [each if len(classes) <= NAMED else str(place) for place, each in enumerate(classes)]
    longest = max(map(len, short), default=0)
    upright = longest > 2
    foot = FOOT + (LETTER * longest if upright else 0)
    chart, places = panels(tickets, theme, 4, PANEL, (HEADING, foot), 0.03, shared_yaxes="all")
    grids = {key: _grid(flows[key], len(classes)) for key in tickets}
    top = max((float(np.nanmax(grid)) for grid in grids.values() if np.isfinite(grid).any()), default=1.0)
    for panel in places:
        own = flows[panel.key]
        winner = own.groupby("winner")["of_lost"].sum()
        note = f"{100 * winner.max():.0f} % to {classes[int(winner.idxmax())]}" if len(winner) else "none lost"
        chart.add_heatmap(
            z=grids[panel.key], x=short, y=short, coloraxis="coloraxis", xgap=1, ygap=1, hoverinfo="skip",
            hoverongaps=False, row=panel.row, col=panel.column,
        )  # fmt: skip
        unseen = {"marker": {"opacity": 0}}
        chart.add_scatter(  # cells of a heat map cannot be selected, points can
            x=[short[winner] for winner in own["winner"]], y=[short[label] for label in own["label"]], mode="markers",
            marker={"symbol": "square", "size": 14, "opacity": 0}, selected=unseen, unselected=unseen,
            customdata=[[panel.key, str(label), str(winner)]
                        for label, winner in zip(own["label"], own["winner"], strict=True)],
            text=[f"<b>{100 * share:.1f} %</b> of the lost images" for share in own["of_lost"]], showlegend=False,
            hovertemplate="%{y} → %{x}: %{text}<extra></extra>", row=panel.row, col=panel.column,
        )  # fmt: skip
        heading(chart, panel.number, panel.style, note, small=len(tickets) > 2)
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": top, **color_bar("of the lost images (%)")}
    )
    chart.update_xaxes(type="category", showgrid=False, title_text="class that wins", tickangle=-90 if upright else 0)
    chart.update_yaxes(type="category", showgrid=False, autorange="reversed")
    chart.update_yaxes(title_text="own class", col=1)
    return chart


def _grid(flows: pd.DataFrame, classes: int) -> np.ndarray:
    found = np.full((classes, classes), np.nan)
    found[flows["label"], flows["winner"]] = 100 * flows["of_lost"]
    return found
