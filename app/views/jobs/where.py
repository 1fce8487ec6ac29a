"""Where a job is done: in processes of this machine, or on a Ray cluster."""

from __future__ import annotations

import streamlit as st

from pruning.errors import UserError
from pruning.execution import PROCESSES, is_ray

CHOICES = [PROCESSES, "ray"]
LABELS = {PROCESSES: "Processes of this machine", "ray": "Ray, on this machine alone"}


def words(key: str) -> list[str]:
    """Draw the choice; what it adds to a command."""
    on = st.selectbox(
        "Where", CHOICES, key=key, accept_new_options=True, format_func=lambda each: LABELS.get(each, each),
        help="Or type the address of a Ray cluster: ray://HOST:10001, or ray:HOST:PORT from one of its machines.",
    )  # fmt: skip
    if on is None or on == PROCESSES:
        return []
    try:
        is_ray(on)
    except UserError as error:
        st.warning(str(error), icon=":material/info:")
        return []
    return ["--on", on]
