"""The page Supernet: every section on a small study, on one seed, and where it has nothing to say."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.comparisons.supernets import Left
from app.shell.score import ACCURACY
from app.shell.sections import of_page
from app.views.supernet import words
from pruning.study.folder import Study
from tests.app.shell.test_columns import every_column_has_a_meaning
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

CHARTS = {"graph": 2, "search": 2, "cost": 1, "transfer": 1}
SECTIONS = list(of_page("supernet"))


@pytest.fixture(scope="module")
def one_seed(branching: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with the tickets of seed 0 alone."""
    folder = Path(shutil.copytree(branching, tmp_path_factory.mktemp("one") / "one"))
    study = Study.open(folder)
    for entry in [*study.entries(), *study.elsewhere()]:
        if entry.recipe.seed:
            entry.path.unlink()
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn(section: str, branching: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("supernet", branching, monkeypatch, supernet=section)
    assert not test.error, text(test)
    assert charts(test) == CHARTS[section]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn_for_one_seed(section: str, one_seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tickets in ("", "none"):
        test = draw("supernet", one_seed, monkeypatch, supernet=section, **({"tickets": tickets} if tickets else {}))
        assert not test.error, text(test)
        assert charts(test) == CHARTS[section]
    if section != "search":
        assert "one seed" in text(test)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_column_has_a_meaning(section: str, branching: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(f"supernet?supernet={section}", branching, monkeypatch)


def test_the_answer_says_what_is_left(branching: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry for entry in Study.open(branching).entries() if entry.recipe.method == "SuperTicket"]
    left = [sum(own[-1] for own in entry.info.recorded("channels").values()) for entry in entries]
    written = text(draw("supernet", branching, monkeypatch))
    assert f"**{sum(left) / len(left):.0f} of 96 channels**" in written
    assert "means over 2 seeds" in written


def test_the_page_says_why_the_reproduction_may_tell_more(
    branching: Path, one_seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "The reproduction 'supernet' asks each question alone"
    assert said in text(draw("supernet", branching, monkeypatch, supernet="cost"))
    assert said not in text(draw("supernet", one_seed, monkeypatch, supernet="cost"))


def test_hundreds_of_channels_are_counted() -> None:
    row = {"branch": "a", "cell": 1, "kernel": 3, "event": 1, "share": 0.9, "channels": 115.333, "whole": 128}
    said = words.left(pd.DataFrame([row]), Left(115, 128, 0.9, 0, 1), "Ticket", 3)
    assert "(115.3 of 128)" in said


def test_the_slider_goes_back_to_the_whole_network(branching: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("supernet", branching, monkeypatch, **{"supernet-event": "0"})
    assert not test.error, text(test)
    assert test.select_slider(key="pick supernet-event").value == "0"


def test_tickets_that_are_not_measured(branching: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(branching, tmp_path / "bare"))
    shutil.rmtree(folder / "results")
    for section in SECTIONS:
        test = draw("supernet", folder, monkeypatch, supernet=section)
        assert not test.error, text(test)
    assert "not measured yet" in text(draw("supernet", folder, monkeypatch, supernet="cost"))


def test_the_answer_says_what_a_mask_is_worth_in_a_second_task(
    branching: Path, one_seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: dict[str, list[float]] = {}
    for entry in Study.open(branching).elsewhere():
        reached.setdefault(entry.recipe.method, []).append(100 * entry.info.accuracy)
    mask, random = (reached[name] for name in ("Low_to_high", "Low_to_high_random"))
    gap = sum(random) / 2 - sum(mask) / 2
    written = text(draw("supernet", branching, monkeypatch, supernet="transfer"))
    assert f"In a second task the mask of SuperTicket 80 % reaches **{sum(mask) / 2:.1f} %**" in written
    assert f"is {abs(gap):.1f} points {'less' if gap < 0 else 'more'} accurate (95 % interval" in written
    assert "one seed says nothing" in text(draw("supernet", one_seed, monkeypatch, supernet="transfer"))


def verdict(kind: str, **values: object) -> pd.DataFrame:
    """A row of `comparisons.second_task.against`."""
    return pd.DataFrame([{"kind": kind, "over": "seeds", "difference": -0.02, "low": -0.03, "high": -0.01, **values}])


def test_every_verdict_on_a_second_task_in_words() -> None:
    rows = pd.DataFrame({"kind": ["mask"] * 3, "seed": range(3), "accuracy": [0.9, 0.91, 0.92]})
    said = words.second_task(rows, verdict("random", verdict="differs"), "Ticket", 0.01)
    assert said == (
        "In a second task the mask of Ticket reaches **91.0 %** (88.5 to 93.5), mean of 3 seeds; a random mask of the "
        "same layer-wise sparsities is 2.0 points less accurate (95 % interval of the difference −3.0 to −1.0), which "
        "is shown, so that the mask carries something over."
    )
    more = verdict("random", verdict="differs", difference=0.02, low=0.01, high=0.03)
    assert words.second_task(rows, more, "Ticket", 0.01).endswith("which is shown.")
    same = verdict("random", verdict="equivalent", difference=-0.001, low=-0.004, high=0.003)
    assert words.second_task(rows, same, "Ticket", 0.01).endswith("which is equivalent within 1.0 points.")
    told = words.second_task(rows, verdict("random", verdict="cannot tell"), "Ticket", 0.01)
    assert told.endswith("so that the two cannot be told apart.")
    assert "without a random mask" in words.second_task(rows, verdict("dense", verdict="differs"), "Ticket", 0.01)
    assert "No mask of Ticket" in words.second_task(rows[:0], verdict("dense"), "Ticket", 0.01)


def test_differences_have_their_own_intervals_or_are_said_to_be_extremes() -> None:
    rows = pd.DataFrame(
        [("a", -0.104, -0.165, -0.041), ("b", -0.094, -0.179, -0.008), ("c", -0.2, -0.3, -0.1)],
        columns=["a", "difference", "low", "high"],
    ).assign(verdict="differs", over="seeds")
    labels = {"a": "A", "b": "B", "c": "C", "mine": "Mine"}
    two = words.against(rows[:2], "mine", labels, ACCURACY)
    assert two == (
        "Held against Mine: B and A are shown to be lower in accuracy by 9.4 points (0.8 to 17.9) and 10.4 points "
        "(4.1 to 16.5)."
    )
    three = words.against(rows, "mine", labels, ACCURACY)
    assert "by 9.4 points (0.8 to 17.9) at least and 20.0 points (10.0 to 30.0) at most, as measured." in three


def test_a_study_without_a_second_task_says_how_to_add_one(
    branching: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(branching, tmp_path / "alone"))
    for entry in Study.open(folder).elsewhere():
        entry.path.unlink()
    test = draw("supernet", folder, monkeypatch, supernet="transfer")
    assert not test.error, text(test)
    assert "No ticket of this study was taken to a second task" in text(test)


def test_another_study_has_no_branches(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("supernet", tiny_study, monkeypatch)
    assert "No ticket of this study was searched for" in text(test)
    assert charts(test) == 0
