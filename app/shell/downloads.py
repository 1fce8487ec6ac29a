"""Buttons that save a card's chart as PNG or SVG, in the browser: the chart never travels to the server."""

from __future__ import annotations

from typing import Any

import streamlit as st
import streamlit.components.v2

from app.assets import read


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component(
        "chart_images", html=read("images.html"), css=read("images.css"), js=read("images.js")
    )


def image_buttons(key: str, name: str) -> None:
    """The two buttons for the card `key`; files are called `name`.png and `name`.svg."""
    _component()(data={"key": key, "name": name}, key=f"images-{key}")
