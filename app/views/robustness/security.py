"""Of the section Corruptions: accuracy over the size of an attack, and whether gradients seem to be masked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import masking, security
from analysis.comparisons.outcomes import Outcomes
from app import load
from app.answers.cells import answer, conditions
from app.answers.masking import answer as masked
from app.charts.base import NOISE
from app.shell import layout
from app.shell.folds import fold
from app.shell.theme import Style
from app.shell.verdicts import equivalence
from app.views.robustness.charts import security as charts
from app.views.robustness.compared_tickets import ComparedTickets, named

TABLES = ("security", "autoattack")
SHOWS = {"accuracy": "Accuracy", "difference": "Difference"}
UNITS = {"linf": "grey levels of 255", "l2": "pixels in 0 to 1"}
HELP = (
    "Each ticket is attacked by itself, on pixels that are not rounded to bytes. One step: FGSM (Goodfellow et al. "
    "2015), in L2 along the gradient. 20 steps: projected gradient descent (Madry et al. 2018) from a random start, "
    "2.5 / 20 of the size each, the worst image on the way. AutoAttack (Croce & Hein 2020), by its authors' code, as "
    "RobustBench runs it: APGD on cross-entropy, APGD on the targeted difference of logits ratio and FAB for nine "
    "classes each, 100 iterations, and 5,000 queries of Square unless the study says otherwise. Any attack gives an "
    "upper bound of the accuracy that is left."
)
MEANINGS = {
    "attack": "which attack",
    "norm": "what bounds it: linf, the largest change of a pixel; l2, the root of the sum of squares",
    "size": "how far it may go: of linf in grey levels of 255, of l2 with pixels in 0 to 1",
    "sign": "what would be a sign of masked gradients",
    "at": "norm and size of the attack",
    "difference": "of the accuracies that the sign is about [points]: one step minus twenty, the larger minus the next "
    "smaller size, what is left without bounds, Square minus the white boxes",
    "shown": "whether the interval shows it",
}


def show(compared: ComparedTickets) -> None:
    """Draw the sentences and the card; nothing is drawn of a study that asks for no attacks of chosen sizes."""
    found = {table: _outcomes(compared, table) for table in TABLES}
    if not any(outcomes.right for outcomes in found.values()):
        return
    _curves(compared, found)
    _masking(compared, found)


def _outcomes(compared: ComparedTickets, table: str) -> Outcomes:
    tickets = compared.seeds
    rows = load.table(compared.selection.study, table, ids=tuple(each for ids in tickets.values() for each in ids))
    return compared.computed(("security", table), lambda: security.of_results(rows, tickets, compared.seed_of))


def _curves(compared: ComparedTickets, found: dict[str, Outcomes]) -> None:
    selection = compared.selection
    ways = {(attack, norm): table for table, outcomes in found.items() for attack, norm in _ways(outcomes)}
    attacks = [each for each in security.ATTACKS if any(attack == each for attack, _ in ways)]
    attack = selection.option("attack", attacks[0], attacks)
    norms = [norm for norm in security.NORMS if (attack, norm) in ways]
    norm = selection.option("norm", norms[0], norms)
    outcomes = found[ways[attack, norm]]
    styles = {key: style for key, style in compared.styles.items() if key in outcomes.right}
    base = compared.baseline if compared.baseline in styles and len(styles) > 1 else None
    what = selection.option("attacked", "accuracy", list(SHOWS)) if base else "accuracy"
    within = equivalence(selection)
    table = compared.computed(
        ("security apart", attack, base, within), lambda: security.apart(outcomes, attack, str(base), within)
    )
    st.markdown(_sentence(table, styles, attack, base))
    rows, shown = _rows(compared, outcomes, table, (attack, norm, what)), styles
    if what == "difference":
        shown = {key: style for key, style in styles.items() if key != base}

    def pick() -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            selection.pick(
                "attack", "Attack", {each: security.ATTACKS[each] for each in attacks}, kind="select", width=260
            )
            if len(norms) > 1:
                selection.pick("norm", "Norm", {each: security.NORMS[each] for each in norms}, width="content")
            if base:
                selection.pick("attacked", "Shown", SHOWS, width="content")

    label = security.NORMS[norm]
    title = "Accuracy" if what == "accuracy" else f"Accuracy minus that of {compared.label(base)}, in points,"
    layout.card(
        f"{title} under attack by size: {security.ATTACKS[attack]}, {label}",
        lambda: compared.figure(
            ("security", attack, norm, what, base, within),
            shown,
            lambda: charts.curves(rows, shown, what, f"size in {label} ({UNITS[norm]})", selection.theme),
        ),
        lambda: named(rows, styles),
        "security",
        help=HELP,
        controls=pick,
        caption=_caption(outcomes, what),
        meanings=MEANINGS,
        folded=True,
    )


def _ways(outcomes: Outcomes) -> list[tuple[str, str]]:
    """The attacks and norms that have a curve."""
    return [
        (attack, norm)
        for attack in security.ATTACKS
        for norm in security.NORMS
        if outcomes.right and security.asked(outcomes, attack, norm)
    ]


def _rows(
    compared: ComparedTickets, outcomes: Outcomes, table: pd.DataFrame, view: tuple[str, str, str]
) -> pd.DataFrame:
    attack, norm, what = view
    if what == "accuracy":
        return compared.computed(("security curves", attack, norm), lambda: security.curves(outcomes, attack, norm))
    return table[table["norm"] == norm].reset_index(drop=True)


def _sentence(table: pd.DataFrame, styles: dict[str, Style], attack: str, base: str | None) -> str:
    if base is None or table.empty:
        return ""
    sizes = len(table.drop_duplicates(["norm", "size"]))
    under = conditions("under", sizes, "size of attack", "sizes of attack") + f" ({security.ATTACKS[attack]})"
    labels = {key: style.label for key, style in styles.items()}
    placed = table.assign(place=[f"{norm} {size:g}" for norm, size in zip(table["norm"], table["size"], strict=True)])
    return answer(placed, labels, labels[base], under, lambda place: f"at {_size(str(place))}")


def _size(place: str) -> str:
    norm, size = place.split()
    return f"{security.NORMS[norm]} {size}{' / 255' if norm == 'linf' else ''}"


def _caption(outcomes: Outcomes, what: str) -> str:
    images = next(iter(outcomes.right.values())).shape[-1]
    several = min(len(right) for right in outcomes.right.values()) > 1
    over = "seeds" if several else "images (of one seed they speak of these networks)"
    if what == "difference":
        return (
            f"{images:,} test images, evenly spaced. {NOISE}: not shown to differ. Intervals and verdicts are of one "
            f"family over tickets and sizes in both norms, paired over {'seeds and ' * several}images."
        )
    return f"{images:,} test images, evenly spaced. Intervals of 95 % over {over}."


def _masking(compared: ComparedTickets, found: dict[str, Outcomes]) -> None:
    table = compared.computed("masking", lambda: masking.signs(found["security"], found["autoattack"]))
    if table.empty:
        return
    labels = {key: style.label for key, style in compared.styles.items()}
    st.markdown(masked(table, labels, _size))
    with fold("Signs of masked gradients, one by one", "masking") as opened:
        if opened:
            layout.table_card("Signs of masked gradients", _listed(table, labels), "masking", meanings=MEANINGS)


def _listed(table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """The signs for people, what is shown first; differences in points."""
    rows = table.sort_values("shown", ascending=False, kind="stable")
    places = [_size(f"{norm} {size:g}") for norm, size in zip(rows["norm"], rows["size"], strict=True)]
    return pd.DataFrame(
        {
            "ticket": rows["key"].map(labels),
            "sign": rows["sign"].map(masking.SIGNS),
            "at": places,
            **{name: (100 * rows[name]).round(1) for name in ("difference", "low", "high")},
            "shown": rows["shown"],
        }
    ).reset_index(drop=True)
