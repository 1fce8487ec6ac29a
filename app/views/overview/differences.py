"""Which of the chosen tickets differ from the baseline, which are equivalent to it, and of which one cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.outcomes import Images
from analysis.comparisons.verdicts import against
from analysis.statistics.verdicts import IMAGES
from app.answers import survival
from app.charts.base import Styles
from app.shell import families, layout, verdicts
from app.shell.score import ACCURACY, ShownScore
from app.shell.selection import Selection
from app.views.overview.charts import differences as charts

TITLES: dict[Images, str] = {"accuracy": "Clean images", "corrupted": "Corrupted images"}


def show(selection: Selection, tables: Mapping[Images, pd.DataFrame]) -> None:
    """Draw the card; `tables` are those of `verdicts.of_chosen`."""
    own = selection.baseline
    if own is None or len(selection.tickets) < (2 if own.key in selection.keys else 1):
        return
    found = {images: against(table, own.key) for images, table in tables.items()}
    found = {images: families.fractions(selection.study, rows) for images, rows in found.items() if len(rows)}
    if not found:
        return
    within, shown = verdicts.equivalence(selection), families.score(selection.study)
    titles = TITLES if shown.images else {"accuracy": shown.title}
    titled = {titles[images]: rows for images, rows in found.items()}

    @cache
    def floors() -> dict[Images, verdicts.Floor | None]:
        """Read of other studies where this one repeats nothing, and so once the card is open."""
        alone = [images for images, rows in found.items() if (rows["over"] == IMAGES).any()]
        return {images: verdicts.floor(selection, images) for images in alone}

    def chart() -> go.Figure:
        heights = {titles[images]: each.noise.floor for images, each in floors().items() if each is not None}
        return charts.differences(titled, within, heights, families.styles(selection), selection.theme, shown)

    def controls() -> None:
        told = [survival.tally(titles[images], own.label, rows, within, shown) for images, rows in found.items()]
        st.markdown("  \n".join(told))
        verdicts.pick_equivalence(selection)

    layout.card(
        f"{shown.difference} to {own.label}",
        chart,
        lambda: rows_of(titled, families.styles(selection)),
        "noise",
        config=layout.QUIET,
        help=f"{'Percentage points' if shown.score.is_share else 'Per cent'}, means over seeds. Full marks differ, "
        "squares are equivalent (their whole interval lies in the band), of rings one cannot tell: that is not the "
        "same as no difference.",
        caption=lambda: _caption(tables, floors(), shown),
        controls=controls,
        folded=True,
        meanings={"difference": _meaning(shown, own.label), "images": "clean or corrupted test images"},
    )


def _meaning(shown: ShownScore, baseline: str) -> str:
    if shown.score.is_share:
        return f"{shown.name} minus that of {baseline}"
    return f"{shown.name} minus that of {baseline}, in {'its' if shown.by_factors else 'typical'} sizes [fraction]"


def _caption(
    tables: Mapping[Images, pd.DataFrame], floors: Mapping[Images, verdicts.Floor | None], shown: ShownScore = ACCURACY
) -> str:
    told = next(table for table in tables.values() if len(table))
    said = [verdicts.speak_of(told, and_images=shown.also_paired)]
    known = [
        each.words_on(TITLES[images].lower() if len(floors) > 1 else "")
        for images, each in floors.items()
        if each is not None
    ]
    if floors and not known:
        said.append("No study at hand repeats its trainings, so nothing says how far another one would differ.")
    elif known:
        said += [*known, "Dotted: that floor, for clean and corrupted images."]
    return " ".join(said)


def rows_of(found: Mapping[str, pd.DataFrame], styles: Styles) -> pd.DataFrame:
    """The rows to download: images, ticket and what was found."""
    return pd.concat(
        [
            rows.assign(images=title, ticket=[styles[key].label for key in rows["a"]]).drop(columns=["a", "b"])
            for title, rows in found.items()
        ],
        ignore_index=True,
    )
