"""Classes: whether pruning costs some classes more than others, and which images pruned networks see otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from analysis.comparisons.classes import PERMUTATIONS, Costs, class_costs
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import chosen
from analysis.corruptions.conditions import CLEAN
from app.charts.base import NOISE
from app.shell import layout
from app.shell.per_sample import class_names
from app.shell.theme import Style
from app.views.robustness import exemplars
from app.views.robustness.charts import classes as charts
from app.views.robustness.section_data import FOURIER, Scope, labels_of, needs_baseline, places_of


def show(scope: Scope) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        options = {CLEAN[0]: "clean images", "corrupted": "mean over the corruptions"}
        under = scope.selection.pick("under", "Accuracy on", options, width="content")
        families = [family for family in scope.measured if family != FOURIER]
        family = scope.pick_family() if under != CLEAN[0] else families[0]
    scope.missing(family)
    if needs_baseline(scope, family):
        _costs(scope, family, under)
    exemplars.show(scope)


def costs_of(scope: Scope, family: str, under: str) -> Costs:
    """What pruning costs by class against the baseline, on clean images or over the family's corruptions."""
    outcomes, labels = scope.outcomes(family), labels_of(scope)
    assert scope.baseline is not None
    permutations = max(1000, min(PERMUTATIONS, 5_000_000 // max(1, len(labels))))
    return class_costs(chosen(outcomes, _conditions(outcomes, family, under)), labels, scope.baseline, permutations)


def verdict(costs: Costs, styles: dict[str, Style]) -> str:
    """Whose cost is spread unevenly over the classes, as markdown."""
    rows = costs.by_ticket
    uneven = [styles[key].label for key, same in zip(rows["key"], rows["within_noise"], strict=True) if not same]
    test = "permutation test, p < 0.05 after Holm's correction over the tickets"
    if not uneven:
        return f"**No ticket's cost is spread over the classes more unevenly than chance would** ({test})."
    if len(uneven) == len(rows):
        which = "this ticket" if len(rows) == 1 else "all of these tickets"
        return f"**The cost is spread unevenly over the classes in {which}** ({test})."
    return (
        f"**The cost is spread unevenly over the classes in {len(uneven)} of {len(rows)} tickets**: "
        f"{', '.join(uneven)} ({test}). In the others it is no more uneven than chance."
    )


def verdicts(costs: Costs, styles: dict[str, Style]) -> pd.DataFrame:
    """A row a ticket: ticket, change, spread, by_chance, ceiling (points), p_holm, verdict (in words)."""
    rows = costs.by_ticket
    points = {name: 100 * rows[name] for name in ("change", "spread", "by_chance", "ceiling")}
    said = [
        "no more uneven than chance" if same else f"spread unevenly: p {_p(p)}"
        for same, p in zip(rows["within_noise"], rows["p_holm"], strict=True)
    ]
    names = rows["key"].map({key: style.label for key, style in styles.items()})
    return pd.DataFrame({"ticket": names, **points, "p_holm": rows["p_holm"], "verdict": said})


def _p(p: float) -> str:
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def _conditions(outcomes: Outcomes, family: str, under: str) -> list[tuple[str, int]]:
    if under == CLEAN[0]:
        return [CLEAN]
    return [outcomes.conditions[place] for place in places_of(outcomes, family)]


def _costs(scope: Scope, family: str, under: str) -> None:
    costs = scope.computed(("costs", family, under, scope.baseline), lambda: costs_of(scope, family, under))
    there = scope.there(family)
    styles = {key: style for key, style in there.items() if key != scope.baseline}
    names, theme = class_names(scope.selection.study), scope.selection.theme
    base = scope.label(scope.baseline or "")
    what = "clean images" if under == CLEAN[0] else "corrupted images"
    drawn = ("costs", family, under, scope.baseline)
    st.markdown(verdict(costs, styles))
    rest = len(names) - charts.MOST
    layout.card(
        f"Accuracy by class, against {base}, on {what}",
        scope.figure(("map", *drawn), styles, lambda: charts.cost_map(costs.by_class, styles, names, theme)),
        lambda: _long(costs, styles, names),
        "class-map",
        help=f"Points of accuracy that each class gains or loses against {base}, on the same images. A class is "
        "outlined when it is hit harder, or spared more, than the other classes of the ticket by a permutation test "
        "that holds for all of its classes at once. It takes the networks as they are: an outlined ring says so of "
        "these runs, while other seeds may hit other classes.",
        caption=f"{NOISE} within noise: 0 is inside the 95 % interval. Outlined: beyond chance other than the "
        "ticket's other classes." + (f" The {rest} classes with smaller changes are in the CSV." if rest > 0 else ""),
    )
    layout.card(
        "The same with 95 % intervals",
        scope.figure(
            ("dots", *drawn), styles, lambda: charts.costs(costs.by_class, costs.by_ticket, styles, names, theme)
        ),
        lambda: _long(costs, styles, names),
        "class-costs",
        help="Dashed: the change over all images, which is what each class would pay were the cost spread evenly. "
        "Intervals are over paired seeds where there are several, else over the images of the class.",
        caption="Filled: beyond chance other than the ticket's other classes. Rings: as the others, as far as can be "
        "told.",
    )
    layout.table_card(
        "Is the cost spread evenly?",
        verdicts(costs, styles),
        "class-verdicts",
        columns=_columns(),
        help="The standard deviation of the classes' changes, beside what it is when the labels are permuted among the "
        "images: any change comes out somewhat uneven.",
        caption="The test takes the trained networks as they are and asks for other images; what other seeds would do "
        "is in the intervals above.",
    )


def _long(costs: Costs, styles: dict[str, Style], names: list[str]) -> pd.DataFrame:
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
        "spread": number("Spread (points)", format="%.1f", help="Standard deviation of the classes' changes."),
        "by_chance": number("By chance", format="%.1f", help="Mean spread when labels mean nothing."),
        "ceiling": number("By chance up to", format="%.1f", help="Reached in one of twenty permutations."),
        "p_holm": number("p (Holm)", format="%.3f"),
        "verdict": st.column_config.TextColumn("Verdict", width="medium"),
    }
