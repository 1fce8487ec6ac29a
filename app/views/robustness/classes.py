"""Classes: whether pruning costs some classes more than others, and which images pruned networks see otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from analysis.comparisons.classes import Costs, class_costs
from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.predictions import chosen
from analysis.corruptions.conditions import CLEAN
from app.charts.base import NOISE
from app.shell import layout
from app.shell.sections import Section
from app.shell.theme import Style
from app.views.robustness import exemplars
from app.views.robustness.charts import classes as charts
from app.views.robustness.compared_tickets import FOURIER, ComparedTickets
from app.views.robustness.pickers import has_baseline, note_missing, pick_family


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        options = {"clean": "clean images", "corrupted": "mean over the corruptions"}
        under = compared.selection.pick("under", "Accuracy on", options, width="content")
        families = [family for family in compared.measured if family != FOURIER]
        family = pick_family(compared) if under == "corrupted" else families[0]
    note_missing(compared, family)
    if has_baseline(compared, family):
        _costs(compared, family, under)
    exemplars.show(compared)


def verdict(costs: Costs, styles: dict[str, Style]) -> str:
    """Whose change of accuracy differs between classes, as markdown."""
    rows = costs.by_ticket
    uneven = [styles[key].label for key, same in zip(rows["key"], rows["within_noise"], strict=True) if not same]
    test = "permutation test, p < 0.05 after Holm's correction over the tickets"
    if not uneven:
        return f"**In no ticket does the change of accuracy differ significantly between classes** ({test})."
    if len(uneven) == len(rows):
        which = "in this ticket" if len(rows) == 1 else "in all of these tickets"
        return f"**The change of accuracy differs significantly between classes {which}** ({test})."
    return (
        f"**The change of accuracy differs significantly between classes in {len(uneven)} of {len(rows)} tickets**: "
        f"{', '.join(uneven)} ({test})."
    )


def verdicts(costs: Costs, styles: dict[str, Style]) -> pd.DataFrame:
    """A row a ticket: ticket, change, spread, by_chance, ceiling (points), p_holm, verdict (in words)."""
    rows = costs.by_ticket
    points = {name: 100 * rows[name] for name in ("change", "spread", "by_chance", "ceiling")}
    said = [
        "within noise" if same else f"differs between classes: p {_p(p)}"
        for same, p in zip(rows["within_noise"], rows["p_holm"], strict=True)
    ]
    names = rows["key"].map({key: style.label for key, style in styles.items()})
    return pd.DataFrame({"ticket": names, **points, "p_holm": rows["p_holm"], "verdict": said})


def _p(p: float) -> str:
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def _class_costs(compared: ComparedTickets, family: str, under: str) -> Costs:
    outcomes = compared.outcomes(family)
    conditions = [outcomes.conditions[place] for place in averaged(outcomes)] if under == "corrupted" else [CLEAN]
    return class_costs(chosen(outcomes, conditions), compared.labels, str(compared.baseline))


def _costs(compared: ComparedTickets, family: str, under: str) -> None:
    drawn = ("costs", family, under, compared.baseline)
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
        help=f"Points of accuracy that each class gains or loses against {base}, on the same images. A class is "
        "outlined when its change differs significantly from that of the ticket's other classes, by a permutation test "
        "that holds for all of its classes at once (Westfall-Young). It is conditional on the trained networks: other "
        "seeds may affect other classes.",
        caption=f"{NOISE} within noise: 0 is inside the 95 % interval. Outlined: significantly different from the "
        "ticket's other classes." + (f" The {rest} classes with smaller changes are in the CSV." if rest > 0 else ""),
    )
    layout.card(
        f"Change of accuracy by class with 95 % intervals, on {what}",
        compared.figure(
            ("dots", *drawn), styles, lambda: charts.costs(costs.by_class, costs.by_ticket, styles, names, theme)
        ),
        lambda: _long(costs, styles, names),
        "class-costs",
        percent=True,
        help="Dashed: the change over all images, which each class would have were the change uniform. "
        "Intervals are over paired seeds where there are several, else over the images of the class.",
        caption="Filled: significantly different from the ticket's other classes. Rings: not.",
    )
    layout.table_card(
        "Does the change differ between classes?",
        verdicts(costs, styles),
        "class-verdicts",
        columns=_columns(),
        help="Test statistic: the standard deviation of the classes' changes, against its distribution when the labels "
        "are permuted among the images.",
        caption="The test is conditional on the trained networks and asks for other images; the variation between "
        "seeds is in the intervals above.",
    )


def _long(costs: Costs, styles: dict[str, Style], names: tuple[str, ...]) -> pd.DataFrame:
    rows = costs.by_class
    rows = rows.assign(**{name: 100 * rows[name] for name in ("change", "low", "high")})
    rows["class"] = [names[label] for label in rows["class"]]
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in styles.items()}))
    return rows.drop(columns="key")


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "ticket": st.column_config.TextColumn("Ticket"),
        "change": number("Change (points)", format="%+.1f", help="Over all images."),
        "spread": number("SD over classes (points)", format="%.1f", help="Standard deviation of the classes' changes."),
        "by_chance": number("Null mean", format="%.1f", help="Mean of that standard deviation over the permutations."),
        "ceiling": number("Null 95 %", format="%.1f", help="Its 95 % quantile over the permutations."),
        "p_holm": number("p (Holm)", format="%.3f"),
        "verdict": st.column_config.TextColumn("Verdict", width="medium"),
    }


SECTION = Section(
    "robustness",
    "classes",
    "Classes",
    60,
    show,
    "Does pruning cost some classes more accuracy than others, and on which images do predictions change?",
)
