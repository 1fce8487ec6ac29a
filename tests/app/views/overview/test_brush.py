"""A brush over the histogram of the tickets chooses those within, and meets those chosen as the user says."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.views.test_pages import _fresh  # noqa: F401


@pytest.mark.parametrize(
    ("way", "chosen"),
    [("replace", "magnitude-50~imp-50"), ("add", "dense~magnitude-50~imp-50~imp-90"), ("subtract", "dense~imp-90"),
     ("intersect", "imp-50")],
)  # fmt: skip
def test_what_is_brushed_is_chosen(way: str, chosen: str, found_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> None:
        import numpy as np
        import streamlit as st

        from app.shell import navigation
        from app.shell.url import synchronise
        from app.views.overview import brush

        synchronise()
        selection = navigation.select()
        assert selection is not None
        keys, values = ["dense", "magnitude-50", "imp-50", "imp-90"], np.array([0.9, 0.55, 0.5, 0.1])
        for box in ([60.0, 40.0], [1.0, 2.0]):  # the second holds none, and changes nothing
            st.session_state["chart-tickets-brush"] = {"selection": {"box": [{"x": box, "y": [0, 1]}]}}
            brush._brushed(selection, keys, values, 100)

    monkeypatch.setenv("PRUNING_STUDIES", str(found_study))
    test = AppTest.from_function(script, default_timeout=60)
    test.query_params["tickets"], test.query_params["combine"] = "dense~imp-50~imp-90", way
    test.run()
    assert not test.exception
    assert test.query_params["tickets"] in (chosen, [chosen])
