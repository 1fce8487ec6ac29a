"""The charts of a dark page as the light theme draws them, for a paper: each anew, from what it was drawn of."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.shell import theme
from app.shell.theme import Style, Theme

SHOWN = "dark charts shown"
MOST = 40
"""Charts of dark pages that a session can have in light, those shown last."""

Change = tuple[list[str | int], Any]


def in_light(figure: go.Figure) -> go.Figure:
    """The figure in light colours; itself where it is light, or not drawn by a function that is `@drawn`."""
    made = getattr(figure, "_drawn_of", None)
    if made is None:
        return figure
    chart, arguments, options = made
    again: go.Figure = chart(*_light(arguments), **_light(options))
    return again


def keep_dark(key: str, figure: go.Figure) -> None:
    """Keep which figure the card `key` shows, where it is a dark one."""
    shown: dict[str, go.Figure] = st.session_state.setdefault(SHOWN, {})
    shown.pop(key, None)
    if hasattr(figure, "_drawn_of"):
        shown[key] = figure
    while len(shown) > MOST:
        del shown[next(iter(shown))]


def light_changes(key: str) -> list[Change]:
    """What has to be put where in the figure of the card `key` so that it is in light colours."""
    figure = st.session_state.get(SHOWN, {}).get(key)
    return changes(_json(figure), _json(in_light(figure))) if figure is not None else []


def changes(one: Any, other: Any, path: tuple[str | int, ...] = ()) -> list[Change]:
    """What has to be put where so that JSON becomes another of the same form."""
    if type(one) is type(other) and isinstance(one, dict) and one.keys() == other.keys():
        return [change for key in one for change in changes(one[key], other[key], (*path, key))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [change for place in range(len(one)) for change in changes(one[place], other[place], (*path, place))]
    return [] if one == other else [(list(path), other)]


def is_dark(value: object) -> bool:
    """Whether a chart of these arguments is in dark colours: whether a dark theme is among them."""
    return isinstance(value, Theme) and value.mode == "dark"


def _json(figure: go.Figure) -> Any:
    return json.loads(figure.to_json() or "{}")


def _light(value: Any) -> Any:
    """An argument of a chart with light colours in place of dark ones; itself where it has none."""
    if isinstance(value, Theme):
        return theme.get("light")
    if isinstance(value, Style):
        return dataclasses.replace(value, color=value.on_white or theme.on_white(value.color))
    if isinstance(value, str):
        return theme.on_white(value)
    if isinstance(value, pd.DataFrame):
        text = value.select_dtypes(include=["object", "string"])
        return value.assign(**{str(name): text[name].map(_light) for name in text}) if len(text.columns) else value
    if isinstance(value, Mapping):
        return {key: _light(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        parts = [_light(each) for each in value]
        named = hasattr(value, "_fields")
        return type(value)(*parts) if named else type(value)(parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
        new = {name: _light(each) for name, each in own.items()}
        return dataclasses.replace(value, **{name: new[name] for name in own if new[name] is not own[name]})
    return value
