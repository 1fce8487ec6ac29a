"""Accuracy over levels of sparsity: every method, and one of them against its controls."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import baseline
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.views.dynamics.charts import levels as charts
from pruning.procedure import FINDERS

MOST = 4
"""Methods compared at first where there are no controls."""


def show(selection: Selection) -> None:
    """Draw the section."""
    means = families.means(selection.study)
    pruned = means[(means["method"] != DENSE) & (means["sparsity"] > 0)]
    if pruned["accuracy"].isna().all():
        layout.empty(
            "No pruned ticket is measured yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {selection.study.path}",
        )
        return
    styles = families.method_styles(selection)
    reference, others = _pick(selection, pruned, styles)
    rows = baseline.by_sparsity(means, families.outcomes(selection.study, "accuracy"), reference, others)
    compared = {method: styles[method] for method in others if (rows["method"] == method).any()}
    name = styles[reference].label
    if compared:
        st.markdown("  \n".join(sentence(style.label, name, rows[rows["method"] == method])
                                for method, style in compared.items()))  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        _accuracy_card(selection, means, {method: styles[method] for method in [reference, *others]})
    with right:
        _gaps_card(selection, rows, (reference, name), compared)


def _pick(selection: Selection, pruned: pd.DataFrame, styles: dict[str, Style]) -> tuple[str, list[str]]:
    """The method looked at, at first one with controls, else the most accurate; and those it is compared with."""
    again = {method.title for method in selection.study.config.methods if FINDERS[method.finder].reorders}
    originals = {method: of for method, of in selection.study.originals.items() if method not in again}
    labels = {method: styles[method].label for method in dict.fromkeys(pruned["method"])}
    with_controls = [method for method in labels if method in originals.values()]
    best = str(pruned.groupby("method")["accuracy"].mean().idxmax())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        reference = selection.pick(
            "level",
            "Reference method",
            labels,
            default=next(iter(with_controls), best),
            kind="select",
            width=240,
        )
        rest = {method: label for method, label in labels.items() if method != reference}
        made = [method for method in rest if originals.get(method) == reference]
        with st.container(width="stretch"):
            others = selection.pick_many(
                "against", "Compared with", rest, default=made or list(rest)[:MOST], kind="menu", max_selections=8
            )
    return reference, others


def _accuracy_card(selection: Selection, means: pd.DataFrame, shown: dict[str, Style]) -> None:
    names = ["label", "sparsity", "accuracy", "accuracy_low", "accuracy_high", "seeds"]
    layout.card(
        "Accuracy against weights kept",
        charts.accuracy(means, shown, selection.theme),
        means[names],
        "levels",
        config=layout.QUIET,
        help="Means over seeds with 95 % intervals, set side by side so that they do not hide each other. Grey: the "
        "study's other methods, whose intervals the hover tells. Dashed: the dense network with its interval.",
        caption=families.interval_words(selection),
    )


def _gaps_card(
    selection: Selection, rows: pd.DataFrame, reference: tuple[str, str], compared: dict[str, Style]
) -> None:
    method, label = reference
    if not compared:
        layout.empty(
            f"There is nothing to compare {label} with.",
            "Choose methods above that were pruned to the same sparsities, or add a control to study.toml: a "
            f'[[method]] with finder = "random_reinit" or "shuffled" and of = "{method}".',
            f"make study STUDY={selection.study.path / 'study.toml'}",
        )
        return
    by_seed = len(selection.study.seeds) > 1
    layout.card(
        f"Accuracy difference to {label}",
        charts.differences(rows, label, compared, selection.theme),
        rows.assign(method=rows["method"].map({key: style.label for key, style in compared.items()})),
        "gaps",
        config=layout.QUIET,
        help="Accuracy minus that of the reference method, at the same sparsity, on the same images. Full symbols: "
        "beyond the noise; hollow ones: within it.",
        caption="Beyond the noise: two 95 % intervals leave out zero, that over the test images (paired, "
        f"Bonferroni-corrected for {len(rows)} comparisons)"
        + (" and that over seeds (paired, Student's), which is drawn." if by_seed else "."),
    )


def sentence(name: str, reference: str, rows: pd.DataFrame) -> str:
    """At which levels a method differs from the reference beyond the noise, in one sentence."""
    rows = rows.sort_values("sparsity")
    worse, better = (rows[rows["real"] & (sign * rows["difference"] < 0)] for sign in (1, -1))
    said = [
        f"{word} than {reference} with {_kept(found)} of the weights kept, by {_points(found)}"
        for word, found in (("worse", worse), ("better", better))
        if len(found)
    ]
    noise = rows[~rows["real"]]
    if not said:
        return f"**{name}** is within noise of {reference} at every level."
    tail = f"; with {_kept(noise)} the difference is within noise." if len(noise) else "."
    return f"**{name}** is {', and '.join(said)}{tail}"


def _kept(rows: pd.DataFrame) -> str:
    names = [f"{100 * (1 - level):.3g}" for level in rows["sparsity"]]
    return (names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}") + " %"


def _points(rows: pd.DataFrame) -> str:
    low, high = (f"{100 * value:.1f}" for value in (rows["difference"].abs().min(), rows["difference"].abs().max()))
    return f"{low} points" if low == high else f"{low} to {high} points"


SECTION = Section(
    "dynamics",
    "levels",
    "Sparsity levels",
    20,
    show,
    "Down to which sparsity is a ticket more accurate than its controls?",
)
