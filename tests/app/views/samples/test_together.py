"""Who fails together on the page Samples: the chart counts images, and a bar selects those that it counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.images_behind import failures
from analysis.results.store import Results
from app.charts.upset import upset
from app.shell import layout, theme
from app.shell.selection import Chosen
from app.shell.theme import Style
from app.views.samples import together
from app.views.samples.readings import readings
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

LIGHT = theme.get("light")


def test_a_bar_holds_its_count_its_interval_and_its_members() -> None:
    right = {"a": np.array([1, 0, 0, 0, 0], bool), "b": np.array([1, 0, 0, 0, 1], bool)}
    styles = {key: Style(f"Ticket {key}", "#336699", "circle") for key in right}
    figure = upset(failures(right), {"a": 4, "b": 3}, styles, LIGHT, together.WORDS)
    bars = figure.data[0]
    assert list(bars.y) == [3, 1]
    assert [each[3] for each in bars.customdata] == ["a~b", "a"]
    assert bars.customdata[1][0] == "only Ticket a"
    assert "(1 to 4)" in bars.customdata[0][2]
    assert "images" in bars.hovertemplate
    clickable = [trace for trace in figure.data if trace.customdata is not None]  # bars, marks and a row of dots each
    assert [[each[3] for each in trace.customdata] for trace in clickable] == [["a~b", "a"]] * 4


def test_the_sentence_counts_all_some_and_one() -> None:
    table = pd.DataFrame({"size": [3, 1, 1, 2], "count": [7, 4, 2, 1]})
    said = together.answer(table, 3, 50, "under Fog 5")
    assert "14 are wrong for one of these 3 tickets or more: 7 for all 3, 6 for one alone" in said


def test_a_bar_selects_the_images_that_it_counts(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[Any] = []
    card = layout.card

    def watched(*rest: Any, **more: Any) -> Any:
        if rest[3] == together.CARD:
            marks.append(more["on_select"])
        return card(*rest, **more)

    monkeypatch.setattr(layout, "card", watched)
    test = draw("samples", tiny_study, monkeypatch, among="one", corruption="brightness", tickets="dense~imp-90")
    assert not test.error
    assert "are wrong for one of these 2 tickets or more" in text(test)
    right = marks[0].args[1]
    results, (dense, imp) = Results(tiny_study), right
    wrong = {}
    for ticket in right:
        rows = results.table("corrupted", ids=[ticket], where="corruption = 'brightness' AND severity = 3")
        labels = results.table("samples", ids=[ticket])["label"]
        wrong[ticket] = set(np.flatnonzero(rows["prediction"].to_numpy() != labels.to_numpy()))
    found: list[tuple[list[int], str]] = []
    monkeypatch.setattr("app.shell.selection.Selection.set_samples",
                        lambda self, samples, words: found.append((list(map(int, samples)), words)))  # fmt: skip
    monkeypatch.setattr("streamlit.toast", lambda *rest, **more: found.append(([], "")))
    for members in (f"{dense}~{imp}", imp):
        monkeypatch.setattr(layout, "selected_points", lambda key, members=members: [
            {"customdata": ["", "", "", members]}])  # fmt: skip
        marks[0]()
    assert found[0][0] == sorted(wrong[dense] & wrong[imp])
    assert found[1][0] == sorted(wrong[imp] - wrong[dense])
    assert charts(test) >= 2


def test_the_hover_of_a_picture_says_what_each_ticket_takes_it_for() -> None:
    tickets = [Chosen(each, each, f"Ticket {each}", "imp", "IMP", 0.9, 0, 1, 10, Style(each, "#336699", "circle"))
               for each in "ab"]  # fmt: skip
    rows = pd.DataFrame(
        {"ticket_id": ["a", "a", "b"], "sample": [4, 7, 4], "label": [1, 0, 1], "prediction": [1, 0, 0]}
    )
    said = readings(rows, tickets, ("cat", "dog"), [4, 9], ("fog", 5))
    assert said == {4: "Taken for (under Fog 5):\n✓ dog: Ticket a\n✗ cat: Ticket b"}
