"""Score: each ticket's over the weights kept, who wins, KL, and what each part of the network keeps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import generative
from analysis.comparisons.generative import COLLAPSED, SEEDS
from app.charts.texts import spread
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.generated import facts, words
from app.views.generated.charts import scores as charts
from app.views.generated.facts import Score

COLUMNS = {
    "value": "the score: geometric mean over seeds",
    "n": "training seeds",
    "key": "the ticket's name in the URL",
    "over": "what the interval is over",
    "winning": "whether it wins by the paper's definition: its mean is within the dense network's interval",
    "kl": "Kullback-Leibler divergence of the code of an image from the prior [nats]",
    "collapsed": "whether all of the interval is below 0.1 nats",
    "part": "part of the network",
    "share": "share of the part's prunable weights that is kept",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    there = facts.scores(selection)
    if not there:
        facts.missing(selection.study)
        return
    name = selection.option("made-score", next(iter(there)), list(there))
    score, study = there[name], selection.study
    place = study.path, study.stamp, study.name
    curve, pairs, kl = facts.curve(selection, score), words.pairs(*place, score), words.divergences(*place)
    words.show(selection, score)
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _curve_card(selection, curve, score, there)
        _controls_card(selection, pairs, score)
    with right:
        if len(kl):
            _kl_card(selection, kl)
        _parts_card(selection)


def _curve_card(selection: Selection, curve: pd.DataFrame, score: Score, there: dict[str, Score]) -> None:
    measured = facts.rows(selection.study, score.table)
    ends = {words: float(measured[column].iloc[0]) for words, column in (("real test images", "floor"),
            ("noise", "ceiling")) if column in measured}  # fmt: skip
    several = (curve["over"] == SEEDS).any()
    over = "the mean over seeds (Student's)" if several else "images, as there is one seed"
    layout.card(
        f"{score.title} over the weights kept",
        charts.score(curve, families.method_styles(selection), score.title, selection.theme, ends),
        curve,
        "made-score",
        help=f"{score.meaning} Full marks win by the paper's definition: their mean is within the dense network's "
        "interval, the band, or better. Hollow ones do not.",
        caption=f"95 % intervals of {over}; long ones are cut, and in the hover.",
        config=layout.QUIET,
        meanings=COLUMNS,
        controls=lambda: selection.pick("made-score", "Score", {key: each.brief for key, each in there.items()},
                                        label_visibility="collapsed", width="content")
        if len(there) > 1 else None,
    )  # fmt: skip


def _kl_card(selection: Selection, kl: pd.DataFrame) -> None:
    order = [key for key in facts.keys(selection) if key in set(kl["key"])]
    table = kl.set_index("key").loc[order].reset_index()
    layout.card(
        "How much the code says of an image",
        charts.divergences(table, families.styles(selection, order), selection.theme),
        table,
        "made-kl",
        help="The KL of the code from the prior. Where it is near 0 the posterior has collapsed: every image gets the "
        "same code, and the decoder makes an average of all images.",
        caption=f"Collapsed: all of the 95 % interval is below {COLLAPSED:g} nats. Intervals are over seeds, of one "
        "seed over images.",
        config=layout.QUIET,
        meanings=COLUMNS,
    )


def _parts_card(selection: Selection) -> None:
    study = selection.study
    rows = []
    entries = families.entries(study)
    for ticket in study.tickets.itertuples():
        if ticket.method in study.originals or ticket.key in study.dense or ticket.ticket_id not in entries:
            continue
        table = generative.kept_by_part(entries[ticket.ticket_id].info.layers, study.task.parts)
        rows.append(table[table["part"] != "all"].assign(method=ticket.method, sparsity=ticket.sparsity))
    if not rows:
        return
    means = pd.concat(rows).groupby(["method", "sparsity", "part"], sort=False)["share"].mean().reset_index()
    layout.card(
        "What each part of the network keeps",
        charts.parts(means, families.method_styles(selection), selection.theme),
        means,
        "made-parts",
        help="Weights of all parts are pruned together, so that a part may lose more than another. Means over seeds.",
        config=layout.QUIET,
        meanings=COLUMNS,
    )


def _controls_card(selection: Selection, pairs: pd.DataFrame, score: Score) -> None:
    if pairs.empty:
        return
    labels = dict(zip(selection.study.tickets["key"], selection.study.tickets["label"], strict=True))
    frame = pd.DataFrame(
        {
            "control": pairs["a"].map(labels),
            "times": pairs["ratio"],
            "interval": [spread(row.low, row.high, "{:.2g}", 1, "") for row in pairs.itertuples()],
            "p_holm": pairs["p_holm"].map(_p),
            "verdict": [_verdict(row) for _, row in pairs.iterrows()],
        }
    )
    layout.table_card(
        f"{score.title}: controls against their tickets",
        frame,
        "made-controls",
        columns={
            "control": st.column_config.TextColumn("Control"),
            "times": st.column_config.NumberColumn(f"{score.brief}, times the ticket's", format="%.2f"),
            "interval": st.column_config.TextColumn("95 % interval"),
            "p_holm": st.column_config.TextColumn("p (Holm)"),
            "verdict": st.column_config.TextColumn("Verdict"),
        },
        help="Paired by seed, by the ratio. All pairs are one family; the interval is the one that decides.",
        caption="" if pairs["seeds"].max() > 1 else "One seed: what another training would give cannot be told.",
    )


def _p(p: float) -> str:
    return "–" if pd.isna(p) else "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def _verdict(row: pd.Series) -> str:
    if not row["differs"]:
        return "cannot tell"
    return "worse" if row["ratio"] > 1 else "better"


SECTION = Section("generated", "score", "Score", 30, show, "How far can weights go before the images suffer?")
