"""Classes: whether pruning costs some classes more than others, and which images pruned networks see otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.classes import Costs, class_costs
from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.predictions import chosen
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.verdicts import IMAGES
from app.charts.base import NOISE
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.theme import Style
from app.shell.verdicts import equivalence, pick_equivalence
from app.views.robustness import apart, exemplars
from app.views.robustness.charts import classes as charts
from app.views.robustness.compared_tickets import FOURIER, ComparedTickets
from app.views.robustness.pickers import has_baseline, note_missing, pick_family

MEANINGS = {
    "change": "accuracy of the ticket on the images of the class minus that of the baseline [points]",
    "low": "lower end of the interval that decides, at the class's step of Holm's procedure [points]",
    "high": "upper end of the interval that decides [points]",
    "detectable": "difference that so many seeds and images would show with a power of 80 % [points]",
}


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        options = {"clean": "clean images", "corrupted": "mean over the corruptions"}
        under = compared.selection.pick("under", "Accuracy on", options, width="content")
        pick_equivalence(compared.selection)
        measured = [family for family in compared.measured if family != FOURIER]
        family = pick_family(compared) if under == "corrupted" else measured[0]
    note_missing(compared, family)
    marked = compared.selection.samples
    if marked is not None and len(marked):
        st.caption(
            ":material/info: Of all test images: what a class costs is held against its other images, and the selected "
            "ones are no sample of it. The exemplars are of the selected ones."
        )
    if has_baseline(compared, family):
        _costs(compared, family, under)
    apart.show(compared)
    exemplars.show(compared)


def verdict(costs: Costs, styles: dict[str, Style]) -> str:
    """In which tickets the change of accuracy differs between classes, as markdown."""
    rows = costs.by_ticket
    told = rows[rows["p"].notna()]
    single = [styles[key].label for key in rows.loc[rows["p"].isna(), "key"]]
    if told.empty:
        return (
            "**One training of each cannot tell whether some classes pay more.** Another training would hit other "
            "classes. Find the tickets and the baseline under more seeds; below is what became of these networks."
        )
    seeds = f"{told['seeds'].min()} to {told['seeds'].max()}" if told["seeds"].nunique() > 1 else told["seeds"].iloc[0]
    test = f"against the spread between trainings, {seeds} seeds; p < 0.05 after Holm's correction over the tickets"
    left_out = f" Cannot tell, with one training: {', '.join(single)}." if single else ""
    uneven = [styles[key].label for key in told.loc[told["uneven"], "key"]]
    if not uneven:
        few = "; with 2 seeds only a very uneven one would show" if told["seeds"].max() == 2 else ""
        of_one = "this ticket" if len(told) == 1 else f"any of the {len(told)} tickets"
        return f"**Not shown in {of_one}: that some classes pay more than others** ({test}{few}).{left_out}"
    which = "in this ticket" if len(told) == 1 else "in all of these tickets"
    if len(uneven) < len(told):
        which = f"in {len(uneven)} of {len(told)} tickets**: {', '.join(uneven)}"
        return f"**Some classes pay more than others {which} ({test}).{left_out}"
    return f"**Some classes pay more than others {which}** ({test}).{left_out}"


def verdicts(costs: Costs, styles: dict[str, Style]) -> pd.DataFrame:
    """A row a ticket: ticket, change, spread, by_chance, ceiling (points), seeds, p_holm, verdict (in words)."""
    rows = costs.by_ticket
    points = {name: 100 * rows[name] for name in ("change", "spread", "by_chance", "ceiling")}
    said = [
        "cannot tell from one training" if np.isnan(p) else f"uneven: p {_p(p)}" if uneven else "not shown to be uneven"
        for uneven, p in zip(rows["uneven"], rows["p_holm"], strict=True)
    ]
    names = rows["key"].map({key: style.label for key, style in styles.items()})
    return pd.DataFrame({"ticket": names, **points, "seeds": rows["seeds"], "p_holm": rows["p_holm"], "verdict": said})


def _of_networks(costs: Costs) -> str:
    """What one training adds to a caption."""
    return "; with one training, said of these networks alone" if (costs.by_class["over"] == IMAGES).any() else ""


def _p(p: float) -> str:
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def _class_costs(compared: ComparedTickets, family: str, under: str) -> Costs:
    outcomes = compared.outcomes(family)
    conditions = [outcomes.conditions[place] for place in averaged(outcomes)] if under == "corrupted" else [CLEAN]
    within = equivalence(compared.selection)
    return class_costs(chosen(outcomes, conditions), compared.labels, str(compared.baseline), within)


def _costs(compared: ComparedTickets, family: str, under: str) -> None:
    drawn = ("costs", family, under, compared.baseline, equivalence(compared.selection))
    costs = compared.computed(drawn, lambda: _class_costs(compared, family, under))
    styles = {key: style for key, style in compared.styles_under(family).items() if key != compared.baseline}
    names, theme = compared.selection.study.classes, compared.selection.theme
    base = compared.label(compared.baseline)
    what = "clean images" if under == "clean" else "corrupted images"
    st.markdown(verdict(costs, styles))
    rest = len(names) - charts.MOST
    layout.card(
        f"Change of accuracy by class, against {base}, on {what}",
        compared.figure(("map", *drawn), styles, lambda: charts.cost_map(costs.by_class, styles, names, theme)),
        lambda: _long(costs, styles, names),
        "class-map",
        percent=True,
        meanings=MEANINGS,
        help=f"Points of accuracy that each class gains or loses against {base}, on the same images. A class is "
        "outlined where its change is shown to differ from the ticket's over all images, by more than trainings and "
        "images vary (Student's test, Holm's correction over all classes of the tickets shown).",
        caption=f"{NOISE} not shown to differ from 0{_of_networks(costs)}. Outlined: changes otherwise than the "
        "ticket's other classes." + (f" The {rest} classes with smaller changes are in the CSV." if rest > 0 else ""),
    )
    layout.card(
        f"Change of accuracy by class with 95 % intervals, on {what}",
        lambda: compared.figure(
            ("dots", *drawn), styles, lambda: charts.costs(costs.by_class, costs.by_ticket, styles, names, theme)
        ),
        lambda: _long(costs, styles, names),
        "class-costs",
        folded=True,
        percent=True,
        meanings=MEANINGS,
        help="Dashed: the change over all images, which each class would have were the change uniform. The intervals "
        "are those that decide whether a change differs from 0, over seeds and images, with Holm's correction over all "
        "classes of the tickets shown; with one training they are over images alone, and speak of these networks.",
        caption="Filled: changes otherwise than the ticket's other classes. Rings: not shown to.",
    )
    layout.table_card(
        "Does the change differ between classes?",
        lambda: verdicts(costs, styles),
        "class-verdicts",
        folded=True,
        columns=_columns(),
        help="An F test: how far the classes' changes lie from the change over all images, against how far they lie in "
        "two groups of trainings of one method, on other images. The ticket's seeds and the baseline's tell that, each "
        "by their own spread. Degrees of freedom after Greenhouse and Geisser, on the careful side.",
        caption="Not shown is not the same as even: few seeds show only what is far above what trainings do by chance.",
    )


def _long(costs: Costs, styles: dict[str, Style], names: tuple[str, ...]) -> pd.DataFrame:
    rows = costs.by_class
    rows = rows.assign(**{name: 100 * rows[name] for name in ("change", "low", "high", "detectable")})
    rows["class"] = [names[label] for label in rows["class"]]
    return families.named(rows, styles)


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "ticket": st.column_config.TextColumn("Ticket"),
        "change": number("Change (points)", format="%+.1f", help="Over all images."),
        "spread": number(
            "Spread over classes (points)", format="%.1f",
            help="Root mean square of the classes' changes, less the change over all images.",
        ),
        "by_chance": number("By chance", format="%.1f", help="What two groups of trainings of one method show."),
        "ceiling": number("Needed", format="%.1f", help="The spread above which it is called uneven."),
        "seeds": number("Seeds", format="%d", help="The fewer of the ticket's and the baseline's."),
        "p_holm": number("p (Holm)", format="%.3f"),
        "verdict": st.column_config.TextColumn("Verdict"),
    }  # fmt: skip


SECTION = Section(
    "robustness",
    "classes",
    "Classes",
    60,
    show,
    "Does pruning cost some classes more accuracy than others, and on which images do predictions change?",
)
