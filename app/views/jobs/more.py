"""What a study could be asked for next: more methods, more sparsities, what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app import load
from app.allowed import Untrusted
from app.jobs.command import Command
from app.load import StudyView
from app.shell import layout, work
from app.shell.host import is_private
from app.views.jobs import measure
from app.views.jobs.where import words as where_words
from pruning.errors import UserError
from pruning.study.adding import Asked, ask, asked_at, ways_to_prune
from pruning.study.config import RECORDED
from pruning.study.folder import Study
from pruning.study.known import is_shipped

USUAL = ["50", "80", "90", "95", "98"]


def show(study: StudyView) -> None:
    """Draw the form, where the study is the user's own."""
    with st.container(border=True, key="card-more"):
        st.markdown(f"**Prune {layout.plain(study.title)}**")
        if is_shipped(study.path):
            st.markdown(
                "This study ships with the project and stays as it is. Add a network of your own with the button below "
                "the study menu, and prune that here."
            )
            return
        if study.config.model == RECORDED:
            st.markdown("Its networks are recorded: they are pruned where they are, and recorded here again.")
        else:
            _form(study)
    measure.show(study)


def _form(study: StudyView) -> None:
    own, others = _ways(study.path, load.stamp(study.path))
    names = {**own, **others}
    ways = st.multiselect(
        "Methods", list(names), key="more-methods", placeholder="This study's, or others",
        format_func=lambda way: names.get(way, way),
        help="First those that the study has; the others become methods of its file.",
    )  # fmt: skip
    levels = st.multiselect(
        "Sparsity in %", USUAL, ["90"], key="more-levels", accept_new_options=True,
        help="The share of the weights that is removed. Type any other.",
    )  # fmt: skip
    where = where_words("more-where")
    then = st.checkbox("Measure them then", True, key="more-measure")
    if not ways or not levels:
        st.caption("Choose at least one of each. What is there already is not done again.")
        return
    try:
        asked = asked_at(Study.open(study.path), ways, fractions(levels))
    except UserError as error:
        st.warning(layout.plain(str(error)), icon=":material/info:")
        return
    commands = wanted(study.path, asked, fractions(levels), then, where)
    if asked.lines:
        st.caption("This goes into the study's file, of which all else stays as it is:")
        st.code(asked.lines, language="toml")
    st.code("\n".join(command.line for command in commands), language="bash", wrap_lines=True)
    try:
        for command in commands:
            work.check(command)
    except Untrusted as error:
        st.caption(layout.plain(str(error)))
        if is_private():
            work.allow(error)
        return
    except UserError as error:
        st.caption(str(error))
        return
    st.button(work.label(commands), type="primary", icon=":material/play_arrow:", key="more-go",
              on_click=_begin, args=(study.path, ways, fractions(levels), then, where))  # fmt: skip


def _begin(path: Path, ways: Sequence[str], sparsities: Sequence[float], then: bool, where: Sequence[str]) -> None:
    try:
        asked = ask(Study.open(path), ways, sparsities)  # of the file as it is by now
    except UserError as error:
        st.session_state[work.REFUSED] = str(error)
        return
    work.start(wanted(path, asked, sparsities, then, where))
    if work.REFUSED not in st.session_state:
        st.session_state["more-methods"] = []


def wanted(
    path: Path, asked: Asked, sparsities: Sequence[float], then: bool, where: Sequence[str] = ()
) -> list[Command]:
    """The commands that find what was asked for, and measure it."""
    words = [word for method in asked.methods for word in ("--method", method)]
    words += [word for level in sparsities for word in ("--sparsity", f"{level:g}")]
    prune = Command(("pruning", "run", str(path), *words, *where))
    return [prune, Command(("analysis", "run", str(path), *where))] if then else [prune]


def fractions(levels: Sequence[str]) -> list[float]:
    """Sparsities in per cent, as they were typed.

    Raises:
        UserError: one of them is none.
    """
    found = []
    for level in levels:
        try:
            share = round(float(level.strip().removesuffix("%").replace(",", ".")) / 100, 6)
        except ValueError:
            share = -1.0
        if not 0 <= share < 1:
            raise UserError(f"A sparsity of “{level[:20]}” % is none; give a number from 0 to below 100.")
        found.append(share)
    return sorted(set(found))


@st.cache_data(max_entries=8, show_spinner=False)
def _ways(path: Path, stamp: str) -> tuple[dict[str, str], dict[str, str]]:
    """The study's own methods, and other ways to prune it: name -> what people call it."""
    study = Study.open(path)
    seed = study.config.seeds[0]
    own = {recipe.method: recipe.method_label for recipe in study.recipes() if recipe.seed == seed}
    own.pop("dense", None)
    others = {way: label for way, label in ways_to_prune(study).items() if way not in own}
    return own, others
