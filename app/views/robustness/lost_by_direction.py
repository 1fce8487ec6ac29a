"""Of the section Lost images: whether the direction of the features or their length loses the images, and biases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.biases import biases, by_class
from analysis.comparisons.turned_or_shrank import by_way, decided_by
from app.charts.texts import every
from app.names import listed
from app.shell import families, layout
from app.shell.folds import fold
from app.shell.theme import Style
from app.views.robustness.charts import lead as charts
from app.views.robustness.compared_tickets import named
from app.views.robustness.lost_view import View

MEANINGS = {
    "lost": "images that are right when clean and wrong when corrupted, the mean over seeds",
    "turned": "share of the lost images that are lost by the direction of their feature alone",
    "shrank": "share of the lost images that are lost by its length alone",
    "either": "share of the lost images that either by itself loses",
    "both": "share of the lost images that only the two together lose",
    "label": "the class, by number",
    "bias": "bias of the class less the mean of all, the mean over seeds [logits]",
    "lowest": "the same, the lowest of the seeds [logits]",
    "highest": "the same, the highest of the seeds [logits]",
}
MOST_NAMED = 3


def say(view: View) -> None:
    """Which tickets lose their images by direction and which by length, in a sentence."""
    rows = _rows(view)
    if not rows.empty:
        st.markdown(answer(rows, view.styles))


def show(view: View) -> None:
    """The shares with their intervals, and the biases, folded."""
    with fold("Direction or length? And the biases") as opened:
        if opened:
            left, right = st.columns([1, 1.25], gap="medium")
            with left:
                _ways(view)
            with right:
                _biases(view)


def answer(rows: pd.DataFrame, styles: Mapping[str, Style]) -> str:
    """What decides, direction or length, as markdown; `rows` of `by_way`, one a ticket."""
    rows = rows.assign(decided=decided_by(rows))
    said = []
    for way, words in (("turned", "direction"), ("shrank", "length")):
        own = rows[rows["decided"] == way]
        if own.empty:
            continue
        shares = f"{100 * own[way].min():.0f}"
        if round(100 * own[way].max()) > round(100 * own[way].min()):
            shares += f" to {100 * own[way].max():.0f}"
        said.append(f"for {_tickets(own, rows, styles)} the **{words}** alone loses most of these images ({shares} %)")
    open_ = rows[rows["decided"] == ""]
    if len(open_):
        said.append(f"for {_tickets(open_, rows, styles)} neither alone is shown to lose most")
    most = rows.loc[(rows["shrank"] + rows["both"]).idxmax()]
    ending = _back(most["shrank"] + most["both"], styles[most["key"]])
    return f"**Direction or length?** {_capital('; '.join(said))}. {ending}"


def _back(share: float, style: Style) -> str:
    """How many lost images their clean length would bring back, in the ticket where it is most."""
    if share == 0:
        return "At their clean length none would be right again."
    return f"At their clean length at most {max(100 * share, 1):.0f} % would be right again, in {style.label}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tickets(own: pd.DataFrame, rows: pd.DataFrame, styles: Mapping[str, Style]) -> str:
    """Some tickets among all, by name while they are few: `all 9 tickets`, `Dense and IMP 90 %`, `5 of 9 tickets`."""
    if len(own) == len(rows) > 1:
        return f"{every(len(rows))} tickets"
    if len(own) > MOST_NAMED:
        return f"{len(own)} of {len(rows)} tickets"
    return listed([styles[key].label for key in own["key"]])


def _rows(view: View) -> pd.DataFrame:
    """Rows of `by_way` of the tickets under the condition, in the order of the tickets."""
    compared = view.compared
    table = compared.computed("ways", lambda: by_way(compared.rows("lost"), compared.seeds))
    here = table[(table["corruption"] == view.corruption) & (table["severity"] == view.severity)].set_index("key")
    return here.loc[[key for key in view.styles if key in here.index]].reset_index()


def _ways(view: View) -> None:
    rows = _rows(view)
    if rows.empty:
        st.caption("No ticket loses an image here.")
        return
    layout.card(
        f"Turned or shrank: {view.words}",
        view.compared.figure(("ways", view.condition), view.styles,
                             lambda: charts.ways(rows, view.styles, view.compared.selection.theme)),
        lambda: named(rows, view.styles),
        "ways",
        help="Turned: with the clean direction at the corrupted length the image is right, with the clean length in "
        "the corrupted direction it is not. Shrank: the other way round. Either: each by itself loses it. Only both: "
        "neither does. Without biases a length alone never changes which class wins, so that all is turned.",
        caption="95 % intervals of each share: over seeds (Student's) where there are several that differ, else over "
        "the images lost (Wilson's).",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _biases(view: View) -> None:
    compared = view.compared
    study = compared.selection.study
    wanted = {ticket for ids in compared.seeds.values() for ticket in ids}
    entries = [entry for ticket, entry in families.entries(study).items() if ticket in wanted]
    found = compared.computed("biases", lambda: by_class(biases(entries), compared.seeds))
    found = found[found["key"].isin(list(view.styles))]
    if found.empty:
        st.caption("These networks have no linear classifier that was found, so there are no biases to show.")
        return
    ranges = found.groupby("key")["bias"].agg(np.ptp)
    widest = str(ranges.idxmax())
    layout.card(
        "Biases of the classes",
        compared.figure("biases", view.styles,
                        lambda: charts.bias_map(found, view.styles, study.classes, compared.selection.theme)),
        lambda: named(found, view.styles),
        "biases",
        help="What the classifier adds to each class's logit whatever the image, less the mean over classes, as what "
        "all share decides nothing. The shorter a feature, the more of the decision is left to them.",
        caption=f"Means over seeds; at the right the range. Widest: {view.styles[widest].label}, "
        f"{ranges.max():.2f} logits.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip
