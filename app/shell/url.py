"""The URL's parameters, and the session's copy of them.

The URL holds `study`, `tickets`, `baseline`, `seed`, `samples`, and each page's own options under their names; what is
at its default is left out. Streamlit drops the URL's parameters when the page changes, so they are mirrored in the
session and written back. (A widget with `bind="query-params"` would have its shown text in the URL, not its value, and
would lose it when it is not on the page.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

MIRROR, WRITTEN = "selection", "selection written"
LONGEST = 30_000  # characters of a value; servers refuse an address of about twice that
LIST = "~"  # between the values of one parameter; a URL shows it as it is


def mirror() -> dict[str, str]:
    """The URL's parameters as this session knows them."""
    known: dict[str, str] = st.session_state.setdefault(MIRROR, {})
    return known


def change(values: Mapping[str, str | None]) -> None:
    """Change parameters in the URL; None or "" takes one out."""
    parameters = {name: value for name, value in {**mirror(), **values}.items() if value}
    st.session_state[MIRROR] = parameters
    st.session_state[WRITTEN] = True
    st.query_params.from_dict(written())


def written() -> dict[str, str]:
    """What of the parameters stands in the URL: all but what is too long, such as half a million marked samples.

    The session alone keeps that, or a page could not be loaded again.
    """
    return {name: value for name, value in mirror().items() if len(value) <= LONGEST}


def synchronise() -> None:
    """Bring URL and session together at the start of a run.

    A link, or the browser's Back, brings parameters of its own; Back may also bring none. A page change brings none,
    and a widget's change is not in the browser's URL yet: then the session's count.
    """
    url = {name: value for name, value in st.query_params.to_dict().items() if isinstance(value, str)}
    fresh = MIRROR not in st.session_state
    known, just_written = written(), st.session_state.pop(WRITTEN, False)
    # what a fragment wrote last is still noted as just written when Back comes, as fragments do not run this
    if fresh or went_back() or (url and url != known and not just_written):
        if url != known:
            st.session_state[MIRROR] = url
    elif url != known:
        st.query_params.from_dict(known)


def went_back() -> bool:
    """Whether the browser's Back or Forward brought about this run; False where Streamlit is too old to say."""
    return bool(getattr(get_script_run_ctx(suppress_warning=True), "is_history_navigation", False))


def passed_over(name: str, value: str) -> str:
    """The sentence about a parameter whose value makes no sense, shortened where it is long."""
    shown = json.dumps(value if len(value) <= 40 else value[:39] + "…", ensure_ascii=False)
    return f"The link asks for {name} {shown}, which is not here; it is passed over."
