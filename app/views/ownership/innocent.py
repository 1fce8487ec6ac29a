"""How well the owner's code agrees with tickets that do not carry it, and other codes with the one that does."""

from __future__ import annotations

import pandas as pd

from analysis.comparisons import ownership
from app.shell import layout
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import innocent as charts
from app.views.ownership.facts import View

MEANINGS = {
    "group": "innocent: the owner's code in an unsigned ticket; forged: another text's code in the signed ticket",
    "label": "the ticket, as the app calls it",
    "seed": "the training seed",
    "agreement": "share of the code's modules that agree in the best window [fraction]",
    "p_value": "how likely a mask that knows nothing of the code agrees as well, corrected for all windows",
}


def card(selection: Selection, view: View) -> None:
    """Draw the card."""
    parts = [view.innocent.assign(group="innocent"), view.forged.assign(group="forged")]
    rows = pd.concat(parts).assign(agreement=lambda each: 1 - each["ber"])[list(MEANINGS)]
    shipped = view.shipped
    signed = (1 - shipped["ber"]).to_frame("agreement")
    layout.card(
        "How well masks agree that know nothing of the code",
        lambda: charts.agreement(rows, signed, 1 - float(shipped["limit"].min()), selection.theme),
        rows,
        "innocent",
        folded=True,
        help="Each is searched as the signed ticket is, window by window, and the best counts; half of the modules "
        "agree by chance, and the best of many windows is above that.",
        caption=_caption(rows) + " " + words.search(view),
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _caption(rows: pd.DataFrame) -> str:
    said = []
    for group, who in (("innocent", "unsigned tickets"), ("forged", "forged codes")):
        own = rows[rows["group"] == group]
        if len(own):
            passed = int((own["p_value"] < ownership.CLAIM).sum())
            said.append(
                f"{len(own)} {who}: at most {100 * own['agreement'].max():.1f} % agree, smallest p "
                f"{words.p_value(own['p_value'].min())}, {passed or 'none'} below 1e-6."
            )
    return " ".join(said)
