"""Training cost: what each ticket's accuracy took in training and search, all it descends from included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import training_cost
from analysis.comparisons.verdicts import against
from analysis.statistics.verdicts import IMAGES
from app import load
from app.charts.texts import dot, signed
from app.shell import families, layout, verdicts
from app.shell.left_out import packed_without, without_costs
from app.shell.score import ACCURACY, ShownScore
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.dynamics.charts import search_cost as charts

MEASURES = {"epochs": "Epochs", "seconds": "Seconds"}


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    if not families.any_measured(study) or packed_without(study, "record of how its tickets were trained"):
        return
    means = families.means(study)
    rows = means.dropna(subset=["accuracy"]).drop(columns="seconds")
    rows = rows.merge(_costs(study.path, study.stamp, study.name), on="key")
    selection = without_costs(selection)
    chosen = [key for key in [*families.dense_keys(study), *selection.keys] if key in set(rows["key"])]
    if rows.empty:
        layout.empty("What these tickets took is not known.", "Choose others in the grid at the left.")
        return
    styles = families.styles(selection, families.ordered(study, chosen))
    _sentence(selection, rows[rows["key"].isin(list(styles))], styles)
    _chart(selection, rows, styles)
    _table(rows[rows["key"].isin(list(styles))], styles, families.score(study))


@st.cache_data(max_entries=8, show_spinner="Adding up what was trained …")
def _costs(path: Path, stamp: str, name: str) -> pd.DataFrame:
    """Rows of `training_cost.cost_by_family` with their key."""
    study = load.open_study(name, path)
    entries = families.entries(study)
    keys = {
        entries[row.ticket_id].recipe.family: row.key for row in study.tickets.itertuples() if row.ticket_id in entries
    }
    found = training_cost.cost_by_family(entries.values())
    return found.assign(key=found["family"].map(keys)).drop(columns="family")


def _sentence(selection: Selection, rows: pd.DataFrame, styles: Mapping[str, Style]) -> None:
    """Which ticket that is shown to be as good as the baseline took the fewest epochs."""
    base, shown = selection.baseline, families.score(selection.study)
    if base is None or base.key not in set(rows["key"]):
        return
    table = against(verdicts.of_chosen(selection, "accuracy"), base.key)
    table = families.fractions(selection.study, table[table["a"].isin(rows["key"])])
    if table.empty:
        return
    good = training_cost.as_good(rows, table, shown.score.higher)
    labels = {key: style.label for key, style in styles.items()} | {base.key: base.label}
    epochs = rows.set_index("key")["epochs"]
    st.markdown(sentence(good, table, epochs, base.key, labels, verdicts.equivalence(selection), shown))


def sentence(
    good: pd.DataFrame,
    table: pd.DataFrame,
    epochs: pd.Series,
    base: str,
    labels: Mapping[str, str],
    within: float,
    shown: ShownScore = ACCURACY,
) -> str:
    """The fewest epochs of a ticket that is shown to be as good as the baseline, as markdown.

    Args:
        good: rows of `training_cost.as_good`, of those of `table`.
        table: rows of `comparisons.verdicts.against` the baseline.
        epochs: by key, of training and search.
        base: the baseline's key.
        labels: ticket's key -> its name.
        within: what counts as as good.
        shown: the score.
    """
    whose = " (these networks)" if (table["over"] == IMAGES).any() else ""
    tickets = f"Of {len(table)} ticket{'' if len(table) == 1 else 's'}{whose}"
    bound = f"as good as **{labels[base]}** within {shown.size(within)}"
    if good.empty:
        return f"{tickets} **none** is shown to be {bound}; {labels[base]} took {epochs[base]:.4g} epochs."
    first = good.iloc[0]
    size, low, high = (signed(100 * float(first[name])) for name in ("difference", "low", "high"))
    return (
        f"{tickets} **{len(good)}** {'is' if len(good) == 1 else 'are'} shown to be {bound} or better; of these "
        f"**{labels[first['a']]}** took the fewest epochs, {first['epochs']:.4g} against {epochs[base]:.4g} "
        f"({shown.name} {size} {shown.apart}, {low} to {high})."
    )


def _chart(selection: Selection, rows: pd.DataFrame, styles: dict[str, Style]) -> None:
    measure = selection.option("cost", "epochs", list(MEASURES))
    shown = families.score(selection.study)
    names = ["label", "accuracy", "accuracy_low", "accuracy_high", "epochs", "search", "seconds"]
    layout.card(
        f"{shown.title} against training cost",
        charts.against(rows, measure, styles, list(styles), selection.theme, shown),
        shown.table(rows[names]),
        "cost",
        config=layout.QUIET,
        help=f"{'Up' if shown.score.higher else 'Down'} and to the left is better. Everything that a ticket descends "
        "from counts, once: the dense network, every level of an iterative one, the search for a mask. A broad bar to "
        "the left of a point: the epochs of its search. Faint points: tickets that are not chosen.",
        caption=families.interval_words(selection) + " Tickets of one cost stand side by side. "
        + ("Epochs are counts, without an interval." if measure == "epochs" else
           "Seconds depend on the machine, and on what else it did."),
        meanings=shown.meanings,
        controls=lambda: selection.pick("cost", "Cost in", MEASURES, label_visibility="collapsed", width="content"),
    )  # fmt: skip


def _table(rows: pd.DataFrame, styles: dict[str, Style], shown: ShownScore) -> None:
    number, written = st.column_config.NumberColumn, st.column_config.TextColumn
    rows = rows.sort_values("epochs", kind="stable")
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in rows["key"]],
            "ticket": rows["label"],
            "epochs": rows["epochs"],
            "search": rows["search"],
            "times": rows["times"],
            "seconds": rows["seconds"],
            "accuracy": shown.score.factor * rows["accuracy"],
            "interval": [shown.spread(row.accuracy_low, row.accuracy_high) for row in rows.itertuples()],
        }
    )
    layout.table_card(
        "Training cost by ticket",
        shown.table(frame),
        "costs",
        columns={
            "colour": st.column_config.ImageColumn("", width=28),
            "ticket": written("Ticket", width=124),
            "epochs": number(
                "Epochs", width=66, format="%.4g", help="Of training and search, all it descends from included."
            ),
            "search": number("Search", width=64, format="%.4g", help="Epochs in which only mask or signs are trained."),
            "times": number("× dense", width=66, format="%.2f×", help="Epochs, as a multiple of the dense network's."),
            "seconds": number(
                "Seconds", width=72, format="%.1f", help="Of its line of descent, on the machine that found it."
            ),
            shown.column: number(shown.heading, width=78, format=shown.column_format),
            "interval": written("95 % interval", width=104),
        },
        caption="Means over seeds. Passes that only score weights are not counted as epochs; they are in the seconds.",
        height="content",
    )


SECTION = Section(
    "dynamics",
    "cost",
    "Training cost",
    50,
    show,
    "How much training does each ticket's accuracy cost?",
    "How much training does each ticket's score cost?",
)
