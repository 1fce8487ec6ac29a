"""Colours and chart templates, for light and for dark.

A method has a hue (`hues`); when several sparsities of it are chosen they share the hue and differ in lightness. A
ticket's colour depends on what is chosen, never on the page, so it is the same on every page. Colour is never alone: a
method also has a marker symbol, and sparsities of one method also differ in dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import plotly.graph_objects as go

from app.shell import hues
from app.shell.colour import Oklch, fade, to_hex
from app.shell.hues import Originals
from pruning.study.config import DENSE as DENSE

Mode = Literal["light", "dark"]

FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", sans-serif'
"""The font that Streamlit ships and serves itself."""

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

_DENSE = {"light": "#5b6573", "dark": "#b4bdc9"}
_LIFT = 0.235  # how much lighter a hue is on the dark background
_RANGE = {"light": (0.34, 0.74), "dark": (0.52, 0.92)}  # lightness that sparsities of one method may take
_STEP, _SPREAD = 0.11, 0.36


@dataclass(frozen=True)
class Style:
    """How a ticket is drawn, on every page; `on_white` is its colour in the light theme where this is the dark one."""

    label: str
    color: str
    symbol: str
    dash: str = "solid"
    on_white: str = ""


@dataclass(frozen=True)
class Theme:
    """The colours of one mode, and the plotly template made of them.

    `surface` is the background of cards and charts, `ink` text, `muted` text of second rank, `grid` thin lines,
    `accent` what the user marked, `good`/`bad` for right and wrong (blue and orange: told apart by everybody),
    `both`/`only_a`/`only_b`/`neither` for two masks laid over each other, `sequential` (nothing to much) and
    `diverging` (worse, equal, better) colour scales, `classes` a colour for each class in turn.
    """

    mode: Mode
    surface: str
    ink: str
    muted: str
    grid: str
    accent: str
    good: str
    bad: str
    both: str
    only_a: str
    only_b: str
    neither: str
    sequential: tuple[tuple[float, str], ...]
    diverging: tuple[tuple[float, str], ...]
    classes: tuple[str, ...]

    @property
    def template(self) -> go.layout.Template:
        """The plotly template; charts pass it to `Figure.update_layout` (`app.charts.base.figure` does)."""
        return _template(self.mode)

    @property
    def hover(self) -> dict[str, object]:
        """Layout of hover labels."""
        return {
            "bgcolor": "#ffffff" if self.mode == "light" else "#262f3b",
            "bordercolor": self.grid,
            "font": {"family": FONT, "size": 13, "color": self.ink},
            "align": "left",
            "namelength": -1,
        }


_THEMES: dict[str, Theme] = {
    "light": Theme(
        mode="light",
        surface="#ffffff",
        ink="#1b2430",
        muted="#5b6573",
        grid="#e6e9ee",
        accent="#c026a3",
        good="#0b6fb8",
        bad="#c2500a",
        both="#33414f",
        only_a="#1177c9",
        only_b="#d9660a",
        neither="#e6eaef",
        sequential=((0.0, "#f4f7fa"), (0.25, "#c4dcea"), (0.5, "#7fb2d0"), (0.75, "#35789f"), (1.0, "#0c3a57")),
        diverging=((0.0, "#a3400a"), (0.25, "#e8a26b"), (0.5, "#f5f5f3"), (0.75, "#7db3d8"), (1.0, "#0f5488")),
        classes=(
            "#3366cc", "#d95f02", "#1b9e77", "#8a3fa0", "#c9a30c",
            "#0f9fc4", "#c2185b", "#6b7a11", "#8c5a3c", "#5f6b7a",
        ),
    ),
    "dark": Theme(
        mode="dark",
        surface="#12181f",
        ink="#e8ecf2",
        muted="#a3adba",
        grid="#2b3542",
        accent="#ff6fe0",
        good="#5ab0ee",
        bad="#f59a52",
        both="#cfd8e3",
        only_a="#4aa8ff",
        only_b="#ff9a3d",
        neither="#222b37",
        sequential=((0.0, "#1b2430"), (0.25, "#1f4a66"), (0.5, "#2f7ea8"), (0.75, "#74b9dc"), (1.0, "#e2f3fc")),
        diverging=((0.0, "#ffa45c"), (0.25, "#a8561f"), (0.5, "#232b36"), (0.75, "#2b75ab"), (1.0, "#83c5f7")),
        classes=(
            "#7ba3f5", "#ff9a4d", "#4fd0a8", "#c98be0", "#ecd04e",
            "#5bcdec", "#ff7aa8", "#b9c95a", "#d3a283", "#b4bdc9",
        ),
    ),
}  # fmt: skip


def _parts(value: object) -> list[str]:
    """All colours of a theme in turn."""
    if isinstance(value, Theme):
        value = [getattr(value, name) for name in sorted(value.__dataclass_fields__) if name != "mode"]
    if isinstance(value, list | tuple):
        return [part for each in value for part in _parts(each)]
    return [value] if isinstance(value, str) else []


_ON_WHITE = dict(zip(_parts(_THEMES["dark"]), _parts(_THEMES["light"]), strict=True)) | {
    _DENSE["dark"]: _DENSE["light"]
}
"""Colour of the dark theme -> what the light one has in its place; colours of methods once they are asked for."""


def get(mode: str) -> Theme:
    """The theme of a mode, `light` or `dark`; anything else is light."""
    return _THEMES.get(mode, _THEMES["light"])


symbols = hues.symbols


def method_colors(methods: Iterable[str], mode: Mode, originals: Originals | None = None) -> dict[str, str]:
    """Method -> colour (see `app.shell.hues`); `originals` says which method is made from which."""
    found = {method: to_hex(hue) if hue else _DENSE[mode] for method, hue in _lifted(methods, mode, originals).items()}
    if mode == "dark":
        light = method_colors(found, "light", originals)
        _ON_WHITE.update({color: light[method] for method, color in found.items()})
    return found


def on_white(text: str) -> str:
    """Text with the light theme's colours in place of those of the dark theme that it names."""
    return re.sub("#[0-9a-f]{6}", lambda found: _ON_WHITE.get(found[0], found[0]), text) if "#" in text else text


def styles(
    chosen: Sequence[tuple[str, str, float, str]],
    methods: Iterable[str],
    mode: Mode,
    originals: Originals | None = None,
    own: Sequence[str] = (),
) -> dict[str, Style]:
    """Key -> style for the chosen tickets.

    Args:
        chosen: (key, method, sparsity in [0, 1), label) of each ticket.
        methods: all methods of the study, so that choosing others never changes a method's hue.
        mode: `light` or `dark`.
        originals: method -> the method it is made from, for controls and their like.
        own: the methods of the study that is looked at, where others are beside it; they look as on its pages.
    """
    methods = list(dict.fromkeys([*methods, *(method for _, method, _, _ in chosen)]))
    lifted, marks = _lifted(methods, mode, originals, own), symbols(methods, own)
    steps = hues.dash_steps(methods, originals)
    light = styles(chosen, methods, "light", originals, own) if mode == "dark" else {}
    result = {}
    for key, method, sparsity, label in chosen:
        levels = sorted({other for _, name, other, _ in chosen if name == method})
        rank, hue = levels.index(sparsity), lifted[method]
        color = to_hex(_shade(hue, rank, len(levels), mode)) if hue else _DENSE[mode]
        white = light[key].color if light else ""
        result[key] = Style(label, color, marks[method], DASHES[(rank + steps[method]) % len(DASHES)], white)
    return result


def _lifted(
    methods: Iterable[str], mode: Mode, originals: Originals | None, own: Sequence[str] = ()
) -> dict[str, Oklch | None]:
    """Hues as the mode shows them: lighter on the dark background."""
    lift = _LIFT if mode == "dark" else 0.0
    return {
        method: hue._replace(lightness=hue.lightness + lift) if hue else None
        for method, hue in hues.hues(methods, originals, own).items()
    }


def _shade(hue: Oklch, rank: int, levels: int, mode: Mode) -> Oklch:
    """The hue for the sparsity of that rank among `levels`: the sparser, the further from the background."""
    if levels < 2:
        return hue
    low, high = _RANGE[mode]
    spread = min(_SPREAD, _STEP * (levels - 1))
    start = min(max(hue.lightness - spread / 2, low), high - spread)
    place = rank / (levels - 1)
    return hue._replace(lightness=start + spread * (place if mode == "dark" else 1 - place))


@cache
def _template(mode: Mode) -> go.layout.Template:
    theme = _THEMES[mode]
    axis = {
        "gridcolor": theme.grid,
        "gridwidth": 1,
        "zeroline": False,
        "linecolor": theme.grid,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 13, "color": theme.muted},
        "title": {"font": {"size": 13.5, "color": theme.muted}, "standoff": 10},
        "automargin": True,
        "ticklabelstandoff": 4,
    }
    bar = {
        "outlinewidth": 0,
        "thickness": 10,
        "ticks": "",
        "tickfont": {"size": 12, "color": theme.muted},
        "title": {"font": {"size": 13, "color": theme.muted}},
    }
    template = go.layout.Template()
    template.layout = go.Layout(
        font={"family": FONT, "size": 13.5, "color": theme.ink},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=list(theme.classes),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=axis,
        yaxis=axis,
        coloraxis={"colorbar": bar},
        colorscale={"sequential": theme.sequential, "diverging": theme.diverging},
        hoverlabel=theme.hover,
        legend={
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.02,
            "xanchor": "left",
            "x": 0,
            "font": {"size": 13, "color": theme.ink},
            "title": {"text": ""},
            "bgcolor": "rgba(0,0,0,0)",
            "itemsizing": "constant",
        },
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": fade(theme.muted, 0.7), "activecolor": theme.accent},
        newselection={"line": {"color": theme.accent, "width": 1.5, "dash": "solid"}},
        activeselection={"fillcolor": theme.accent, "opacity": 0.08},
        hovermode="closest",
        dragmode="zoom",
    )
    template.data.heatmap = [go.Heatmap(colorbar=bar, xgap=1, ygap=1)]
    template.data.scatter = [go.Scatter(marker={"line": {"width": 0}})]
    return template
