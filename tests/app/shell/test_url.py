"""The URL and the session's copy of it."""

from streamlit.testing.v1 import AppTest

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
