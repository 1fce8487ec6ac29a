"""What pages say of differences in accuracy: the one table of a question, the same on every page, and its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import verdicts as comparisons
from analysis.comparisons.outcomes import Images
from analysis.comparisons.seed_noise import LEVEL, SeedNoise, seed_noise
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES, NOTHING
from app import choice, load
from app.names import listed
from app.shell import families
from app.shell.score import points
from app.shell.selection import Selection
from pruning.errors import UserError

MARKS = {DIFFERS: "●", EQUIVALENT: "=", CANNOT_TELL: "○"}


def pick_equivalence(selection: Selection) -> float:
    """The chooser of the difference that does not matter, as a fraction; the same on every page."""
    shown = families.score(selection.study)
    texts = {value: f"Equivalent within {text}" for value, text in shown.within.items()}
    size = selection.pick(
        "within", "Equivalent within", texts, default=shown.usual, kind="select", width=230,
        label_visibility="collapsed",
    )  # fmt: skip
    return float(size) / 100


def equivalence(selection: Selection) -> float:
    """The same without its chooser."""
    shown = families.score(selection.study)
    return float(selection.option("within", shown.usual, list(shown.within))) / 100


def of_chosen(selection: Selection, images: Images) -> pd.DataFrame:
    """`comparisons.verdicts.verdicts` of the chosen tickets and the baseline: all their pairs are the family."""
    study, baseline = selection.study, selection.baseline
    keys = (*selection.keys, *([baseline.key] if baseline else []))
    ordered = tuple(families.ordered(study, keys))
    return _table(study.path, study.stamp, study.name, ordered, images, equivalence(selection))


@st.cache_data(max_entries=32, show_spinner="Comparing the tickets …")
def _table(path: Path, stamp: str, name: str, keys: tuple[str, ...], images: Images, within: float) -> pd.DataFrame:
    outcomes = families.outcomes(load.open_study(name, path), images, keys)
    return comparisons.verdicts(outcomes, list(keys), equivalence=within)


def words(row: pd.Series, within: float, brief: bool = False, size: Callable[[float], str] = points) -> str:
    """The verdict of a row of the table, as `cannot tell (could have shown 3.1 points)`; without brackets if brief."""
    if row["verdict"] == DIFFERS:
        return f"differs, by less than {size(within)}" if row["within"] else DIFFERS
    if row["verdict"] == EQUIVALENT:
        return f"equivalent within {size(within)}"
    if brief or pd.isna(row["detectable"]):
        return CANNOT_TELL if brief else f"{CANNOT_TELL}: one seed"
    return f"{CANNOT_TELL} (could have shown {size(row['detectable'])})"


def counted(table: pd.DataFrame, within: float) -> str:
    """How many pairs got which verdict, and of what, to begin a sentence: `3 of 10 pairs of networks differ, ...`."""
    found = table["verdict"].value_counts().reindex([DIFFERS, EQUIVALENT, CANNOT_TELL], fill_value=0)
    differ, same, unknown = (int(count) for count in found)
    of = " of networks" if (table["over"] == IMAGES).any() else ""
    if len(table) == 1:
        verdict = "differs" if differ else f"is equivalent within {points(within)}" if same else "cannot be told apart"
        return f"The pair{of} {verdict}"
    said = [f"{differ} of {len(table)} pairs{of} differ{'s' if differ == 1 else ''}"]
    if same:
        said.append(f"{same} {'is' if same == 1 else 'are'} equivalent within {points(within)}")
    if unknown:
        said.append(f"{unknown} cannot be told apart")
    return ", ".join(said)


MEANINGS = {
    "low": "lower end of the interval that decides, at this pair's step of Holm's procedure",
    "high": "upper end of the interval that decides",
}
"""Of columns of the table, for `layout.card`."""
OF_SHARES = MEANINGS | {
    "difference": "the first, or the ticket, minus what it is held against [fraction]",
    **{name: f"{meaning} [fraction]" for name, meaning in MEANINGS.items()},
    "detectable": "difference that so many seeds and images would show with a power of 80 % [fraction]",
}
"""The same where the table compares shares, which it holds as fractions."""


def speak_of(table: pd.DataFrame, drawn: bool = True, and_images: str = " and the test images") -> str:
    """Whether the verdicts are about methods or about these networks, in sentences; empty without any.

    `drawn`: whether their intervals are shown. `and_images`: what else was paired; "" for scores.
    """
    if table.empty:
        return ""
    interval = " The interval drawn is the one that decides." if drawn else ""
    pairs = f"Holm's correction over {len(table):,} pairs" if len(table) > 1 else "one pair"
    if (table["over"] == NOTHING).all():
        return "With one seed in common nothing says how far another training would differ, so nothing is told apart."
    own = (table["over"] == IMAGES).sum()
    if own == 0:
        # whole numbers, which are fractions in a table that has pairs without any
        seeds = sorted({int(each) for each in table.loc[table["over"] != NOTHING, "seeds"]})
        count = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
        return f"Paired over {count} seeds{and_images}; {pairs}.{interval}"
    return (
        f"Paired over the test images, with {_over_images(table)}; {pairs}. So the verdicts are about **these "
        f"networks**: another training of the same method may come out otherwise.{interval}"
    )


def _over_images(table: pd.DataFrame) -> str:
    """Why verdicts rest on the images alone: seeds in common are one, none, or several that are one network."""
    seeds = table.loc[table["over"] == IMAGES, "seeds"]
    found = {
        "one seed in common": (seeds == 1).sum(),
        "no seed in common": (seeds == 0).sum(),
        "the same predictions under every seed": (seeds > 1).sum(),
    }
    if found["one seed in common"] == len(table):
        return "one seed"
    said = [words + (" for some" if count < len(table) else "") for words, count in found.items() if count]
    return listed(said)


def floor_words(selection: Selection, table: pd.DataFrame, images: Images) -> str:
    """The floor of seed noise in a sentence, where verdicts are about networks and it is known; else empty."""
    return one_seed_words(selection, images) if (table["over"] == IMAGES).any() else ""


def one_seed_words(selection: Selection, images: Images) -> str:
    """The floor of seed noise in a sentence, for what rests on one seed; empty where no study has several."""
    found = floor(selection, images)
    return found.words if found is not None else ""


@dataclass(frozen=True)
class Floor:
    """The floor of seed noise, and the study whose trainings it is of; `same` where these are of this network."""

    noise: SeedNoise
    study: str
    same: bool

    @property
    def words(self) -> str:
        """The floor in a sentence."""
        return self.words_on("")

    def words_on(self, images: str) -> str:
        """The floor in a sentence that says on which images, where it is one of several."""
        where = self.study if self.same else f"{self.study} (another network or other images)"
        on = f" on {images}" if images else ""
        return (
            f"Floor of seed noise{on}: in {where}, two trainings of one method differ by less than "
            f"{points(self.noise.floor)} in {100 * LEVEL:.0f} % of {self.noise.pairs:,} pairs."
        )


def floor(selection: Selection, images: Images) -> Floor | None:
    """How far two trainings of one method differ: in this study, else in one of the same network, else in any."""
    study = selection.study
    own = _seed_noise(study.path, study.stamp, study.name, images)
    if own is not None:
        return Floor(own, "this study", True)
    for kin in (True, False):  # of the others no more are read than it takes
        for name, path in choice.studies().items():
            try:
                config = load.folder(path).config
                if ((config.model, config.data) == (study.config.model, study.config.data)) != kin:
                    continue
                other = load.open_study(name, path)
                noise = _seed_noise(other.path, other.stamp, other.name, images)
            except UserError:
                continue  # it is named where it is chosen
            if noise is not None:
                return Floor(noise, other.title, kin)
    return None


@st.cache_data(max_entries=32, show_spinner=False)
def _seed_noise(path: Path, stamp: str, name: str, images: Images) -> SeedNoise | None:
    return seed_noise(families.measured(load.open_study(name, path)), images)
