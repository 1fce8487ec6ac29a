"""The charts of a report: each once, with what is another in dark colours, all in one compressed text."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import numpy as np

from app.shell.light import changes

POINTS = 2000
"""Images drawn at most of each trace of a chart of images."""


def pair(light: str, dark: str | None) -> dict[str, Any]:
    """A chart in both modes.

    Args:
        light: the figure as plotly's JSON.
        dark: the same in dark colours; None where there is none.

    Returns:
        `figure`, and `dark`: what is to be put where.
    """
    figure = thinned(json.loads(light))
    return {"figure": figure, "dark": changes(figure, thinned(json.loads(dark))) if dark else []}


def thinned(figure: dict[str, Any]) -> dict[str, Any]:
    """The figure with at most `POINTS` of the images in each trace of images, evenly spaced; says so in its title."""
    drawn = []
    for trace in figure.get("data", []):
        meta = trace.get("meta")
        if not isinstance(meta, dict) or meta.get("kind") != "samples":
            continue
        count = len(_array(trace["x"]))
        step = -(-count // POINTS)
        if step > 1:
            drawn.append(f"{-(-count // step):,} of {count:,}")
            for owner, key in [(trace, "x"), (trace, "y"), (trace, "customdata"), (trace["marker"], "color")]:
                owner[key] = _packed(_array(owner[key])[::step])
            hover = meta.get("hover", {})
            hover.update({key: _packed(_array(hover[key])[::step]) for key in ("label", "prediction", "percent")})
    if drawn:
        figure["note"] = f"Of the images {drawn[0]} are drawn."
    return figure


def compressed(figures: list[dict[str, Any]]) -> str:
    """The charts as base64 of gzip of JSON, the same bytes for the same charts."""
    text = json.dumps(figures, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _array(value: Any) -> np.ndarray:
    if isinstance(value, dict):
        return np.frombuffer(base64.b64decode(value["bdata"]), dtype=np.dtype(f"<{value['dtype']}"))
    return np.asarray(value)


def _packed(values: np.ndarray) -> dict[str, str]:
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    return {"dtype": kind, "bdata": base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()}
