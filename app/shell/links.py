"""Addresses that lead from one page to a view of another."""

from __future__ import annotations

from urllib.parse import urlencode

from analysis.corruptions import family_of
from app.shell.url import mirror


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
