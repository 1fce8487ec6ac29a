"""What the chosen tickets differ in, what a difference in one field alone makes, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.comparisons import recipe_differences, training_cost
from analysis.comparisons.outcomes import Images
from app.charts.texts import bracket, dot, points, spread
from app.shell import families, layout, verdicts
from app.shell.columns import REST
from app.shell.folds import fold
from app.shell.score import ShownScore
from app.shell.selection import Selection
from pruning.recipe import Recipe

MEASURES = {"accuracy": "Clean images", "corrupted": "Corrupted images"}
MOST = 60
"""Tickets whose pairs are looked at."""


def show(selection: Selection, recipes: Mapping[str, Recipe]) -> None:
    """Write which of the chosen tickets cannot be compared, and draw what can."""
    keys = [key for key in selection.keys if key in recipes]
    if len(keys) > MOST:
        layout.empty(f"{len(keys)} tickets are chosen.", f"Choose {MOST} at most to see in which fields they differ.")
        return
    own = {key: recipes[key] for key in keys}
    found = recipe_differences.pairs(own)
    if len(own) < 2:
        return
    labels = {key: layout.plain(style.label) for key, style in families.styles(selection, keys).items()}
    for sentence in recipe_differences.barriers_in_words(own, found, labels):
        st.markdown(f":material/block: {sentence}")
    _pairs_card(selection, own, found)
    _fields_card(selection, own, found)


def answer(selection: Selection, recipes: Mapping[str, Recipe]) -> str:
    """In which fields the chosen tickets differ, in a sentence; "" where there are too many of them."""
    own = {key: recipes[key] for key in selection.keys if key in recipes}
    return recipe_differences.in_words(own, recipe_differences.pairs(own)) if len(own) <= MOST else ""


def _pairs_card(selection: Selection, own: Mapping[str, Recipe], found: pd.DataFrame) -> None:
    """The pairs that differ in one field alone, with their verdicts."""
    if not (found["kind"] == recipe_differences.ALONE).any() or not families.any_measured(selection.study):
        return
    study, shown = selection.study, families.score(selection.study)
    kinds = families.kinds(study)
    asked = selection.option("measure", "accuracy", list(MEASURES))
    images: Images = "corrupted" if asked == "corrupted" and "corrupted" in kinds else "accuracy"
    told, within = verdicts.of_chosen(selection, images), verdicts.equivalence(selection)
    rows = recipe_differences.compared(own, found, told)
    rows = turned(families.fractions(study, rows))
    if rows.empty:
        layout.notes(["None of the pairs that differ in one field alone was measured on the same images."])
        return
    styles = families.styles(selection)
    frame = pd.DataFrame(
        {
            "field": [
                f"{field}: {first} → {second}"
                for field, first, second in zip(rows["field"], rows["first"], rows["second"], strict=True)
            ],
            "colour a": [dot(styles[key].color) for key in rows["a"]],
            "a": [styles[key].label for key in rows["a"]],
            "colour b": [dot(styles[key].color) for key in rows["b"]],
            "b": [styles[key].label for key in rows["b"]],
            "apart": [_apart(*ends) for ends in rows[["difference", "low", "high"]].to_numpy(float)],
            "difference": 100 * rows["difference"],
            "interval": [spread(low, high, unit="") for low, high in zip(rows["low"], rows["high"], strict=True)],
            "verdict": [verdicts.words(row, within, brief=True, size=shown.size) for _, row in rows.iterrows()],
            "detectable": 100 * rows["detectable"],
            "epochs": _epochs(selection, own, rows),
        }
    )
    layout.table_card(
        title(len(rows)),
        frame,
        "one-field",
        columns=_columns(shown),
        help="Each pair of the chosen tickets whose recipes differ in one field. An option that only one of two "
        "finders has comes with the finder; a control differs from its original in that step.",
        caption=f"{verdicts.speak_of(told, drawn=False, and_images=shown.also_paired)} The CSV also says which "
        "difference so many seeds would show, and what both took in epochs.",
        data=lambda: frame.drop(columns=["colour a", "colour b", "apart"]),
        meanings={
            "field": "the field in which the recipes differ, and its values",
            "difference": f"second minus first [{shown.apart}]",
            "interval": f"the interval that decides [{shown.apart}]",
            "detectable": f"difference that would be shown with a power of 80 % [{shown.apart}]",
            "epochs": "of training and search of the first and the second, with all they descend from",
        },
        controls=lambda: _controls(selection, kinds),
        height="content" if len(frame) <= 6 else 250,
    )


def title(pairs: int) -> str:
    """What the card of so many pairs is called."""
    what = "1 pair that differs" if pairs == 1 else f"{pairs} pairs that differ"
    return f"What one field makes: {what} in nothing else"


def turned(rows: pd.DataFrame) -> pd.DataFrame:
    """Second minus first, as the arrow between the two reads."""
    return rows.assign(difference=-rows["difference"], low=-rows["high"], high=-rows["low"])


def _apart(difference: float, low: float, high: float) -> str:
    return points(difference) + bracket(low, high)


def _controls(selection: Selection, kinds: list[Images]) -> None:
    with st.container(horizontal=True):
        if len(kinds) > 1:
            selection.pick("measure", "Images", MEASURES, label_visibility="collapsed")
        verdicts.pick_equivalence(selection)


def _columns(shown: ShownScore) -> dict[str, Any]:
    column = st.column_config
    return {
        "field": column.TextColumn("Field"),
        "colour a": column.ImageColumn("", width=28),
        "a": column.TextColumn("First"),
        "colour b": column.ImageColumn(" ", width=28),
        "b": column.TextColumn("Second"),
        "apart": column.TextColumn(
            "Apart", help=f"{shown.title}, second minus first, {shown.apart}, and the interval that decides."
        ),
        "difference": None,
        "interval": None,
        "verdict": column.TextColumn("Verdict"),
        "detectable": None,
        "epochs": None,
    }


def _epochs(selection: Selection, own: Mapping[str, Recipe], rows: pd.DataFrame) -> list[str]:
    """What both took in all, for each row."""
    entries = families.entries_of(selection.study, [*own])
    spent = training_cost.cost_by_family([found[0] for found in entries.values()]).set_index("family")["epochs"]
    texts = {key: f"{spent[recipe.family]:,.4g}" if recipe.family in spent else "–" for key, recipe in own.items()}
    return [f"{texts[a]} / {texts[b]}" for a, b in zip(rows["a"], rows["b"], strict=True)]


def _fields_card(selection: Selection, own: Mapping[str, Recipe], found: pd.DataFrame) -> None:
    """The values of every field in which the tickets differ."""
    table = recipe_differences.table(own, found)
    if table.empty or not len(table.columns):
        return
    styles = families.styles(selection)
    frame = table.rename(index={key: styles[key].label for key in table.index}).T.rename_axis("Field").reset_index()
    with fold(f"The {len(table.columns)} fields in which they differ", icon=":material/difference:") as opened:
        if opened:
            layout.table_card(
                "Fields of the recipes",
                frame,
                "fields",
                caption="What all have in common is left out; Provenance has the whole recipe of each.",
                meanings={REST: "the value of the field in the ticket's recipe", "Field": "a field of the recipes"},
                height="content" if len(frame) <= 14 else 520,
            )
