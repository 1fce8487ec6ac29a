"""Tables of pages as HTML: headings, decimals and hidden columns are those of the page."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from app.shell.columns import form_of, is_picture
from app.shell.numbers import written

MOST = 200
"""Rows; what there is beyond them is said."""


def to_html(frame: pd.DataFrame, config: str, order: list[str], caption: str) -> str:
    """A table with its caption.

    Args:
        frame: the rows.
        config: Streamlit's `column_config`, as JSON.
        order: the columns shown; all where it is empty.
        caption: text that names the table.
    """
    columns: dict[str, Any] = json.loads(config) if config else {}
    names = [name for name in order or map(str, frame.columns) if name in frame.columns]
    names = [
        name for name in names if not (columns.get(name) or {}).get("hidden") and not is_picture(columns.get(name))
    ]
    heads = "".join(f'<th scope="col">{escape(str(_label(columns.get(name), name)))}</th>' for name in names)
    rows = "".join(
        "<tr>" + "".join(_cell(row[place], columns.get(name)) for place, name in enumerate(names)) + "</tr>"
        for row in frame[names].head(MOST).itertuples(index=False, name=None)
    )
    more = f'<p class="small">{MOST} of {len(frame):,} rows are shown.</p>' if len(frame) > MOST else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption class="unseen">{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _label(config: dict[str, Any] | None, name: str) -> str:
    return (config or {}).get("label") or name


def _cell(value: Any, config: dict[str, Any] | None) -> str:
    if isinstance(value, (bool, np.bool_)):
        return f"<td>{'yes' if value else 'no'}</td>"
    if value is None or (np.isscalar(value) and pd.isna(value)):
        return "<td></td>"
    if isinstance(value, (int, float, np.number)):
        return f'<td class="number">{escape(written(float(value), form_of(config)))}</td>'
    return f"<td>{escape(str(value))}</td>"
