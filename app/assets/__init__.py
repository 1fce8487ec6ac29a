"""Styles and scripts that run in the browser."""

from functools import cache
from pathlib import Path


@cache
def read(name: str) -> str:
    """The text of a file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
