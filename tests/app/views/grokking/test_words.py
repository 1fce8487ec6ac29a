"""Sentences on who groks, from rows made by hand."""

import math
from types import SimpleNamespace

import pandas as pd

from analysis.comparisons.grokking import against, by_method, curves, times
from app.shell import theme
from app.shell.theme import Style
from app.views.grokking import words
from app.views.grokking.charts import arms
from app.views.grokking.charts.axes import step_axis
from app.views.grokking.charts.curves import twins
from pruning.study.folder import Entry
from tests.analysis.comparisons.grokking_entries import training

NEVER = math.nan
LIGHT = theme.get("light")
STYLES = {
    key: Style(key.title(), color, "circle")
    for key, color in (("dense", "#555555"), ("ticket", "#aa5500"), ("random", "#0055aa"))
}


def found(seeds: int) -> dict[str, list[Entry]]:
    return {
        "dense": [training(seed, 2400, 160, t) for seed, t in enumerate((1760, 1870, 1190)[:seeds])],
        "ticket": [training(seed, 700, 150, t) for seed, t in enumerate((220, 250, 190)[:seeds])],
        "random": [training(seed, 3000, 400, NEVER) for seed in range(seeds)],
    }


def said(entries: dict[str, list[Entry]]) -> str:
    rows = times(entries)
    return words.answer(by_method(rows), against(rows, "dense"), "dense", STYLES)


def test_the_answer_names_who_groks_sooner_and_who_never() -> None:
    answer = said(found(3))
    assert answer.startswith("Dense groks after 1,576 (")
    assert "**Ticket groks 7.2 times sooner (" in answer
    assert "Never within 3,000 steps: Random." in answer


def test_of_one_seed_nothing_is_claimed() -> None:
    answer = said(found(1))
    assert "Dense groks after 1,760 steps, 11.0 times as many as it memorises in." in answer
    assert "**One seed** of each says nothing of other trainings." in answer
    assert "sooner" not in answer


def test_a_baseline_that_never_groks_is_said_to() -> None:
    rows = times({"random": found(3)["random"], "ticket": found(3)["ticket"]})
    answer = words.answer(by_method(rows), against(rows, "random"), "random", STYLES)
    assert answer.startswith("Random does not grok within 3,000 steps.")
    assert "Ticket groks at least 14 times sooner" in answer


def test_ratios_are_read_from_the_side_above_one() -> None:
    row = pd.Series({"times": 0.5, "low": 0.25, "high": 0.8, "cut": 2})
    assert words.ratio(row) == "at least 2.0 times later (1.2 to 4.0)"
    assert words.ratio(pd.Series({"times": 7.2, "low": math.nan, "high": math.nan, "cut": 0})) == "7.2 times sooner"


def test_a_ticket_that_groks_in_some_seeds_has_no_mean() -> None:
    row = by_method(times({"some": [training(0, 500, 10, 40), training(1, 700, 10, NEVER)]})).iloc[0]
    assert words.grokked(row) == "1 of 2 seeds, else > 700"


def test_those_that_never_grok_stand_last_with_an_arrow() -> None:
    rows = times(found(3))
    summary = by_method(rows)
    assert arms.in_order(summary) == ["ticket", "dense", "random"]
    chart = arms.arms(rows, summary, "dense", STYLES, LIGHT)
    arrows = [trace for trace in chart.data if trace.marker.symbol == "arrow-right"]
    assert [list(trace.x) for trace in arrows] == [[3000, 3000, 3000]]
    assert [note.text for note in chart.layout.annotations] == ["> 3,000"]


def test_twin_curves_mark_both_milestones() -> None:
    entries = found(2)
    chart = twins(curves(entries), times(entries), 1, STYLES, LIGHT)
    marks = [trace for trace in chart.data if trace.mode == "markers"]
    assert [list(trace.x) for trace in marks[:2]] == [[160, 1870], [150, 250]]
    assert marks[2].x[0] == 400
    assert math.isnan(marks[2].x[1])
    dotted = [trace for trace in chart.data if trace.line.dash == "dot" and trace.x[0] is not None]
    assert len(dotted) == 3


def test_the_start_has_a_tick_of_its_own() -> None:
    axis = SimpleNamespace(**step_axis(6.7, 3000, start=True))
    assert axis.ticktext == ["start", "10", "30", "100", "300", "1,000", "3,000"]
    assert axis.tickvals[0] == 6.7
