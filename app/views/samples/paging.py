"""The pages of the gallery of the page Samples, and which of its images is looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app.shell.selection import Selection

PER_PAGE, BESIDE_A_CHART = 20, 16
"""Images of a page of the gallery; fewer where a chart stands above it."""


def picked(selection: Selection, order: pd.DataFrame) -> int:
    """The sample looked at: the URL's if it passes the filters, else the first of the page."""
    asked_for = _asked_for(selection, order)
    return int((on_page(selection, order) if asked_for is None else order.iloc[[asked_for]])["sample"].iloc[0])


def _asked_for(selection: Selection, order: pd.DataFrame) -> int | None:
    """Where in the order the URL's sample stands, from 0; None where it asks for none that passes the filters."""
    sample = selection.option("sample")
    found = np.flatnonzero(order["sample"] == int(sample)) if sample.isdecimal() else np.array([], dtype=np.int64)
    return int(found[0]) if len(found) else None


def shown(selection: Selection, order: pd.DataFrame) -> tuple[int, int]:
    """The gallery's page, from 1, which is that of the URL's sample if it has one, and how many there are."""
    size, asked_for = _per_page(selection), _asked_for(selection, order)
    pages = -(-len(order) // size)
    if asked_for is not None:
        return asked_for // size + 1, pages
    page = selection.option("gallery", "1")
    return (min(max(int(page), 1), pages) if page.isdecimal() else 1), pages


def on_page(selection: Selection, order: pd.DataFrame) -> pd.DataFrame:
    """The images of the gallery's page, as the order has them."""
    (page, _), size = shown(selection, order), _per_page(selection)
    return order.iloc[size * (page - 1) : size * page]


def _per_page(selection: Selection) -> int:
    return BESIDE_A_CHART if selection.option("among") == "one" else PER_PAGE


def pager(selection: Selection, page: int, pages: int) -> None:
    """Draw the way to the pages before and after.

    Args:
        selection: the page's.
        page: which page of the gallery is shown, from 1.
        pages: how many there are.
    """

    def go(to: int) -> None:
        selection.set(gallery=None if to == 1 else str(to), sample=None)

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center"):
        st.button("", icon=":material/chevron_left:", disabled=page == 1, on_click=go, args=(page - 1,),
                  key="page-back", help="The page before", type="tertiary")  # fmt: skip
        st.markdown(f"{page} of {pages}", width="content")
        st.button("", icon=":material/chevron_right:", disabled=page == pages, on_click=go, args=(page + 1,),
                  key="page-on", help="The next page", type="tertiary")  # fmt: skip
