"""Of the section Lost images: how many of the lost images each cause takes, in a sentence, bars and a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from analysis.comparisons.lost_images import CAUSES, LEADS, NETS
from app.charts.texts import bracket, points
from app.shell import layout
from app.shell.folds import fold
from app.shell.theme import Style
from app.views.robustness.charts import lost as charts
from app.views.robustness.compared_tickets import named
from app.views.robustness.lost_view import View

_NUMBER, _TEXT = st.column_config.NumberColumn, st.column_config.TextColumn
COLUMNS = {
    "ticket": _TEXT("Ticket"),
    "lost": _NUMBER("Lost (%)", format="%.1f"),
    "net_drift": _TEXT("Drift (points)", help="Accuracy gained once it is undone, losses counted."),
    "net_scale": _TEXT("Drift and scale (points)", help="Accuracy gained once both are undone, losses counted."),
    "net_class": _TEXT("Class drift (points)", help="Accuracy gained once it is undone. Uses the labels."),
    "net_other": _TEXT("Another class's (points)", help="Accuracy gained: the control of class drift."),
    "direction": _NUMBER("By direction (logits)", format="%+.2f",
                         help="Of the change of the lead over the winner: the direction's Shapley value."),
    "length": _NUMBER("By length (logits)", format="%+.2f", help="The length's Shapley value."),
}  # fmt: skip

MEANINGS = {
    "lost": "share of the images that are lost: right before, wrong after",
    **{cause: f"share of all images whose loss is due to {charts.NAMES[cause].lower()}" for cause in CAUSES},
    "direction": "mean change of the lost images' lead that the feature's direction makes [logits]",
    "length": "mean change of the lost images' lead that the feature's length makes [logits]",
    "other": "share of all images that are lost and that another class's drift would bring back, a control",
    "common": "share of the lost images that a drift common to all, with or without scale, brings back",
    "main": "the cause of most losses, where that is more than chance; empty where it is not shown",
    **{f"net_{each}": f"accuracy gained when {each} is undone for all images" for each in NETS[:-1]},
    "net_other": "accuracy gained when another class's drift is undone for all images",
}


def of_causes(rows: pd.DataFrame, styles: Mapping[str, Style], endings: Mapping[str, str]) -> str:
    """To which cause tickets lose images, as far as that is shown, as markdown.

    `rows`: of `causes`, one a ticket that loses any. `endings`: cause -> what it says of a ticket.
    """
    said, shown = "Which part is the largest is not shown beyond chance.", rows.loc[rows["main"] != "", "main"]
    if len(shown):
        main, number = str(shown.mode().iloc[0]), int(shown.value_counts().iloc[0])
        who = "it" if len(rows) == 1 else f"{'all' if number == len(rows) else f'{number} of'} {len(rows)} tickets"
        rest = len(rows) - len(shown)
        others = f" For {rest} no part is shown to be the largest." if rest else ""
        said = f"For {who} the largest part is **{charts.NAMES[main].lower()}**: {endings[main]}.{others}"
    part, net = (
        [rows.loc[place] for place in dict.fromkeys([rows[each].idxmin(), rows[each].idxmax()])]
        for each in ("common", "net_scale")
    )
    shares = " up to ".join(
        f"{100 * row['common']:.0f} % of {'those' if place else 'the losses'} of {styles[row['key']].label}"
        f"{bracket(row['common_low'], row['common_high'], '{:.0f}')}"
        for place, row in enumerate(part)
    )
    gains = " up to ".join(f"{_gain(row, 'net_scale')} for {styles[row['key']].label}" for row in net)
    return (
        f"{said} A common drift, with or without scale, accounts for {shares}. Counted both ways, undoing drift and "
        f"scale for all images changes the accuracy, in points, by {gains}."
    )


def _gain(row: pd.Series, name: str) -> str:
    """A gain in accuracy with its interval, in points: `−1.2 (−2.0 to −0.4)`."""
    return points(row[name]) + bracket(row[f"{name}_low"], row[f"{name}_high"], "{:+.1f}")


def bars(view: View, rows: pd.DataFrame, card: str, title: str, help: str, mark: Callable[[], None]) -> None:
    """The card of the images lost by cause.

    Args:
        view: what is looked at.
        rows: of `causes`, one a ticket.
        card: its key.
        title: its title.
        help: what is lost, and what the causes are.
        mark: called when a segment is clicked, whose `customdata` is the ticket's key and the cause.
    """
    layout.card(
        title,
        view.compared.figure((card, view.condition, view.compared.baseline), view.styles,
                             lambda: charts.by_cause(rows, view.styles, view.compared.selection.theme)),
        lambda: named(rows, view.styles),
        card,
        help=help,
        caption=("Bar: 95 % interval over seeds (Student's)." if int(rows["seeds"].max()) > 1 else
                 "Bar: 95 % interval over images (Wilson's): one seed, so it speaks of these networks.")
        + " Click a segment to select its images on every page.",
        on_select=mark,
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def table(view: View, rows: pd.DataFrame, card: str) -> None:
    """Counted both ways, folded: what undoing each drift does to the accuracy of all images; `rows` of `causes`."""
    rows = rows.set_index("key")
    rows = rows.loc[[key for key in view.styles if key in rows.index]].reset_index()
    numbers = pd.DataFrame({"ticket": [view.styles[key].label for key in rows["key"]]})
    ends = [f"net_{each}{end}" for each in NETS for end in ("", "_low", "_high")]
    numbers[["lost", *ends]] = 100 * rows[["lost", *ends]]
    leads = [name for name in LEADS if name in rows]
    numbers[leads] = rows[leads]
    shown = numbers.drop(columns=ends)
    for place, each in enumerate(NETS):
        shown.insert(2 + place, f"net_{each}", [_gain(row, f"net_{each}") for _, row in rows.iterrows()])
    with fold("Counted both ways: what undoing each drift does to the accuracy of all images") as opened:
        if opened:
            layout.table_card(
                "What undoing each drift does to the accuracy of all images",
                shown,
                card,
                columns=COLUMNS,
                caption="What it makes right less what it makes wrong, with 95 % intervals."
                if numbers["net_drift_low"].notna().any()
                else "One seed, and the results do not hold which images change: no intervals.",
                data=numbers,
                meanings={f"net_{each}": f"{MEANINGS[f'net_{each}']} [points]" for each in NETS},
            )
