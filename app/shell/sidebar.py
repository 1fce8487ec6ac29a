"""The sidebar: study, tickets, baseline, seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from app import choice, load
from app.load import StudyView
from app.names import shown
from app.shell import families, import_form, job_status, layout, report_form, work
from app.shell.lacking import unfound
from app.shell.parameters import resolve
from app.shell.picker import picker
from app.shell.selection import Selection
from app.shell.theme import Mode
from app.shell.url import change, mirror
from pruning.errors import UserError
from pruning.study.commands import typed

SHOWN = "study shown"  # in the session: name and folder of the study that was drawn last


def show() -> Selection | None:
    """Draw the sidebar. Returns the selection; None when there is nothing to select from (the page then says so).

    Raises:
        UserError: the study cannot be read.
    """
    studies = choice.studies()
    gone = _gone(studies)
    if not studies and gone is None:
        layout.empty(
            "There is no study to show.",
            "A study is a folder with a study.toml. Find the tickets of one and measure them, or point the app at one.",
            f"make study STUDY=path/to/study.toml\n{typed('app', 'path/to/study')}",
        )
        with st.sidebar:
            import_form.button()
            job_status.show()
        return None
    asked = mirror().get("study")
    name = None if gone or asked not in [None, *studies] else asked or choice.first_with_tickets(studies)
    with st.sidebar:
        _study_menu(name, list(studies))
        import_form.button()
        job_status.show()
    if name is None:  # another in its place would pass for the one that was asked for
        asks = f"The link asks for the study “{str(asked)[:40]}”, which is not here."
        which = f"{gone} is no folder with a study.toml any more." if gone else asks
        layout.empty("This study is gone.", f"{layout.plain(which)} Choose another study.")
        return None
    st.session_state[SHOWN] = name, studies[name]
    study = load.open_study(name, studies[name])
    if study.tickets.empty:
        unfound(
            study,
            f"The study '{study.title}' has no tickets yet.",
            "Find them; they appear here as they are found, at the next click.",
            measured=True,
        )
        return None
    selection = resolve(study, mirror(), mode())
    with st.sidebar:
        st.markdown("**Tickets** :small[:gray[by sparsity in %]]", help="Click a dot to show or hide a ticket, "
                    "a sparsity to see all methods at it, a method to see all its sparsities.")  # fmt: skip
        picker(selection)
        _baseline_menu(selection)
        _seed_menu(selection)
        _stale(study)
        report_form.button(selection)
    return selection


def _gone(studies: Mapping[str, Path]) -> Path | None:
    """The folder that this session was shown and still asks for, but that is no study any more."""
    name, path = st.session_state.get(SHOWN, ("", None))
    return path if path not in [None, *studies.values()] and mirror().get("study", name) == name else None


def mode() -> Mode:
    """Whether the browser shows the light or the dark theme."""
    return "dark" if st.context.theme.type == "dark" else "light"


def show_notes(selection: Selection) -> None:
    """What the link asked for in vain, and files that could not be read."""
    layout.notes([*selection.notes, *selection.study.problems, *load.damaged(selection.study)])


def _stale(study: StudyView) -> None:
    """Say what is stale: tickets at once, results when asked, as every file of theirs has to be read."""
    sentences = [sentence] if (sentence := load.stale(study)) else []
    if st.button("Check the results", icon=":material/fact_check:", type="tertiary", key="check-results",
                 help="Reads every file: is all measured, and by today's measures and corruptions? "
                 "Takes some seconds."):  # fmt: skip
        with st.spinner("Reading the results …"):
            sentences += load.amiss(study) or ["Nothing is amiss with the results."]
    for sentence in sentences:
        st.caption(f":material/history: {shown(sentence)}")
    work.offer("\n".join(sentences))


def _study_menu(name: str | None, names: list[str]) -> None:
    def store() -> None:
        # tickets, samples and layers of one study mean nothing in another
        change({**dict.fromkeys(mirror()), "study": st.session_state["pick study"]})

    st.session_state["pick study"] = name
    st.selectbox("Study", names, key="pick study", on_change=store, placeholder="Choose a study")


def _baseline_menu(selection: Selection) -> None:
    tickets = selection.study.tickets.drop_duplicates("key")
    labels = dict(zip(tickets["key"], tickets["label"], strict=True))
    selection.pick(
        "baseline",
        "Baseline",
        labels,
        default=selection.study.baseline,
        kind="select",
        help="The ticket that others are compared with.",
    )


def _seed_menu(selection: Selection) -> None:
    study = selection.study
    if len(study.seeds) < 2:
        return
    seeds = {str(seed): f"{seed}" + (" ★" if seed == study.detail_seed else "") for seed in study.seeds}
    default = str(study.detail_seed if study.detail_seed in study.seeds else study.seeds[0])
    selection.pick(
        "seed", "Seed", seeds, default=default, kind="segmented" if len(seeds) < 6 else "select",
        help=_of_seeds(study),
    )  # fmt: skip


def _of_seeds(study: StudyView) -> str:
    """What is of all seeds, and what of one."""
    try:
        shown = families.score(study)
    except UserError:  # of the task, which the page says
        return "Scores are means over all seeds; masks are those of one."
    if not shown.images:
        return f"{shown.plural} are means over all seeds; masks, and what single networks make, are those of one."
    return (
        f"{shown.plural} are means over all seeds; masks, geometry and images are those of one. "
        "Results for single images are kept for the seed with the star."
    )
