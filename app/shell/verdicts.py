"""What pages say of differences in accuracy: the one table of a question, the same on every page, and its words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import verdicts as comparisons
from analysis.comparisons.outcomes import Images
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES
from app import load
from app.shell import families
from app.shell.selection import Selection

WITHIN = {"0.2": "0.2 points", "0.5": "0.5 points", "1": "1 point", "2": "2 points", "5": "5 points"}
MARKS = {DIFFERS: "●", EQUIVALENT: "=", CANNOT_TELL: "○"}


def pick_equivalence(selection: Selection) -> float:
    """The chooser of the difference that does not matter, as a fraction; the same on every page."""
    points = selection.pick(
        "within", "Equivalent within", WITHIN, default="1", kind="select", width=150,
        help="Two tickets are equivalent when their accuracies are shown to differ by less than this.",
    )  # fmt: skip
    return float(points) / 100


def equivalence(selection: Selection) -> float:
    """The same without its chooser."""
    return float(selection.option("within", "1", list(WITHIN))) / 100


def of_chosen(selection: Selection, images: Images) -> pd.DataFrame:
    """`comparisons.verdicts.verdicts` of the chosen tickets and the baseline: all their pairs are the family."""
    study, baseline = selection.study, selection.baseline
    keys = (*selection.keys, *([baseline.key] if baseline else []))
    ordered = tuple(families.ordered(study, keys))
    return _table(study.path, study.stamp, study.name, ordered, images, equivalence(selection))


@st.cache_data(max_entries=32, show_spinner="Comparing the tickets …")
def _table(path: Path, stamp: str, name: str, keys: tuple[str, ...], images: Images, within: float) -> pd.DataFrame:
    outcomes = families.outcomes(load.open_study(name, path), images)
    return comparisons.verdicts(outcomes, list(keys), equivalence=within)


def points(fraction: float) -> str:
    """A size in percentage points: `1 point`, `0.5 points`, `12 points`."""
    text = f"{100 * fraction:.2g}" if fraction < 0.1 else f"{100 * fraction:.0f}"
    return f"{text} point{'' if text == '1' else 's'}"


def words(row: pd.Series, within: float) -> str:
    """The verdict of one row of the table, such as `cannot tell (3.1 points would have been found)`."""
    if row["verdict"] == DIFFERS:
        return f"differs, by less than {points(within)}" if row["within"] else DIFFERS
    if row["verdict"] == EQUIVALENT:
        return f"equivalent within {points(within)}"
    return f"{CANNOT_TELL} (could have shown {points(row['detectable'])})"


def speak_of(table: pd.DataFrame) -> str:
    """Whether the verdicts are about methods or about these networks, in a sentence; empty without any."""
    if table.empty:
        return ""
    pairs = f"Holm's correction over {len(table):,} pairs" if len(table) > 1 else "one pair"
    own = (table["over"] == IMAGES).sum()
    if own == 0:
        seeds = sorted(table["seeds"].unique())
        count = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
        return f"Paired over {count} seeds and the test images; {pairs}. The interval drawn is the one that decides."
    which = "one seed" if own == len(table) else "one seed in common for some"
    return (
        f"Paired over the test images, with {which}; {pairs}. So the verdicts are about **these networks**: another "
        "training of the same method may come out otherwise. The interval drawn is the one that decides."
    )
