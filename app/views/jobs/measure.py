"""What of a study is to be measured: all that it lacks, or some tables and families of corruptions alone."""

from __future__ import annotations

import streamlit as st

from analysis.corruptions.registry import FAMILIES
from analysis.engine.base import measures
from app.jobs.command import Command
from app.load import StudyView
from app.shell import work
from app.views.jobs import where


def show(study: StudyView) -> None:
    """Draw the choice, the command and its button."""
    known = measures()
    with st.container(border=True, key="card-measure"):
        st.markdown("**Measure what is not measured yet**")
        tables = st.multiselect(
            "Tables", sorted(known), key="measure-tables", placeholder="All",
            format_func=lambda name: f"{name}: {known[name].meaning}", help="Some alone take less time.",
        )  # fmt: skip
        families = st.multiselect(
            "Families of corruptions", list(FAMILIES), key="measure-families", placeholder="The study's",
            format_func=lambda name: FAMILIES[name].label, help="This time in place of those of the study's file.",
        )  # fmt: skip
        words = [word for table in tables for word in ("--only", table)]
        words += [word for family in families for word in ("--family", family)]
        command = Command(("analysis", "run", str(study.path), *words, *where.words("measure-where")))
        st.code(command.line, language="bash", wrap_lines=True)
        work.offer(command.line)
