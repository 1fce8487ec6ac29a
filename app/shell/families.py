"""Families of tickets, the same but for their seed: what was measured of them, their files, and how they are drawn.

What is read is kept while the study's files stay the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import costs, family_means, recorded, scores
from analysis.comparisons.outcomes import CORRUPTIONS, Images
from analysis.comparisons.scores import Scores
from analysis.comparisons.stored_conditions import stored_per_image
from analysis.comparisons.verdicts import Told
from app import load
from app.load import StudyView
from app.memory.remembered import remembered
from app.shell import layout, theme
from app.shell.lacking import unmeasured
from app.shell.score import ACCURACY, ShownScore
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from pruning.errors import few
from pruning.study.commands import finding
from pruning.study.folder import Entry
from pruning.study.opened import only_read
from pruning.training.recording import Recording, of_elsewhere


def entries(study: StudyView) -> dict[str, Entry]:
    """Id -> what the ticket's file says of it, for every ticket of the study."""
    return _entries(study.path, study.stamp)


@st.cache_resource(max_entries=32, show_spinner=False)
def _entries(path: Path, stamp: str) -> dict[str, Entry]:
    return {entry.id: entry for entry in load.folder(path).entries()}


def of_task(study: StudyView) -> Scores:
    """The scores of a study whose task is not to classify images, as its tickets have them."""
    return _of_task(study.path, study.stamp, study.name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_task(path: Path, stamp: str, name: str) -> Scores:
    study = load.open_study(name, path)
    reached = {ticket: entry.info.accuracy for ticket, entry in entries(study).items()}
    return scores.of_tickets(study.task.score, study.tickets, reached)


def means(study: StudyView) -> pd.DataFrame:
    """Rows of `comparisons.family_means.by_family` for all tickets of the study."""
    return _means(study.path, study.stamp, study.name)


@st.cache_data(max_entries=8, show_spinner="Summing up the study …")
def _means(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    if study.task.classifies_images:
        return family_means.by_family(measured(study))
    return scores.by_family(of_task(study), study.tickets)


def score(study: StudyView) -> ShownScore:
    """What pages show of a study: how accurately it classifies images, or the score of its task."""
    if study.task.classifies_images:
        return ACCURACY
    return ShownScore(study.task.score, images=False, by_factors=of_task(study).by_factors)


def kinds(study: StudyView) -> list[Images]:
    """What tickets are compared by: clean and corrupted images; of other tasks the score, in place of the first."""
    return list(CORRUPTIONS)[: None if score(study).images else 1]


def measured(study: StudyView) -> pd.DataFrame:
    """Rows of `comparisons.family_means.measured`: all tickets of the study, a row a seed."""
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "accuracy"])
    gaps = load.query(study, family_means.GAPS)
    # means over all conditions
    conditions, gaps = (rows[~rows["ticket_id"].isin(list(lacking(study)))] for rows in (conditions, gaps))
    return family_means.measured(study.tickets, load.table(study, "summary"), conditions, gaps)


def any_measured(study: StudyView) -> bool:
    """Whether any ticket of the study was measured; says how to do that where none was."""
    if means(study)["accuracy"].notna().any():
        return True
    if not score(study).images:
        layout.empty(f"No ticket of this study has a {score(study).name}.", "They were stopped on the way, or failed.")
        return False
    unmeasured(
        study,
        "Nothing is measured yet.",
        "The tickets are found, but not shown the test set. Measure them; this page fills as that goes on.",
    )
    return False


def efficiency(study: StudyView) -> pd.DataFrame:
    """Rows of `comparisons.costs.by_family` for all tickets of the study; none where nothing was measured."""
    measured = load.table(study, "efficiency").reindex(columns=["ticket_id", *costs.MEANS, "shrunk"])
    table = pd.concat([measured, recorded.efficiency(recordings(study))], ignore_index=True)
    if table.empty:
        return pd.DataFrame(columns=["key", *costs.MEANS, "shrunk", "macs_share"])
    found = costs.by_family(study.tickets, table)
    return found[found["macs_kept"].notna()]


def recordings(study: StudyView) -> dict[str, Recording]:
    """Ticket id -> what was recorded of a network that stays elsewhere."""
    found = {ticket: of_elsewhere(entry.info.recording) for ticket, entry in entries(study).items()}
    return {ticket: each for ticket, each in found.items() if each is not None}


def lacking(study: StudyView) -> dict[str, list[str]]:
    """Recorded ticket -> the conditions that others were shown and it was not, of those that lack some."""
    return _lacking(study.path, study.stamp, study.name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _lacking(path: Path, stamp: str, name: str) -> dict[str, list[str]]:
    study = load.open_study(name, path)
    brought = recordings(study)
    if not brought:
        return {}
    return recorded.lacking(load.table(study, "conditions", columns=["ticket_id", "corruption", "severity"]), brought)


def outcomes(study: StudyView, images: Images, keys: Sequence[str] | None = None) -> Told:
    """Which images each family, or those of `keys`, classifies correctly, or its scores, for `comparisons.verdicts`."""
    return _outcomes(study.path, study.stamp, study.name, images, None if keys is None else tuple(keys))


@remembered()
def _outcomes(path: Path, stamp: str, name: str, images: Images, keys: tuple[str, ...] | None) -> Told:
    study = load.open_study(name, path)
    if not study.task.classifies_images:
        return of_task(study)
    tickets = study.tickets if keys is None else study.tickets[study.tickets["key"].isin(keys)]
    if images != "accuracy":
        tickets = tickets[~tickets["ticket_id"].isin(list(lacking(study)))]
    return stored_per_image(load.results(path), tickets, images)


def fractions(study: StudyView, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of verdicts with differences as fractions, as `ShownScore` writes them."""
    return table if score(study).images else scores.fractions(of_task(study), table)


def without_ticket(study: StudyView) -> list[str]:
    """A sentence, if any, about results whose tickets are gone, which the pages leave out."""
    gone = sorted(set(load.results(study.path).ids("conditions")) - set(study.tickets["ticket_id"]))
    if not gone:
        return []
    again = only_read(study.path) or f"{finding(study.path)} finds them again."
    return [f"Results without a ticket are left out: the files of {few(gone)} are gone or cannot be read. {again}"]


def entries_of(study: StudyView, keys: Sequence[str]) -> dict[str, list[Entry]]:
    """Key -> what the files of its tickets say, seed by seed, for those of `keys` that are there."""
    there = entries(study)
    rows = study.tickets[study.tickets["key"].isin(list(keys))]
    found: dict[str, list[Entry]] = {key: [] for key in dict.fromkeys(rows["key"])}
    for row in rows.sort_values("seed", kind="stable").itertuples():
        if row.ticket_id in there:
            found[str(row.key)].append(there[row.ticket_id])
    return {key: own for key, own in found.items() if own}


def controls(study: StudyView, keys: Sequence[str]) -> list[str]:
    """Keys of what is made from any of these tickets, in the study's order."""
    there = entries(study)
    originals = {entry.recipe.family for each in entries_of(study, keys).values() for entry in each}
    made = {
        ticket for ticket, entry in there.items() if entry.recipe.of is not None and entry.recipe.of.family in originals
    }
    return list(dict.fromkeys(study.tickets.loc[study.tickets["ticket_id"].isin(made), "key"]))


def ordered(study: StudyView, keys: Sequence[str]) -> list[str]:
    """The keys once each, in the study's order."""
    return [key for key in dict.fromkeys(study.tickets["key"]) if key in set(keys)]


def dense_keys(study: StudyView) -> list[str]:
    """Keys of the dense network."""
    return list(dict.fromkeys(study.tickets.loc[study.tickets["method"] == DENSE, "key"]))


def styles(selection: Selection, keys: Sequence[str] | None = None) -> dict[str, Style]:
    """Key -> style, in the order of `keys`, else of all tickets of the study; chosen ones look as on every page."""
    study = selection.study
    first = study.tickets.drop_duplicates("key").set_index("key")
    keys = list(first.index) if keys is None else keys
    rows = zip(first.index, first["method"], first["sparsity"].astype(float), first["label"], strict=True)
    known = {row[0]: row for row in rows}
    every = [known[key] for key in keys]
    chosen = {ticket.key: ticket.style for ticket in selection.tickets if ticket.key in keys}
    return theme.styles(every, study.methods, selection.theme.mode, study.originals) | chosen


def method_styles(selection: Selection) -> dict[str, Style]:
    """Method -> style of a line over its sparsities."""
    study = selection.study
    first = study.tickets.drop_duplicates("method")
    every = [(row.method, row.method, 0.0, row.method_label) for row in first.itertuples()]
    return theme.styles(every, study.methods, selection.theme.mode, study.originals)


def mean_words(seeds: int, several: str = "", tail: str = "", geometric: bool = False) -> str:
    """What means and their intervals are over, for a caption; that there are none, of one seed.

    Args:
        seeds: how many, at most.
        several: what follows where there are.
        tail: what follows in either case.
        geometric: whether the means are.
    """
    if seeds < 2:
        return f"One seed, so no intervals{tail}."
    means, of = ("Geometric means", ", of the logarithm") if geometric else ("Means", "")
    return f"{means} over {seeds} seeds with 95 % intervals (Student's{of}){several}{tail}."


def interval_words(selection: Selection) -> str:
    """What the intervals of accuracies, or scores, are over, for a caption."""
    shown = score(selection.study)
    if not shown.images:
        if len(selection.study.seeds) == 1:
            return mean_words(1)
        geometric = " geometric" if shown.by_factors else ""
        return f"Bars: 95 % intervals of the{geometric} mean over {len(selection.study.seeds)} seeds (Student's)."
    if len(selection.study.seeds) > 1:
        return f"Bars: 95 % intervals of the mean over {len(selection.study.seeds)} seeds (Student's)."
    return "Bars: 95 % intervals over test images (Wilson's), as there is one seed."


def named(rows: pd.DataFrame, styles: Mapping[str, Style]) -> pd.DataFrame:
    """The rows with the tickets' names, first, in place of their keys, for a download."""
    names = rows["key"].map({key: style.label for key, style in styles.items()})
    rows = rows.drop(columns="key")
    rows.insert(0, "ticket", names)
    return rows
