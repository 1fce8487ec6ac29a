"""The cards of the page Studies: accuracies, masks, settings, and the table of all numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import mask_pairs, two_studies
from analysis.metrics import overlap
from analysis.metrics.overlap_metrics import METRICS
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES
from app import load
from app.charts.base import NOISE
from app.load import StudyView
from app.charts.texts import signed, spread
from app.shell import families, layout, verdicts
from app.shell.score import ACCURACY, ShownScore
from app.shell.selection import Selection
from app.shell.theme import DENSE
from app.views.studies.charts import agreement as charts
from app.views.studies import pair as pair_of
from app.views.studies.pair import Pair

MEASURES = {two_studies.ACCURACY: "clean", two_studies.CORRUPTED: "corrupted, mean"}
SIDES = charts.SIDES


def accuracy_card(selection: Selection, pair: Pair, table: pd.DataFrame) -> None:
    """Draw each ticket's accuracy in both studies."""
    paired = table[table["difference"].notna()]
    layout.card(
        "Accuracy of each ticket in both studies" if len(paired) else "No ticket is in both studies",
        charts.dumbbells(table, pair.styles, pair.names, selection.theme),
        lambda: _long(pair, table),
        "studies",
        meanings={"first": "accuracy in the first study [%]", "second": "accuracy in the second study [%]",
                  "difference": "second minus first [points]", "images": "clean or corrupted test images"},
        config=layout.QUIET,
        help="Solid: the first study, hollow: the second. Bars are 95 % intervals, over seeds, or over test images "
        "where there is one seed. A strong line joins tickets that differ, a dotted one others. The "
        "corrupted mean is over the corruptions and severities that both studies measured.",
        caption=f"At the right: second minus first in points; =: equivalent; {NOISE}: one cannot tell. "
        + verdicts.speak_of(paired),
        controls=lambda: verdicts.pick_equivalence(selection),
    )


def sentence(
    table: pd.DataFrame,
    labels: Mapping[str, str],
    names: tuple[str, str],
    within: float,
    shown: ShownScore = ACCURACY,
) -> str:
    """How many tickets differ between two studies, and which most, as markdown; "" where no ticket is in both.

    Args:
        table: rows of `two_studies.compare_studies`, or of `pair.scored`, of one measure or several.
        labels: ticket's key -> its name.
        names: of the two studies.
        within: what counts as equivalent.
        shown: the score.
    """
    rows = table[table["difference"].notna()]
    if rows.empty:
        return ""
    found = rows["verdict"].value_counts()
    real, same, unknown = (int(found.get(verdict, 0)) for verdict in (DIFFERS, EQUIVALENT, CANNOT_TELL))
    pairs = f"{len(rows)} pair{'' if len(rows) == 1 else 's'}"
    whose = " (these networks)" if (rows["over"] == IMAGES).any() else ""
    said = [f"of {pairs}{whose} **{real}** {'differs' if real == 1 else 'differ'}"]
    if real:
        differ = rows[rows["verdict"] == DIFFERS]
        most = differ.loc[differ["difference"].abs().idxmax()]
        size, low, high = (signed(100 * float(most[name])) for name in ("difference", "low", "high"))
        on = f" ({MEASURES[most['measure']]})" if "measure" in most and len(set(rows["measure"])) > 1 else ""
        said.append(f"most as measured **{labels[most['key']]}**{on}: {size} {shown.apart} ({low} to {high})")
    if same:
        said.append(f"**{same}** {'is' if same == 1 else 'are'} equivalent within {shown.size(within)}")
    if unknown:
        said.append(f"of **{unknown}** one cannot tell")
    return f"**{layout.plain(names[1])}** against **{layout.plain(names[0])}**, ticket by ticket: {'; '.join(said)}."


def score_card(selection: Selection, pair: Pair) -> None:
    """Draw the table of each ticket's score in both studies, and of their differences."""
    shown, within = families.score(pair.one), verdicts.equivalence(selection)
    rows = pair_of.scored(pair, within)
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    frame = pd.DataFrame(
        {
            "ticket": [pair.styles[key].label for key in rows["key"]],
            **{side: shown.score.factor * rows[side] for side in SIDES},
            "difference": 100 * rows["difference"],
            "interval": [spread(low, high, "{:+.1f}", unit="") for low, high in zip(rows["low"], rows["high"], strict=True)],
            "p_holm": rows["p_holm"],
            "verdict": [
                "only in one" if pd.isna(row["verdict"]) else verdicts.words(row, within, size=shown.size)
                for _, row in rows.iterrows()
            ],
        }
    )
    labels = {key: style.label for key, style in pair.styles.items()}
    paired = int(rows["verdict"].notna().sum())
    if paired:
        st.markdown(sentence(rows, labels, pair.names, within, shown))
    columns: dict[str, object] = {
        "ticket": text("Ticket"),
        **{side: number(f"{word} study", format=shown.column_format, help=name)
           for side, word, name in zip(SIDES, ("First", "Second"), pair.names, strict=True)},
        "difference": number(f"Difference ({shown.apart})", format="%+.1f", help="Second against first."),
        "interval": text("95 % interval"),
        "p_holm": number("p (Holm)", format="%.4f"),
        "verdict": text("Verdict"),
    }  # fmt: skip
    layout.table_card(
        f"{shown.title} of each ticket in both studies" if paired else "No ticket is in both studies",
        frame,
        "studies-scores",
        columns=columns,
        help=f"{shown.title} as the tickets have it; {shown.direction}. {shown.score.meaning}".strip(),
        caption=f"First: {pair.names[0]}. Second: {pair.names[1]}. Means over seeds. "
        + verdicts.speak_of(rows[rows["verdict"].notna()], and_images=""),
        controls=lambda: verdicts.pick_equivalence(selection),
        height="content",
    )


def masks_card(selection: Selection, pair: Pair) -> None:
    """Draw how far the masks of the one study agree with those of the other."""
    title = "Mask overlap between the studies"
    rows, columns = _pruned(pair.one, pair.keys[0], selection.seed), _pruned(pair.other, pair.keys[1], selection.seed)
    alike = dict(load.described(pair.one).layers) == dict(load.described(pair.other).layers)
    if not rows or not columns or not alike:
        with st.container(border=True, key="card-between"):
            st.markdown(f"**{title}**")
            why = "a pruned ticket of each study is needed" if alike else "the two networks have other layers"
            layout.empty(f"No masks to compare: {why}.")
        return
    counts = load.overlaps_between([(pair.one, list(rows)), (pair.other, list(columns))])
    first = {f"0 {ticket}": label for ticket, label in rows.items()}
    second = {f"1 {ticket}": label for ticket, label in columns.items()}
    table = mask_pairs.between(counts, list(first), list(second))
    layout.card(
        title,
        charts.between(table, (first, second), selection.theme),
        table.assign(first=table["first"].map(first), second=table["second"].map(second)),
        "between",
        config=layout.QUIET,
        help="Rows: tickets of the first study, columns: of the second. " + METRICS["adjusted"].help,
        caption=f"Masks of one seed each ({selection.seed}, where the study has it), so without an interval; 0 is what "
        "chance gives at these layers' sparsities.",
    )


def _pruned(view: StudyView, keys: list[str], seed: int) -> dict[str, str]:
    """Id -> label of the pruned tickets at a seed, or at the study's first where it has not that one."""
    seed = seed if seed in view.seeds else view.detail_seed if view.detail_seed in view.seeds else view.seeds[0]
    rows = view.tickets[view.tickets["key"].isin(keys) & (view.tickets["seed"] == seed)]
    rows = rows[rows["method"] != DENSE].sort_values("key", key=lambda names: names.map(keys.index), kind="stable")
    return dict(zip(rows["ticket_id"], rows["label"], strict=True))


def settings_card(pair: Pair) -> None:
    """Draw what the two study files say differently."""
    frame = two_studies.settings_that_differ(pair.one.config, pair.other.config)
    if frame.empty:
        with st.container(border=True, key="card-settings"):
            st.markdown("**The study files do not differ**")
        return
    text = st.column_config.TextColumn
    layout.table_card(
        "Differences between the study files",
        frame,
        "settings",
        columns={"setting": text("Setting"), "first": text("First study"), "second": text("Second study")},
        height=min(420, 38 + 35 * len(frame)),
    )


def table_card(pair: Pair, table: pd.DataFrame) -> None:
    """Draw the numbers of every ticket."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, object] = {"ticket": text("Ticket"), "images": text("Images"), "verdict": text("Verdict")}
    for side, name in zip(SIDES, ("First", "Second"), strict=True):
        columns[side] = number(f"{name} (%)", format="%.1f")
        columns |= {f"{side}_{end}": number(word, format="%.1f") for end, word in (("low", "from"), ("high", "to"))}
    columns["difference"] = number("Difference (points)", format="%+.1f", help="Second minus first.")
    columns |= {"low": number("from", format="%+.1f"), "high": number("to", format="%+.1f")}
    columns |= {"p_holm": number("p (Holm)", format="%.4f"), "detectable": number("Detectable", format="%.1f")}
    bounds = {side: (f"{side}_low", f"{side}_high") for side in SIDES}
    layout.table_card(
        "Accuracy in both studies",
        lambda: _long(pair, table),
        "studies-table",
        folded=True,
        columns=columns,
        caption=f"First: {pair.names[0]}. Second: {pair.names[1]}. Detectable: the difference that so many seeds and images "
        "would have shown with 80 % power, in points.",
        paper={"intervals": {**bounds, "difference": ("low", "high")}},
        height="content",
    )


def _long(pair: Pair, table: pd.DataFrame) -> pd.DataFrame:
    """The rows for reading: names for keys, per cent and points, and a verdict in words."""
    rows = table.copy()
    shares = ["first", "first_low", "first_high", "second", "second_low", "second_high"]
    shares += ["difference", "low", "high", "detectable"]
    rows[shares] = 100 * rows[shares].astype(float)
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in pair.styles.items()}))
    rows.insert(1, "images", rows["measure"].map(MEASURES))
    rows["verdict"] = rows["verdict"].where(rows["verdict"] != "", "only in one")
    return rows[["ticket", "images", *shares[:9], "p_holm", "verdict", "detectable"]].reset_index(drop=True)
