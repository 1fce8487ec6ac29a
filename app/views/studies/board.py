"""All studies on one board: each method at each sparsity, clean and under corruption, and which are the best."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import leaderboard, two_studies
from analysis.comparisons.outcomes import Images
from analysis.statistics.verdicts import DIFFERS, IMAGES
from app.charts.texts import bracket
from app.load import StudyView
from app.names import listed
from app.shell import layout, theme, verdicts
from app.shell.parameters import PREFERRED_SPARSITY
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.studies import members
from app.views.studies.charts import board as charts
from app.views.studies.members import Found
from app.views.studies.others import say_refused
from pruning.errors import few

LINES, FEWEST = 60, 4
"""Marks' lines that a chart has in all, about, and of each study at least."""
PARTS: dict[Images, str] = {"accuracy": "on clean images", "corrupted": "in the mean over corruptions"}


def show(selection: Selection) -> None:
    """Draw the section."""
    found = members.found(selection.study)
    names = found.names()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = selection.pick_many("board", "Studies", names, list(found.together), kind="menu")
        studies = {name: found.every[name] for name in chosen}
        if not studies:
            layout.empty("No study is chosen.", "Choose some above.")
            say_refused(found.refused)
            return
        together = [name for name in studies if name in found.together]
        table, common = members.board(list(studies.values()), together)
        here = table[table["study"].isin(together)]
        there = {f"{100 * level:g}": leaderboard.at(here, level)["study"].nunique() for level in leaderboard.sparsities(here)}
        levels = {level: f"{level} %" for level in there}
        usual = min(levels, key=lambda level: (-there[level], abs(float(level) - 100 * PREFERRED_SPARSITY), level), default="")
        level = selection.pick("board-at", "Sparsity", levels, usual, kind="select", width=150) if levels else ""
        within = verdicts.pick_equivalence(selection)
    rows = leaderboard.at(here, float(level) / 100) if level else here.iloc[:0]
    parts = [part for part in PARTS if rows[part].notna().any()]
    unread = members.unread([studies[name] for name in together], rows, parts, common)
    together = [name for name in together if name not in unread]
    table, here, rows = (each[~each["study"].isin(list(unread))] for each in (table, here, rows))
    placed = {part: members.places([studies[name] for name in together], rows, part, common, within) for part in parts}
    placed = {part: places for part, places in placed.items() if len(places)}
    if placed:
        st.markdown(sentence(rows, placed, names, level))
        dense = here[here["method"] == theme.DENSE]
        _chart(selection, rows, dense, placed, {name: names[name] for name in together}, studies)
    elif together:
        layout.empty("None of these studies has results of pruned tickets on these test images.")
    _table(table, placed, names, level, len(common))
    _facts(selection.study, studies, found, names)
    why = [f"{names[name]}: {found.why[name]}." for name in studies if name in found.why]
    layout.notes(["Measured on other images, so that its numbers stand in the table alone:", *why] if why else [])
    say_refused([*found.refused, *unread.values()])


def sentence(
    rows: pd.DataFrame, placed: Mapping[Images, pd.DataFrame], names: Mapping[str, str], level: str
) -> str:
    """Which methods of which studies are the best at a sparsity, and from how many they cannot be told apart.

    Args:
        rows: of `leaderboard.at`.
        placed: images -> rows of `leaderboard.places`.
        names: study -> what it is called.
        level: the sparsity in per cent.
    """
    said = [_best(rows, places, part, names) for part, places in placed.items()]
    studies = rows["study"].nunique()
    several = f"**{len(rows)}** tickets of **{studies}** studies" if studies > 1 else f"**{len(rows)}** tickets of one study"
    own = " (these networks)" if any((places["over"] == IMAGES).any() for places in placed.values()) else ""
    return f"At {level} % sparsity, of {several}{own} on the same test images, most accurate as measured: {'; '.join(said)}."


def _best(rows: pd.DataFrame, places: pd.DataFrame, part: Images, names: Mapping[str, str]) -> str:
    first = places.iloc[0]
    row = rows[(rows["study"] == first["study"]) & (rows["key"] == first["key"])].iloc[0]
    value, low, high = (100 * float(row[name]) for name in (part, f"{part}_low", f"{part}_high"))
    whose = f"**{row['label']}** of {layout.plain(names[row['study']])}"
    told = f"{PARTS[part]} {whose}, {value:.1f} % ({low:.1f} to {high:.1f})"
    behind = int((~places["best"]).sum())
    level = int(places["best"].sum()) - 1
    parts = [f"**{behind}** {'is' if behind == 1 else 'are'} less accurate"] if behind else []
    parts += [f"from **{level}** it cannot be told apart"] if level else []
    return f"{told}, of the others {listed(parts)}" if parts else told


def _chart(
    selection: Selection,
    rows: pd.DataFrame,
    dense: pd.DataFrame,
    placed: Mapping[Images, pd.DataFrame],
    names: Mapping[str, str],
    studies: Mapping[str, StudyView],
) -> None:
    first = next(iter(placed))
    most = max(FEWEST, LINES // rows["study"].nunique())
    drawn = rows[rows.groupby("study")[first].rank(ascending=False, method="first") <= most]
    left = "" if len(drawn) == len(rows) else f" Of each study the {most} most accurate are drawn; the table has all."
    methods = list(dict.fromkeys(drawn["method"]))
    originals = {made: of for study in studies.values() for made, of in study.originals.items()}
    every = [(method, method, 0.0, method) for method in methods]
    known = [method for study in studies.values() for method in study.methods]
    own = selection.study.methods if selection.study.name in studies else []
    styles = theme.styles(every, known, selection.theme.mode, originals, own)
    labels = dict(zip(drawn["method"], drawn["label"].str.replace(r" [\d.]+ %$", "", regex=True), strict=True))
    layout.card(
        "Each study's methods, best study first",
        charts.board(drawn, dense, placed, names, styles, labels, selection.theme),
        lambda: rows.assign(study=rows["study"].map(names)).drop(columns=["key", "method"]),
        "board",
        meanings=MEANINGS,
        config=layout.QUIET,
        help="A line of marks a study, a mark a method. Filled: it cannot be told apart from the best of all, or is "
        "equivalent to it. Hollow: it is less accurate. The upright stroke is the study's dense network, which takes "
        "no part.",
        caption="Bars: 95 % intervals, over seeds, or over test images where there is one seed. What is filled is decided "
        "by the paired differences of all these tickets, one family of tests, and not by whether bars overlap." + left,
    )  # fmt: skip


SHARED = "Of the same place: = equivalent to its best, ○ cannot tell."
MEANINGS = {
    "study": "the study",
    "accuracy_low": "lower end of its 95 % interval", "accuracy_high": "upper end of its 95 % interval",
    "corrupted_low": "lower end of its 95 % interval", "corrupted_high": "upper end of its 95 % interval",
    "corrupted": "share of the corrupted test images classified right, the mean over the corruptions and severities "
    "that all studies on these images measured",
    "network": "the network", "data": "the data set, as the study names it", "training": "of the dense network",
    "differs": "settings of the study.toml that are others than this study's",
    "compared": "whether it takes part in the comparison, and if not, why",
    "place": "among the tickets at the chosen sparsity, clean and under corruption; = equivalent to the best of that "
    "place, ○ cannot be told from it",
}  # fmt: skip


def _table(
    table: pd.DataFrame, placed: Mapping[Images, pd.DataFrame], names: Mapping[str, str], level: str, conditions: int
) -> None:
    rows = _ordered(table, placed)
    ranks = [_ranks(rows, placed.get(part)) for part in PARTS]
    written: dict[str, list[str]] = {part: _written(rows, part) for part in PARTS}
    frame = pd.DataFrame(
        {
            "study": rows["study"].map(names),
            "label": rows["label"],
            "place": [" / ".join(filter(None, both)) for both in zip(*ranks, strict=True)],
            **written,
            "sparsity": 100 * rows["sparsity"],
            "seeds": rows["seeds"],
        }
    )
    numbers = [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")]
    text = st.column_config.TextColumn
    layout.table_card(
        "All methods at all sparsities",
        frame,
        "board-all",
        columns={
            "study": text("Study"),
            "label": text("Ticket"),
            "place": text("Place", help=f"At {level} %, clean / corrupted. {SHARED}" if level else None),
            "accuracy": text("Clean, %", help="Accuracy on clean images, with its 95 % interval."),
            "corrupted": text("Corrupted, %", help="The mean over corruptions, with its 95 % interval."),
            "sparsity": None,  # the names say it; the CSV has both
            "seeds": None,
        },
        caption=f"Corrupted: the mean over {conditions} conditions that all studies on these images measured. A click on a "
        "heading sorts. Numbers of studies on other images stand here too and are not comparable.",
        data=lambda: frame.assign(**{name: 100 * rows[name].astype(float) for name in numbers}),
        meanings={**MEANINGS, "accuracy": "share of the clean test images classified right [%]",
                  "corrupted": f"{MEANINGS['corrupted']} [%]"},
        height=211,
    )  # fmt: skip


def _ordered(table: pd.DataFrame, placed: Mapping[Images, pd.DataFrame]) -> pd.DataFrame:
    """Those that have a place first, then the rest, the least sparse first; the most accurate before the others."""
    known = {pair for places in placed.values() for pair in zip(places["study"], places["key"], strict=True)}
    rest = [pair not in known for pair in zip(table["study"], table["key"], strict=True)]
    rows = table.assign(rest=rest).sort_values("accuracy", ascending=False, kind="stable")
    return rows.sort_values(["rest", "sparsity"], kind="stable") if known else rows.sort_values("sparsity", kind="stable")


def _ranks(rows: pd.DataFrame, places: pd.DataFrame | None) -> list[str]:
    if places is None:
        return [""] * len(rows)
    known = {
        (row.study, row.key): f"{row.rank} {verdicts.MARKS[row.verdict]}" if row.tied and row.verdict else str(row.rank)
        for row in places.itertuples()
    }
    return [known.get(pair, "") for pair in zip(rows["study"], rows["key"], strict=True)]


def _written(rows: pd.DataFrame, name: str) -> list[str]:
    """Shares in per cent with their intervals, of one width, so that a click on the heading sorts them as numbers."""
    ends = rows[[name, f"{name}_low", f"{name}_high"]].astype(float)
    return ["–" if np.isnan(value) else f"{100 * value:5.1f}{bracket(low, high)}" for value, low, high in ends.to_numpy()]


def _facts(study: StudyView, studies: Mapping[str, StudyView], found: Found, names: Mapping[str, str]) -> None:
    frame = pd.DataFrame([_fact(study, each, found, names) for each in studies.values()])
    text = st.column_config.TextColumn
    layout.table_card(
        "What each study is of, and what can be compared",
        frame,
        "board-studies",
        folded=True,
        columns={
            "study": text("Study"), "network": text("Network"), "data": text("Data"), "training": text("Training"),
            "seeds": st.column_config.NumberColumn("Seeds"), "compared": text("Compared", width="large"),
            "differs": text("Set otherwise than in this study", width="large"),
        },
        caption="The same test images are those whose classes are the same, one after the other. At one sparsity networks "
        "of other sizes keep other numbers of weights.",
        meanings=MEANINGS,
        height="content",
    )  # fmt: skip


def _fact(study: StudyView, other: StudyView, found: Found, names: Mapping[str, str]) -> dict[str, object]:
    training = other.config.training
    changed = [
        name
        for name in two_studies.settings_that_differ(study.config, other.config)["setting"]
        if not name.startswith("method ") and not name.startswith("analysis")
    ]
    return {
        "study": names[other.name],
        "network": other.config.model,
        "data": other.config.data,
        "training": f"{training.epochs:g} epochs, {training.optimizer}, rate {training.lr:g}",
        "seeds": len(other.seeds),
        "compared": _compared(study, other, found),
        "differs": few(changed) if changed else "",
    }


def _compared(study: StudyView, other: StudyView, found: Found) -> str:
    if other.name in found.why:
        return f"no: {found.why[other.name]}"
    if other.name == study.name:
        return "yes: this study"
    same = len(set(study.tickets["ticket_id"]) & set(other.tickets["ticket_id"]))
    said = ["yes: the same test images"]
    said += [f"{same} of its {len(other.tickets)} tickets are of the same recipes as here"] if same else []
    said += ["another network"] if study.config.model != other.config.model else []
    return ", ".join(said)


def _has_company(selection: Selection) -> bool:
    return len(members.found(selection.study).together) > 1


SECTION = Section(
    "studies",
    "board",
    "All on one board",
    10,
    show,
    "Any number of studies: which method of which is the most accurate, clean and under corruption?",
    of_classifiers=True,
    shown=_has_company,
)
