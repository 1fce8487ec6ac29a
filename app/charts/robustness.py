"""Robustness charts: heat maps of corruption by severity, curves over severity, the ranking.

Tickets are named by the column `key`; `tickets` maps key -> style, in the order shown. Accuracies come in as fractions
and are shown in per cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from analysis.corruptions import NAMES, SEVERITIES
from app.colour import fade, readable_on
from app.theme import Style, Theme

STANDARD, EXTRA = NAMES[:15], NAMES[15:]
MEAN, GAP = "mean", "gap"
PER_ROW = 4
CELL, HEADING, FOOT = 25, 34, 44  # pixels: a cell's height, over a panel, under it
NOISE = "○"
BANDS = 4  # tickets whose intervals may be bands
DODGE = 0.5  # of the step between severities, for the bars of many tickets


Scale = tuple[Sequence[tuple[float, str]], float, float]
"""A colour scale, and the values at its ends."""


def name(corruption: str) -> str:
    """A corruption for people: `Gaussian noise`, `JPEG compression`."""
    words = corruption.replace("_", " ")
    return {"jpeg compression": "JPEG compression"}.get(words, words[:1].upper() + words[1:])


def ordered(corruptions: Iterable[str]) -> tuple[list[str], list[str]]:
    """The corruptions in the order of CIFAR-10-C: those that its mean counts, and the others."""
    present = set(corruptions)
    others = [corruption for corruption in EXTRA if corruption in present]
    others += sorted(present - set(NAMES) - {"clean"})
    return [corruption for corruption in STANDARD if corruption in present], others


def heat_maps(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Accuracy for each corruption (rows) and severity (columns), a panel a ticket.

    `cells`: key, corruption, severity, accuracy, low, high (95 % interval), all fractions.
    """
    cells = cells.assign(
        shown=100 * cells["accuracy"],
        text=(100 * cells["accuracy"]).map("{:.1f}".format),
        hover="accuracy " + cells.apply(_interval, axis=1, args=("accuracy",)),
    )
    low = float(np.floor(cells["shown"].min() / 10) * 10) if len(cells) else 0.0
    return _panels(cells, tickets, theme, (theme.sequential, min(low, 90), 100), "accuracy (%)")


def difference_maps(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Difference in accuracy to the baseline; a cell within noise shows a ring in place of the number.

    `cells`: key, corruption, severity, difference, low, high (95 % interval of the paired difference), all fractions.
    """
    noise = (cells["low"] <= 0) & (cells["high"] >= 0)
    signed = 100 * cells["difference"]
    cells = cells.assign(
        shown=signed,
        text=np.where(noise, NOISE, signed.map("{:+.1f}".format)),
        hover="difference "
        + cells.apply(_interval, axis=1, args=("difference", "{:+.1f}", " points"))
        + np.where(noise, "<br>within noise", ""),
    )
    limit = max(1.0, float(np.nanmax(signed.abs()))) if len(cells) else 1.0
    return _panels(cells, tickets, theme, (theme.diverging, -limit, limit), "points")


def curves(points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Accuracy over severity, 0 being the clean images, with 95 % intervals as bands.

    `points`: key, severity, accuracy, low, high, all fractions but severity.
    """
    figure = go.Figure()
    figure.update_layout(template=theme.template, height=420, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    shown = [key for key in tickets if (points["key"] == key).any()]
    for place, key in enumerate(shown):
        rows = points[points["key"] == key].sort_values("severity")
        if len(shown) <= BANDS:
            figure.add_traces(_band(rows, tickets[key].color, key))
            figure.add_trace(_curve(rows, tickets[key], key))
        else:  # bands of many tickets would cover each other: bars, side by side
            aside = DODGE * (place - (len(shown) - 1) / 2) / len(shown)
            figure.add_trace(_curve(rows, tickets[key], key, aside))
    ticks = ["clean", *map(str, SEVERITIES)]
    figure.update_xaxes(
        title_text="severity", tickvals=[0, *SEVERITIES], ticktext=ticks, range=[-0.35, 5.35], showgrid=False
    )
    figure.update_yaxes(title_text="accuracy (%)")
    return figure


def _band(rows: pd.DataFrame, colour: str, key: str) -> list[go.Scatter]:
    common = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": key}
    x = rows["severity"]
    return [
        go.Scatter(x=x, y=100 * rows["high"], **common),
        go.Scatter(x=x, y=100 * rows["low"], fill="tonexty", fillcolor=fade(colour, 0.14), **common),
    ]


def _curve(rows: pd.DataFrame, style: Style, key: str, aside: float | None = None) -> go.Scatter:
    """The line of a ticket; moved `aside` it has bars for its intervals."""
    bars = None
    if aside is not None:
        bars = {
            "type": "data",
            "symmetric": False,
            "array": 100 * (rows["high"] - rows["accuracy"]),
            "arrayminus": 100 * (rows["accuracy"] - rows["low"]),
            "color": fade(style.color, 0.55),
            "thickness": 1.4,
            "width": 0,
        }
    return go.Scatter(
        x=rows["severity"] + (aside or 0.0),
        y=100 * rows["accuracy"],
        error_y=bars,
        mode="lines+markers",
        name=style.label,
        legendgroup=key,
        line={"color": style.color, "width": 1.8, "dash": style.dash},
        marker={"color": style.color, "symbol": style.symbol, "size": 8},
        customdata=[[int(row.severity), _interval(row, "accuracy")] for _, row in rows.iterrows()],
        hovertemplate=f"<b>{style.label}</b><br>severity %{{customdata[0]}}: %{{customdata[1]}}<extra></extra>",
    )


def ranking(ranked: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Mean corruption accuracy with 95 % intervals, best on top; tickets that cannot be told apart share a band.

    `ranked`: key, accuracy, low, high (fractions), group (equal numbers: tied), best first.
    """
    figure = go.Figure()
    count = len(ranked)
    figure.update_layout(
        template=theme.template,
        height=70 + 34 * max(count, 1),
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
    )
    for _, tied in ranked.reset_index(drop=True).groupby("group", sort=False):
        if len(tied) > 1:
            top, bottom = tied.index.min() - 0.42, tied.index.max() + 0.42
            figure.add_shape(
                type="rect", xref="paper", x0=0, x1=1, y0=top, y1=bottom, layer="below",
                line={"width": 0}, fillcolor=fade(theme.muted, 0.13),
            )  # fmt: skip
    for place, row in enumerate(ranked.itertuples()):
        style = tickets[str(row.key)]
        low, middle, high = 100 * row.low, 100 * row.accuracy, 100 * row.high
        figure.add_trace(
            go.Scatter(
                x=[middle],
                y=[place],
                mode="markers",
                name=style.label,
                marker={"color": style.color, "symbol": style.symbol, "size": 11},
                error_x={
                    "type": "data", "symmetric": False, "array": [high - middle], "arrayminus": [middle - low],
                    "color": style.color, "thickness": 2, "width": 0,
                },
                hovertemplate=f"<b>{style.label}</b><br>{middle:.1f} % ({low:.1f} to {high:.1f})<extra></extra>",
            )
        )  # fmt: skip
    labels = [tickets[str(key)].label for key in ranked["key"]]
    figure.update_yaxes(
        tickvals=list(range(count)), ticktext=labels, range=[count - 0.5, -0.5], showgrid=False,
        tickfont={"color": theme.ink, "size": 13.5},
    )  # fmt: skip
    figure.update_xaxes(title_text="mean corruption accuracy (%)")
    return figure


def _panels(cells: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, scale: Scale, unit: str) -> go.Figure:
    """A heat map a ticket, on rows in common: the counted corruptions, their mean, and the others apart."""
    corruptions = set(cells["corruption"])
    standard, others = ordered(corruptions - {MEAN})
    has_mean = MEAN in corruptions
    rows = [*standard, *([GAP, MEAN] if has_mean else []), *([GAP + "2", *others] if others else [])]
    severities = sorted(int(severity) for severity in cells["severity"].unique())
    columns = max(1, min(PER_ROW, len(tickets)))
    lines = max(1, -(-len(tickets) // columns))
    panel = CELL * len(rows)
    height = lines * (panel + HEADING + FOOT)
    figure = make_subplots(
        rows=lines,
        cols=columns,
        shared_yaxes=True,
        horizontal_spacing=0.02,
        vertical_spacing=(HEADING + FOOT) / (height - HEADING - FOOT) if lines > 1 else 0,
    )
    figure.update_layout(template=theme.template, height=height, margin={"l": 8, "r": 8, "t": HEADING, "b": FOOT})
    labels = [_row_label(row, len(standard), bool(others)) for row in rows]
    for at, (key, style) in enumerate(tickets.items()):
        line, column = at // columns + 1, at % columns + 1
        own = cells[cells["key"] == key].set_index(["corruption", "severity"])
        figure.add_trace(_heat(own, rows, labels, severities), line, column)
        figure.add_trace(_numbers(own, rows, severities, scale, theme), line, column)
        _heading(figure, at + 1, style)
        figure.update_xaxes(title_text="severity", row=line, col=column)
    colours, low, high = scale
    figure.update_layout(coloraxis={"colorscale": colours, "cmin": low, "cmax": high, **_bar(unit)})
    figure.update_xaxes(tickvals=severities, showgrid=False, range=[min(severities) - 0.5, max(severities) + 0.5])
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, range=[len(rows) - 0.5, -0.5], showgrid=False)
    return figure


def _heat(own: pd.DataFrame, rows: Sequence[str], labels: Sequence[str], severities: Sequence[int]) -> go.Heatmap:
    grid = pd.MultiIndex.from_product([rows, severities])
    shape = len(rows), len(severities)
    own = own[["shown", "text", "hover"]].reindex(grid)
    names = np.repeat(np.array(labels, dtype=object), len(severities)).reshape(shape)
    custom = np.stack([names, own["hover"].fillna("").to_numpy().reshape(shape)], axis=-1)
    return go.Heatmap(
        z=own["shown"].to_numpy(float).reshape(shape),
        x=list(severities),
        y=list(range(len(rows))),
        customdata=custom,
        hovertemplate="<b>%{customdata[0]}</b>, severity %{x}<br>%{customdata[1]}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=1.5,
        ygap=1.5,
    )


def _numbers(
    own: pd.DataFrame, rows: Sequence[str], severities: Sequence[int], scale: Scale, theme: Theme
) -> go.Scatter:
    """The numbers in the cells, each in the ink that reads best there: plotly's own choice is faint on middle tones."""
    colours, low, high = scale
    places = [(row, level) for row in rows for level in severities if (row, level) in own.index]
    shares = [(float(own.at[place, "shown"]) - low) / (high - low) for place in places]
    cells = sample_colorscale([list(step) for step in colours], np.clip(shares, 0, 1), colortype="tuple")
    inks = [readable_on("#" + "".join(f"{round(255 * part):02x}" for part in cell)) for cell in cells]
    return go.Scatter(
        x=[level for _, level in places],
        y=[rows.index(row) for row, _ in places],
        text=[own.at[place, "text"] for place in places],
        mode="text",
        textfont={"size": 11.5, "color": inks},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )


def _row_label(row: str, counted: int, others: bool) -> str:
    if row.startswith(GAP):
        return ""
    if row == MEAN:
        return f"<b>Mean of {'these ' if not others else 'the '}{counted}</b>"
    return f"<i>{name(row)}</i> (extra)" if row not in STANDARD else name(row)


def _heading(figure: go.Figure, number: int, style: Style) -> None:
    axis = "" if number == 1 else str(number)
    figure.add_annotation(
        text=f'<span style="color:{style.color}">●</span> <b>{style.label}</b>',
        x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left", yanchor="bottom", yshift=4,
        showarrow=False, font={"size": 14},
    )  # fmt: skip


def _bar(title: str) -> dict[str, object]:
    return {
        "colorbar": {
            "title": {"text": title, "side": "right"},
            "thickness": 10,
            "lenmode": "pixels",
            "len": 220,
            "y": 1,
            "yanchor": "top",
        }
    }


def _interval(row: pd.Series, value: str, form: str = "{:.1f}", unit: str = " %") -> str:
    parts = [form.format(100 * row[part]) for part in (value, "low", "high")]
    return f"<b>{parts[0]}{unit}</b> ({parts[1]} to {parts[2]})"
