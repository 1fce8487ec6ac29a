"""Reconstructions: test images given back by each ticket, and the ways between two images."""

from __future__ import annotations

import pandas as pd

from app.load import StudyView
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.generated import facts, words
from app.views.generated.charts import tiles
from app.views.generated.charts.tiles import Made

COLUMNS = {
    "value": "the reconstruction error: mean squared error of a pixel, pixels in [0, 1]",
    "n": "training seeds",
    "key": "the ticket's name in the URL",
    "over": "what the interval is over",
    "winning": "whether it wins by the paper's definition: its mean is within the dense network's interval",
}
STEPS = 8


def show(selection: Selection) -> None:
    """Draw the section."""
    if selection.study.task.name == "gan" or _given_back(selection):
        _between(selection)


def _given_back(selection: Selection) -> bool:
    """Draw test images as each ticket gives them back; whether that was measured."""
    score = facts.SCORES["mse"]
    curve = facts.curve(selection, score)
    keys = facts.keys(selection)
    shown = facts.made(selection, "reconstruction", keys, 16, facts.notes(curve, score))
    originals = facts.made(selection, "original", keys[:1], 16, pd.Series(dtype=object))
    if not (shown and originals):
        facts.missing(selection.study)
        return False
    words.show(selection, score, with_kl=False)
    test = Made(Style("Test images", selection.theme.ink, "circle"), "as they are", originals[0].images)
    layout.card(
        "Test images given back by each ticket",
        tiles.rows([test, *shown], selection.theme),
        curve,
        "reconstructions",
        help=f"From the mean of each image's code. {score.meaning}",
        caption=f"{facts.detail_words(selection)} Error: mean over seeds, over all test images.",
        config=layout.QUIET,
        meanings=COLUMNS,
    )
    return True


def _between(selection: Selection) -> None:
    """Interpolations: a sheet a ticket, a line a pair."""
    study = selection.study
    task = study.task.name
    keys = facts.keys(selection)
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    default = _first_shown(study, keys)
    asked = selection.pick_many("between", "Tickets", {key: labels[key] for key in keys}, default, kind="menu")
    shown = facts.made(selection, "interpolation", asked, 64, pd.Series(dtype=object))
    if not shown:
        if asked:
            facts.missing(study)
        return
    names = pd.DataFrame({"label": [labels[key] for key in asked]})
    ends = "latents" if task == "gan" else "the codes of two test images"
    layout.card(
        "Interpolations: from one image to another",
        tiles.sheets(shown, selection.theme, across=STEPS),
        names,
        "interpolations",
        help=f"Each line goes from one to the other of {ends}, in {STEPS} steps"
        + (" along a great circle." if task == "gan" else " along a straight line."),
        caption=facts.detail_words(selection),
        config=layout.QUIET,
    )


def _first_shown(study: StudyView, keys: list[str]) -> list[str]:
    """The dense network, and the sparsest ticket that has controls, with these."""
    originals = dict(facts.controls(study))
    with_controls = [key for key in keys if key in originals.values()]
    ticket = with_controls[-1] if with_controls else keys[-1]
    return [key for key in keys if key in study.dense or key == ticket or originals.get(key) == ticket]


SECTION = Section(
    "generated",
    "reconstructions",
    "Reconstructions",
    20,
    show,
    "What do tickets keep of an image, and what lies between?",
)
