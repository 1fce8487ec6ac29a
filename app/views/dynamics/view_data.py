"""What the views of the page Dynamics start from: families of tickets, their files, and who is made from whom."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app.load import StudyView
from app.shell import layout, theme
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.views.overview.lineage import entries
from pruning.recipe import FINDERS
from pruning.study.folder import Entry


def found(study: StudyView, keys: Sequence[str]) -> dict[str, list[Entry]]:
    """Key -> what the files of its tickets say, seed by seed, for those of `keys` that are there."""
    there = entries(study)
    rows = study.tickets[study.tickets["key"].isin(list(keys))]
    result: dict[str, list[Entry]] = {}
    for row in rows.sort_values("seed", kind="stable").itertuples():
        if row.ticket_id in there:
            result.setdefault(str(row.key), []).append(there[row.ticket_id])
    return {key: result[key] for key in dict.fromkeys(rows["key"]) if key in result}


def controls(study: StudyView, keys: Sequence[str]) -> list[str]:
    """Keys of what is made from any of these tickets, in the study's order."""
    there = entries(study)
    families = {entry.recipe.family for each in found(study, keys).values() for entry in each}
    made = {
        ticket for ticket, entry in there.items() if entry.recipe.of is not None and entry.recipe.of.family in families
    }
    return list(dict.fromkeys(study.tickets.loc[study.tickets["ticket_id"].isin(made), "key"]))


def ordered(study: StudyView, keys: Sequence[str]) -> list[str]:
    """The keys once each, in the study's order."""
    return [key for key in dict.fromkeys(study.tickets["key"]) if key in set(keys)]


def dense_keys(study: StudyView) -> list[str]:
    """Keys of the dense network."""
    return list(dict.fromkeys(study.tickets.loc[study.tickets["method"] == DENSE, "key"]))


def styles(selection: Selection, keys: Sequence[str]) -> dict[str, Style]:
    """Key -> style, in the order of `keys`; chosen tickets look as on every page."""
    study = selection.study
    first = study.tickets.drop_duplicates("key").set_index("key")
    every = [(key, first.at[key, "method"], float(first.at[key, "sparsity"]), first.at[key, "label"]) for key in keys]
    chosen = {ticket.key: ticket.style for ticket in selection.tickets}
    return theme.styles(every, study.methods, selection.theme.mode, study.originals) | {
        key: style for key, style in chosen.items() if key in keys
    }


def method_styles(selection: Selection) -> dict[str, Style]:
    """Method -> style of a line over its sparsities."""
    study = selection.study
    first = study.tickets.drop_duplicates("method")
    every = [(row.method, row.method, 0.0, row.method_label) for row in first.itertuples()]
    return theme.styles(every, study.methods, selection.theme.mode, study.originals)


def named(rows: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    """The rows with the tickets' names in place of their keys, for a download."""
    rows = rows.copy()
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in styles.items()}))
    return rows.drop(columns="key")


def interval_words(selection: Selection) -> str:
    """What the intervals of accuracies are over, for a caption."""
    if len(selection.study.seeds) > 1:
        return f"Bars: 95 % intervals of the mean over {len(selection.study.seeds)} seeds (Student's)."
    return "Bars: 95 % intervals over test images (Wilson's), as there is one seed."


def not_reordered(study: StudyView) -> None:
    """Says which method a study needs before two trainings can be compared, and what to run."""
    there = any(FINDERS[entry.recipe.finder].reorders for entry in entries(study).values())
    if there:
        layout.empty(
            "The two trainings are not compared yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {study.path} --only lines --only stability",
        )
        return
    layout.empty(
        "No ticket of this study was trained a second time under another order of the data.",
        'Add a [[method]] with finder = "reordered" and of = "imp" (or another method, or "dense") to study.toml, find '
        "it and measure it.",
        f"python -m pruning run {study.path}\npython -m analysis run {study.path}",
    )
