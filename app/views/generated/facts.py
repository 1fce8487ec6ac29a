"""What the sections of Generated read: tickets with their scores, images, and how a score is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import generative
from app import load
from app.load import StudyView
from app.shell import families
from app.shell.lacking import unmeasured
from app.shell.selection import Selection
from app.views.generated.charts.tiles import Made


@dataclass(frozen=True)
class Score:
    """A number that tickets are held against each other by; less is better.

    `table` and `column` say where it is, `title` is for axes, `brief` for sentences, `meaning` for the help.
    """

    table: str
    column: str
    title: str
    brief: str
    meaning: str


SCORES = {
    "fd": Score(
        "generated", "fd", "Fréchet distance", "FD",
        "Fréchet's distance (FD) of 2,000 images made of latents from the training images, on the features of a small "
        "classifier of the data. It is not FID, whose features are Inception's.",
    ),
    "fid": Score(
        "fid", "fid", "FID", "FID",
        "Fréchet's distance on the features of Inception, of images made of latents from as many training images; how "
        "many, and how they are resized, is in the CSV. It compares with published FIDs of as many images alone.",
    ),
    "elbo": Score(
        "reconstruction", "elbo", "−ELBO of a test image (nats)", "−ELBO",
        "The bound on the negative log-likelihood of a test image: the cross-entropy of its pixels plus the KL of its "
        "code.",
    ),
    "mse": Score(
        "reconstruction", "mse", "Reconstruction error", "error",
        "Mean squared error of a pixel of reconstructed test images, pixels in [0, 1].",
    ),
}  # fmt: skip


def scores(selection: Selection) -> dict[str, Score]:
    """Those that the study has been measured by."""
    return {name: each for name, each in SCORES.items() if rows(selection.study, each.table)[each.column].notna().any()}


def rows(study: StudyView, table: str) -> pd.DataFrame:
    """The study's tickets with the columns of a results table, those that were measured alone."""
    return study.tickets.merge(load.table(study, table), on="ticket_id")


def curve(selection: Selection, score: Score) -> pd.DataFrame:
    """`comparisons.generative.score_curve` of all tickets, with the column winning."""
    return _curve(selection.study.path, selection.study.stamp, selection.study.name, score)


@st.cache_data(max_entries=16, show_spinner=False)
def _curve(path: Path, stamp: str, name: str, score: Score) -> pd.DataFrame:
    study = load.open_study(name, path)
    found = generative.score_curve(rows(study, score.table), score.column)
    return found.assign(winning=generative.winning(found, next(iter(study.dense), "")))


def controls(study: StudyView) -> list[tuple[str, str]]:
    """Keys of each control and the ticket that it is made from."""
    return generative.with_originals(study.tickets, study.originals)


def keys(selection: Selection) -> list[str]:
    """The dense network, then by sparsity each ticket of a chosen method, before its controls."""
    study = selection.study
    methods = {ticket.method for ticket in selection.tickets} or set(study.methods)
    methods |= {made for made, of in study.originals.items() if of in methods}
    first = study.tickets.drop_duplicates("key")
    first = first[first["method"].isin(methods) | first["key"].isin(study.dense)]
    place = {method: position for position, method in enumerate(study.methods)}
    return list(first.sort_values(["sparsity", "method"], key=lambda each: each.map(place) if each.name == "method"
                                  else each, kind="stable")["key"])  # fmt: skip


def made(selection: Selection, what: str, keys: Sequence[str], count: int, notes: pd.Series) -> list[Made]:
    """What the detail seed's tickets of these keys make, as far as it was measured.

    Args:
        selection: the page's.
        what: of the table `drawn`.
        keys: of tickets, in the order shown.
        count: the first so many images.
        notes: key -> a few words beside the name.
    """
    study = selection.study
    own = study.tickets[(study.tickets["seed"] == study.detail_seed) & study.tickets["key"].isin(list(keys))]
    ids = dict(zip(own["key"], own["ticket_id"], strict=True))
    pixels = load.table(study, "drawn", [ids[key] for key in keys if key in ids], where=f"what = '{what}'")
    styles, found = families.styles(selection, [key for key in keys if key in ids]), []
    there = families.entries(study)
    for key in [key for key in keys if key in ids]:
        images = pixels[pixels["ticket_id"] == ids[key]].sort_values("place")["pixels"].head(count)
        if len(images):
            shape = (len(images), *there[ids[key]].info.shape)
            stack = np.frombuffer(b"".join(images), dtype=np.uint8).reshape(shape)
            found.append(Made(styles[key], str(notes.get(key, "")), stack))
    return found


def notes(curve: pd.DataFrame, score: Score) -> pd.Series:
    """Key -> the score in a few words."""
    return pd.Series({str(row.key): f"{score.brief} {write(row.value)}" for row in curve.itertuples()}, dtype=object)


def write(value: float) -> str:
    """A score for people: `13.4`, `259`, `0.0183`."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def with_interval(row: pd.Series) -> str:
    """A score and its interval: `13.4 (11.9 to 15.1)`."""
    between = f" ({write(row['low'])} to {write(row['high'])})" if np.isfinite(row["low"]) else ""
    return write(row["value"]) + between


def missing(study: StudyView) -> None:
    """Say that nothing is measured yet, and how to do it."""
    unmeasured(
        study,
        "What the tickets make is not measured yet.",
        "The tickets are found; measuring them fills this page.",
    )


def detail_words(selection: Selection) -> str:
    """Whose images are shown."""
    seed = selection.study.detail_seed
    return f"Images of seed {seed}" + (", whatever the seed at the left" if selection.seed != seed else "") + "."
