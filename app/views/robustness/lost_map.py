"""Of the section Lost images: the largest cause of each ticket under each corruption, as a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from analysis.comparisons.lost_images import main_causes
from analysis.comparisons.lost_to_baseline import Pairs
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from app import live
from app.charts.names import name, ordered
from app.shell import layout
from app.shell.links import corruption_option
from app.shell.url import LIST
from app.views.robustness.charts import lost as charts
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.logit_rescues import is_kept, rescued
from app.views.robustness.lost_view import USUAL, View
from pruning.errors import UserError
from pruning.progress import Progress

ASKED = "lost-map-asked"

HELP = (
    "Colour: the cause of most losses, as in the bars. Number: the share of the lost images that it is the cause of, "
    "in per cent, and its 95 % interval. Outline only: not shown to be more than every other cause, or too few images "
    "are lost to ask. All cells are one family (Holm), so that a cause may be shown when its corruption is asked about "
    "alone, and not here."
)

MEANINGS = {
    "lost": "share of the images that are lost: right before, wrong after",
    "cause": "the cause of most losses; empty where nothing is lost",
    "share": "share of the lost images that it is the cause of",
    "p": "that it is the cause of no more than another, corrected for all cells (Holm)",
    "shown": "whether it is shown to be the largest, p below 0.05",
}


def card(
    view: View, title: str, rows: pd.DataFrame, corruptions: Sequence[str], severity: int, what: object = None
) -> None:
    """The map; a click on a cell chooses its ticket and its corruption.

    Args:
        view: what is looked at.
        title: of the card.
        rows: of `main_causes`, of one severity.
        corruptions: those with a column, whether they have rows or not.
        severity: theirs.
        what: stands for the rows in what is kept, beside family, severity and tickets.
    """
    names = [each for group in ordered(corruptions) for each in group]
    chosen = view.corruption if view.severity == severity else ""
    layout.card(
        title,
        view.compared.figure(("lost map", what, view.family, chosen, severity), view.styles,
                             lambda: charts.cause_map(rows, view.styles, names, chosen,
                                                      view.compared.selection.theme)),
        lambda: named(rows, view.styles),
        "lost-map",
        help=HELP,
        caption="Outline only: within noise, all cells asked together. Intervals over seeds (Student's) "
        "where there are several that differ, else over images (Wilson's). Click a cell to look at its ticket and its "
        "corruption.",
        on_select=lambda: _choose(view, severity),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _choose(view: View, severity: int) -> None:
    """Look at the corruption whose cell was clicked, and at its ticket where one is looked at."""
    clicked = layout.picked("lost-map", 2)
    if clicked is not None:
        beside = dict.fromkeys([*([view.compared.baseline] if view.compared.baseline else []), clicked[0]])
        view.compared.selection.set(**{corruption_option(view.family): clicked[1]}, severity=str(severity),
                                    columns=LIST.join(beside), story=clicked[0])  # fmt: skip


def to_baseline(view: View, shown: TestImages, baseline: str, pairs: Mapping[str, Pairs]) -> None:
    """The map against the baseline, which is worked out when it is asked for.

    Each corruption is kept as soon as it is done, so that whoever stops, or goes elsewhere meanwhile, loses nothing.
    """
    severity = _severity(view)
    conditions = [(each, level) for each, level in view.compared.outcomes(view.family).conditions
                  if level == severity and live.can_show(shown, (each, level))]  # fmt: skip
    compared = view.compared

    def lacking() -> list[Condition]:
        return [each for each in conditions if not is_kept(compared, baseline, pairs, each)]

    missing, token = lacking(), (compared.selection.study.path, baseline, view.family, severity, compared.ids)
    title = f"Largest cause of what is lost to {compared.label(baseline)}: severity {severity}"
    if missing and st.session_state.get(ASKED) == token:
        _work(compared, shown, baseline, pairs, missing)
        missing = lacking()
    done = [each for each in conditions if each not in missing]
    if len(done) > 1 or not missing:
        rows = pd.concat([rescued(compared, shown, baseline, pairs, each) for each in done])
        found = compared.computed(("map to", baseline, tuple(done)), lambda: main_causes(rows, compared.seeds))
        card(view, title, found, [each for each, _ in conditions], severity, ("to", baseline, tuple(done)))
    if missing:
        _ask(token, title, len(missing), len(done))


def _severity(view: View) -> int:
    """The chosen severity; on clean images, which have none, the one of the URL or the usual one."""
    if view.condition != CLEAN:
        return view.severity
    levels = sorted({level for _, level in view.compared.outcomes(view.family).conditions if level})
    asked = view.compared.selection.option("severity", str(USUAL))
    return min(levels, key=lambda level: (str(level) != asked, abs(level - USUAL)), default=USUAL)


def _ask(token: object, title: str, missing: int, done: int) -> None:
    """The button that begins, or goes on."""

    def begin() -> None:
        st.session_state[ASKED] = token

    with st.container(border=True, key="lost-map-ask"):
        if done > 1:
            st.markdown(f"{missing} corruptions of the map are not worked out yet.")
        else:
            st.markdown(f"**{title}**  \nThe map is worked out from the networks: {missing} corruptions, each of which "
                        "takes as long as the bars above did.")  # fmt: skip
        st.button("Go on" if done > 1 else "Work out the map", icon=":material/grid_on:", key="lost-map-begin",
                  on_click=begin)  # fmt: skip


def _work(
    compared: ComparedTickets,
    shown: TestImages,
    baseline: str,
    pairs: Mapping[str, Pairs],
    missing: Sequence[Condition],
) -> None:
    """Ask corruption after corruption, with a bar and a way to stop; says what could not be asked."""
    place = st.empty()
    with place.container(border=True):

        def stop() -> None:
            st.session_state.pop(ASKED, None)

        try:
            with live.bar("Asking the networks") as progress:
                st.button("Stop", icon=":material/close:", key="lost-map-stop", on_click=stop,
                          help="Corruptions that are done are kept.")  # fmt: skip
                for number, condition in enumerate(missing):
                    progress(number / len(missing), _text(condition, number, missing))
                    rescued(compared, shown, baseline, pairs, condition,
                            _part(progress, number, missing))  # fmt: skip
        except UserError as error:
            stop()
            layout.empty(f"The rest of the map cannot be worked out: {error}")
            return
    place.empty()
    stop()


def _part(progress: Callable[[float, str], None], number: int, missing: Sequence[Condition]) -> Progress:
    """Progress of one of several conditions, as part of all."""
    return lambda fraction, _: progress((number + fraction) / len(missing), _text(missing[number], number, missing))


def _text(condition: Condition, number: int, missing: Sequence[Condition]) -> str:
    return f"{name(condition[0])}, {number + 1} of {len(missing)}"
