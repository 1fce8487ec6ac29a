"""Who can open the app."""

from __future__ import annotations

from ipaddress import ip_address

import streamlit as st


def is_private() -> bool:
    """Whether the app can be reached from this machine alone."""
    address = str(st.get_option("server.address") or "")
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
