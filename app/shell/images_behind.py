"""A number leads to its images: they become what is selected, on every page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.shell.selection import Selection


def select(selection: Selection, images: Sequence[int] | np.ndarray, words: str) -> None:
    """Select the images behind a number that was clicked; where there is none, say so and select nothing.

    For use in a callback.

    Args:
        selection: the page's.
        images: their indices.
        words: what they are, as the line of what is selected says it: "lost by IMP 90 % under Fog 3".
    """
    if len(images):
        selection.set_samples(images, words)
    else:
        st.toast(f"No image is behind it: {words}.", icon=":material/info:")
