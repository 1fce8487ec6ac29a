"""Pareto: two objectives against each other, and which ticket is shown to dominate which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import costs, dominance, recorded
from analysis.comparisons.costs import OBJECTIVES, Objective
from analysis.comparisons.dominance import DOMINATED, FRONT, Verdict
from analysis.comparisons.outcomes import CORRUPTIONS
from analysis.comparisons.verdicts import Told
from app.charts.texts import dot, widest
from app.memory.remembered import computed
from app.shell import families, layout, verdicts
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview.charts import pareto as charts

AMONG = {"all": "All tickets", "chosen": "Chosen tickets"}
FEW = 14  # tickets, whose table is as high as it needs
WORDS = {FRONT: "front", dominance.NEAR: "cannot tell", DOMINATED: "dominated"}

MEANINGS = {
    "macs": "multiply-adds for one image, those of pruned weights left out [multiply-adds]",
    "disk": "the ticket's file, of a recorded network its state dict [bytes]",
    "memory": "most memory at once while a batch passes through, weights included [bytes]",
    "time": "latency of a batch over that of the dense network [ratio]",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    if not families.any_measured(selection.study):
        return
    weighed = costs.weighed(families.means(selection.study), families.efficiency(selection.study))
    own = recorded.by_family(selection.study.tickets, families.recordings(selection.study))
    weighed = weighed.merge(own, on="key", how="left")
    objectives = _objectives(selection)
    there = {name: objective.label for name, objective in objectives.items() if weighed[name].notna().any()}
    weighed = weighed.assign(**{name: np.nan for name in OBJECTIVES if name not in objectives})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        y = selection.pick("up", "Vertical axis", there, default="accuracy", kind="select", width=230)
        others = {name: label for name, label in there.items() if name != y}
        default = next(name for name in ("macs", "kept", *others) if name in others)
        x = selection.pick("across", "Horizontal axis", others, default=default, kind="select", width=230)
        among = selection.pick("among", "Among", AMONG, width="content")
        within = verdicts.pick_equivalence(selection)
    lacking = [_lower(objective.label) for name, objective in objectives.items() if name not in there]
    if lacking:
        layout.notes([f"Not measured yet: {', '.join(lacking)}."])
    rows = weighed.dropna(subset=[x, y])
    if among == "chosen":
        rows = rows[rows["key"].isin(selection.keys)]
    if len(rows) < 2:
        layout.empty("Two tickets are needed to compare.",
                     "Choose more in the grid at the left, or take all tickets of the study.")  # fmt: skip
        return
    rows = rows.reset_index(drop=True)
    found = dominance.verdicts(
        rows["key"].tolist(),
        *(_gaps(selection, rows, name, within, objectives) for name in (x, y)),
    )
    st.markdown(answer(found))
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        _chart(selection, rows, x, y, found)
    with right:
        _verdicts(selection, rows, found)


def _objectives(selection: Selection) -> dict[str, Objective]:
    """What the study's tickets can be weighed by."""
    shown = families.score(selection.study)
    brought = recorded.objectives(families.recordings(selection.study))
    if shown.images:
        return OBJECTIVES | brought
    own = replace(OBJECTIVES["accuracy"], label=shown.title, more=shown.score.higher)
    return {"accuracy": own, **{name: each for name, each in OBJECTIVES.items() if each.noise != "paired"}}


def _gaps(
    selection: Selection, rows: pd.DataFrame, name: str, within: float, objectives: Mapping[str, Objective]
) -> dominance.Gaps:
    study, higher = selection.study, families.score(selection.study).score.higher
    return computed(
        ("gaps", str(study.path), study.stamp, name, tuple(rows["key"]), within),
        lambda: dominance.gaps(rows, name, _outcomes(selection, name), within, higher, objectives),
    )


def _outcomes(selection: Selection, name: str) -> Told:
    images = next((each for each in CORRUPTIONS if each == name), None)
    return families.outcomes(selection.study, images) if images else {}


def _chart(selection: Selection, rows: pd.DataFrame, x: str, y: str, found: dict[str, Verdict]) -> None:
    styles = families.styles(selection)
    states = {key: verdict.state for key, verdict in found.items()}
    objectives, shown = _objectives(selection), families.score(selection.study)
    columns = [name + end for name in (x, y) for end in ("", "_low", "_high") if name + end in rows]
    layout.card(
        f"{objectives[y].label} against {_lower(objectives[x].label)}",
        charts.pareto(rows, x, y, states, styles, selection.theme, objectives, shown),
        shown.table(rows[["label", *columns]].assign(state=[states[key] for key in rows["key"]])),
        "pareto",
        config=layout.QUIET,
        help="A point a ticket, means over seeds. The dotted line is the front by the values themselves. Full points "
        "lie on it; hollow ones are behind another in both objectives, but not shown to be; faint ones are dominated. "
        "Bars are 95 % intervals of those on the front.",
        caption=_noise(selection, rows, x, y),
        meanings=shown.meanings
        | MEANINGS
        | {name: f"{each.label}, a metric of your own" for name, each in objectives.items() if each.unit == "number"},
    )


def _noise(selection: Selection, rows: pd.DataFrame, x: str, y: str) -> str:
    said, objectives = [], _objectives(selection)
    pairs = len(rows) * (len(rows) - 1) // 2
    if any(objectives[name].noise == "paired" for name in (x, y)):
        shown = families.score(selection.study)
        within = shown.size(verdicts.equivalence(selection))
        several = len(selection.study.seeds) > 1
        over = "seeds and the test images" if several else "the test images: one seed, so it is of these networks"
        if not shown.images:
            over = "seeds" if several else "seeds, and of one nothing is told apart"
        said.append(
            f"{shown.plural} are paired over {over}; as good is what is shown to differ by less than {within}. "
            f"Holm's correction over all {pairs:,} pairs."
        )
    if any(objectives[name].noise == "interval" for name in (x, y)):
        said.append(f"Times are tested by their intervals, corrected for {pairs:,} pairs too.")
    if any(objectives[name].noise == "none" for name in (x, y)):
        counted = all(objectives[name].unit != "number" for name in (x, y))
        what = "Counts are exact" if counted else "Metrics of your own are taken as they are"
        said.append(f"{what}, so that any difference counts.")
    return " ".join(said)


def _verdicts(selection: Selection, rows: pd.DataFrame, found: dict[str, Verdict]) -> None:
    styles = families.styles(selection)
    table = dominance.table(rows, found)
    behind, alike = table["by"].map(some), table["alike"].map(some)
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in table["key"]],
            "ticket": table["label"],
            "state": table["state"].map(WORDS),
            "dominates": table["dominates"],
            "beside": [beside(*names) for names in zip(table["by"], table["alike"], strict=True)],
        }
    )
    layout.table_card(
        "Pareto dominance",
        frame,
        "dominance",
        columns={
            "colour": st.column_config.ImageColumn("", width=28),
            "ticket": st.column_config.TextColumn("Ticket", width=widest(frame["ticket"])),
            "state": st.column_config.TextColumn("State", width=86),
            "dominates": st.column_config.NumberColumn("Dominates", width=86, help="How many tickets it dominates."),
            "beside": st.column_config.TextColumn(
                "Beside others",
                width=widest(frame["beside"]),
                help="Behind: who dominates it, or is ahead in both objectives by the values alone. Like: who is not "
                "told apart from it in either objective.",
            ),
        },
        help="One ticket dominates another when it is shown to be better in one objective, and in the other "
        "better as well or as good.",
        data=lambda: frame[["ticket", "state", "dominates"]].assign(behind=behind, alike=alike),
        meanings={
            "ticket": "the ticket",
            "behind": "who dominates it, or is ahead in both objectives by the values alone",
            "alike": "who is not told apart from it in either objective",
        },
        height="content" if len(frame) <= FEW else charts.HEIGHT + 10,
    )


def beside(by: Sequence[str], alike: Sequence[str]) -> str:
    """Who a ticket is behind and who it is like: `behind LRR 95 %, +9; like IMP 90 %`; a dash for nobody."""
    said = [f"{words} {some(names)}" for words, names in (("behind", by), ("like", alike)) if len(names)]
    return "; ".join(said) or "–"


def answer(found: Mapping[str, Verdict]) -> str:
    """How many tickets are shown to be dominated, in a sentence that claims what the verdicts do."""
    states = [verdict.state for verdict in found.values()]
    front, dominated, near = (states.count(state) for state in (FRONT, DOMINATED, dominance.NEAR))
    said = [f"**{dominated}** of {len(states)} tickets {'is' if dominated == 1 else 'are'} shown to be dominated"]
    said += [f"of **{near}** that lie behind the front by their values one cannot tell"] if near else []
    return f"{'; '.join(said)}; **{front}** {'makes' if front == 1 else 'make'} up the front."


def some(names: Sequence[str]) -> str:
    """The first name and how many more: `LRR 95 %, +9`; a dash for none."""
    if len(names) < 2:
        return names[0] if names else "–"
    return f"{names[0]}, +{len(names) - 1}"


def _lower(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


SECTION = Section("overview", "pareto", "Pareto", 20, show)
