"""What leads from one page to another, or to a view of it."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from analysis.corruptions import family_of
from app.shell.url import mirror, written

ENTRIES = "entries"
"""In the session: path -> page of the navigation."""


def leave_for(path: str) -> None:
    """Go to another page, with the selection as it is; nowhere where there is no such page."""
    page = st.session_state.get(ENTRIES, {}).get(path)
    if page is not None:
        # with the parameters, or the address is bare for a moment, which the browser's Back would lead to
        st.switch_page(page, query_params=written())


def corruption_option(family: str) -> str:
    """The name, in the URL, of the corruption that the page Robustness looks at.

    One a family, since families have no corruption in common.
    """
    return "corruption" if family == "cifar_c" else f"corruption-{family.replace('_', '-')}"


def curve_address(corruption: str) -> str:
    """The address of a corruption's curve over severity, with the present selection."""
    family = family_of(corruption)
    view = {"section": "corruptions", "family": family, corruption_option(family): corruption}
    return "robustness?" + urlencode({**mirror(), **view})
