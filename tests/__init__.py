"""Tests, laid out as the three packages are."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
"""The project's own folder."""
