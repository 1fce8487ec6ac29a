"""Accuracy over levels of sparsity: every method, and one of them against its controls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.levels import by_sparsity
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES
from app.charts.texts import sizes
from app.names import listed
from app.shell import families, layout, verdicts
from app.shell.lacking import unmeasured
from app.shell.score import ACCURACY, ShownScore
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
        shown = families.score(selection.study)
        if not shown.images:
            layout.empty(f"No pruned ticket of this study has a {shown.name}.", "Find some more.")
            return
        unmeasured(selection.study, "No pruned ticket is measured yet.")
        return
    styles = families.method_styles(selection)
    shown = families.score(selection.study)
    reference, others = _pick(selection, pruned, styles, shown.score.higher)
    within = verdicts.equivalence(selection)
    rows = by_sparsity(means, families.outcomes(selection.study, "accuracy"), reference, others, within)
    rows = families.fractions(selection.study, rows)
    compared = {method: styles[method] for method in others if (rows["method"] == method).any()}
    name = styles[reference].label
    if compared:
        st.markdown("  \n".join(sentence(style.label, name, rows[rows["method"] == method], within, shown)
                                for method, style in compared.items()))  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        _accuracy_card(selection, means, {method: styles[method] for method in [reference, *others]})
    with right:
        _gaps_card(selection, rows, (reference, name), compared)


def _pick(selection: Selection, pruned: pd.DataFrame, styles: dict[str, Style], higher: bool) -> tuple[str, list[str]]:
    """The method looked at, at first one with controls, else the best; and those it is compared with."""
    again = {method.title for method in selection.study.config.methods if FINDERS[method.finder].reorders}
    originals = {method: of for method, of in selection.study.originals.items() if method not in again}
    labels = {method: styles[method].label for method in dict.fromkeys(pruned["method"])}
    with_controls = [method for method in labels if method in originals.values()]
    reached = pruned.groupby("method")["accuracy"].mean()
    best = str(reached.idxmax() if higher else reached.idxmin())
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
    score = families.score(selection.study)
    names = ["label", "sparsity", "accuracy", "accuracy_low", "accuracy_high", "seeds"]
    layout.card(
        f"{score.title} against weights kept",
        charts.accuracy(means, shown, selection.theme, score),
        score.table(means[names]),
        "levels",
        config=layout.QUIET,
        help="Means over seeds with 95 % intervals, set side by side so that they do not hide each other. Grey: the "
        "study's other methods, whose intervals the hover tells. Dashed: the dense network with its interval.",
        caption=families.interval_words(selection),
        meanings=score.meanings,
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
    within, score = verdicts.equivalence(selection), families.score(selection.study)
    floor = verdicts.floor(selection, "accuracy") if (rows["over"] == IMAGES).any() else None
    layout.card(
        f"{score.title} difference to {label}" if score.score.is_share else f"{score.difference} to {label}",
        charts.differences(rows, label, compared, selection.theme, within, floor.noise.floor if floor else None, score),
        rows.assign(method=rows["method"].map({key: style.label for key, style in compared.items()})),
        "gaps",
        config=layout.QUIET,
        help=f"{score.title} minus that of the reference method, at the same sparsity"
        f"{', on the same images' if score.images else ''}. Full symbols "
        "differ, those with a dot inside are equivalent (the whole interval lies in the band), of hollow ones one "
        "cannot tell.",
        caption=" ".join(
            [
                verdicts.speak_of(rows, and_images=score.also_paired),
                *([f"{floor.words} It is dotted."] if floor else []),
            ]
        ),
        controls=lambda: verdicts.pick_equivalence(selection),
    )


def sentence(name: str, reference: str, rows: pd.DataFrame, within: float, shown: ShownScore = ACCURACY) -> str:
    """At which levels a method differs from the reference, is equivalent to it, or one cannot tell, in one sentence."""
    rows = rows.sort_values("sparsity")
    differ, worse = rows["verdict"] == DIFFERS, shown.worse(rows["difference"])
    said = [
        f"{word} than {reference} with {_kept(found)} of the weights kept, by {sizes(found, shown.apart)}"
        for word, found in (
            ("worse", rows[differ & worse]),
            ("better", rows[differ & ~worse]),
        )
        if len(found)
    ]
    alike, unknown = rows[rows["verdict"] == EQUIVALENT], rows[rows["verdict"] == CANNOT_TELL]
    if len(alike):
        said.append(f"equivalent to {reference} within {shown.size(within)} with {_kept(alike)}")
    who = f"**{name}**" + (" (this network)" if (rows["over"] == IMAGES).any() else "")
    if not said:
        return f"Of **{name}** one cannot tell at any level whether it differs from {reference}: {_shown(rows, shown)}."
    tail = f"; with {_kept(unknown)} one cannot tell: {_shown(unknown, shown)}." if len(unknown) else "."
    return f"{who} is {', and '.join(said)}{tail}"


def _shown(rows: pd.DataFrame, shown: ShownScore) -> str:
    most = float(rows["detectable"].max())  # so that it is true at each level
    return "there is one seed in common" if np.isnan(most) else f"{shown.size(most)} or more would have shown"


def _kept(rows: pd.DataFrame) -> str:
    return listed([f"{100 * (1 - level):.3g}" for level in rows["sparsity"]]) + " %"


SECTION = Section(
    "dynamics",
    "levels",
    "Sparsity levels",
    20,
    show,
    "Down to which sparsity is a ticket more accurate than its controls?",
    "Down to which sparsity is a ticket better than its controls?",
)
