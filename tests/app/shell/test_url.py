"""The URL and the session's copy of it."""

import pytest
from streamlit.testing.v1 import AppTest

from app.shell import url
from app.shell.url import LONGEST


def page() -> None:
    """Shows how long the marked samples are that the session knows of."""
    import streamlit as st

    from app.shell.url import LONGEST, change, mirror, synchronise

    synchronise()
    st.button("mark", on_click=lambda: change({"samples": "b" * (LONGEST + 1), "map": "pca"}))
    st.button("something else")
    st.text(str(len(mirror().get("samples", ""))))


def test_what_is_too_long_for_an_address_stays_in_the_session() -> None:
    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    for _ in range(2):
        assert dict(app.query_params) in ({"map": "pca"}, {"map": ["pca"]})
        assert app.text[0].value == str(LONGEST + 1)
        app.button[1].click().run()
    app.query_params["map"] = "umap"  # a link, which counts as it is
    app.run()
    assert app.text[0].value == "0"


def other() -> None:
    """Shows the parameters that the session knows of; a button changes one as a fragment does, without another run."""
    import streamlit as st

    from app.shell.url import change, mirror, synchronise

    synchronise()
    st.button("change", on_click=lambda: change({"map": "pca"}))
    st.text(str(mirror()))
    if st.session_state.get("late"):
        change({"map": "umap"})


@pytest.mark.parametrize("before", [{}, {"inspect": "4"}])
def test_back_leads_to_what_was_there_whatever_was_written_last(
    before: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = AppTest.from_function(other).run()
    app.session_state["late"] = True
    app.button[0].click().run()  # leaves the URL written after the last look at it
    app.session_state["late"] = False
    monkeypatch.setattr(url, "went_back", lambda: True)
    app.query_params.clear()
    app.query_params.update(before)
    app.run()
    assert app.text[0].value == str(before)
