"""What the numbers of a card are: each measure in words, with its formula and paper, a click from the card."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from analysis.results.definitions import DEFINITIONS


def button(key: str, meanings: Callable[[], Mapping[str, str]]) -> None:
    """The button beside the downloads of the card `key`; `meanings` (column -> words) is asked once it is opened."""
    opened = st.popover(
        "", icon=":material/function:", type="tertiary", help="What the numbers are", key=f"glossary-{key}",
        on_change="rerun",
    )  # fmt: skip
    if opened.open:
        with opened, st.container(key=f"meanings-{key}"):
            st.markdown(text(meanings()))


def text(meanings: Mapping[str, str]) -> str:
    """The columns as markdown, those with a formula first; what only bounds another's interval is left out."""
    bounds = {name for name in meanings if name.endswith(("_low", "_high")) and name.rpartition("_")[0] in meanings}
    names = sorted(set(meanings) - bounds, key=lambda name: (name not in DEFINITIONS, [*meanings].index(name)))
    return "\n\n".join(_entry(name, meanings[name]) for name in names)


def _entry(name: str, words: str) -> str:
    formula, paper = DEFINITIONS.get(name, ("", ""))
    shown = name.replace("_", " ").replace("[", "\\[").replace("*", "\\*")
    parts = [f"**{shown}**: {_plain(words)}"]
    parts += [f"$\\displaystyle {formula}$"] if formula else []
    parts += [f":small[:gray[{paper}]]"] if paper else []
    return "  \n".join(parts)


def _plain(words: str) -> str:
    for mark in "\\[]*_$<>`:":
        words = words.replace(mark, f"\\{mark}")
    return words
