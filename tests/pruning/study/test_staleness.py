"""Tickets whose finder, criterion or structure was mended since are named, and found again when asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pruning
from pruning.criteria import CRITERIA
from pruning.data import load_data
from pruning.execution import Needs
from pruning.finders.lineage import own_revisions, revisions
from pruning.granularity import GRANULARITIES
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.commands import finding, typed
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, _task, run
from pruning.study.staleness import stale, stale_tickets, summary
from tests import ROOT
from tests.pruning.cli.test_commands import command


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finder `imp` and the criterion `random` at their second revision."""
    for registry, name in ((FINDERS, "imp"), (CRITERIA, "random")):
        monkeypatch.setitem(registry._shipped(), name, replace(registry[name], revision=2))


def methods(study: Path) -> set[str]:
    """The methods with a stale ticket."""
    opened = Study.open(study)
    return {entry.recipe.method for entry in opened.entries() if stale(entry)}


def test_a_ticket_records_what_found_it(found_study: Path) -> None:
    for entry in Study.open(found_study).entries():
        assert entry.info.version == pruning.__version__
    shuffled = next(entry for entry in Study.open(found_study).entries() if entry.recipe.method == "shuffled")
    assert shuffled.info.revisions == {"finder shuffled": 1, "finder imp": 1, "finder dense": 1,
                                       "criterion magnitude": 1}  # fmt: skip


def test_nothing_is_stale_at_first(found_study: Path) -> None:
    assert methods(found_study) == set()
    assert summary(Study.open(found_study)) == ""


def test_what_was_mended_and_what_descends_from_it_is_stale(found_study: Path, mended: None) -> None:
    assert methods(found_study) == {"imp", "shuffled", "random"}
    by_method = {entry.recipe.method: stale(entry) for entry in Study.open(found_study).entries()}
    assert "Random 90 %, seed 1: its criterion 'random' was mended since (revision 1, now 2)" in by_method["random"]
    assert f"`{finding(found_study, '--stale')}` finds it again." in by_method["random"]
    assert "its finder 'imp'" in by_method["imp"]
    assert "the finder 'imp'" in by_method["shuffled"]


def test_what_is_stale_is_found_again_and_then_no_more(study_copy: Path, mended: None) -> None:
    study = Study.open(study_copy)
    before = {entry.id: entry.digest for entry in study.entries()}
    assert run(study, RunOptions(jobs=1)).found == []
    wanted = set(stale_tickets(study))
    outcome = run(study, RunOptions(jobs=1, stale=True))
    assert wanted <= {recipe.id for recipe in outcome.found}
    assert not outcome.failed
    assert stale_tickets(study) == {}
    assert {entry.id: entry.digest for entry in study.entries()} == before
    assert run(study, RunOptions(jobs=1, stale=True)).found == []


BY_COLUMN = """
title = "by column"
model = "lenet300"
data = "digits"
sparsities = [0.5]
[[method]]
finder = "federated"
way = "fedavg"
split = "column:clients.csv:who"
rounds = 1
local = 3
[training]
epochs = 1
"""


def test_another_file_of_a_split_makes_its_tickets_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = len(load_data("digits").train.labels)
    file, source = tmp_path / "clients.csv", tmp_path / "mine" / "study.toml"
    source.parent.mkdir()
    source.write_text(BY_COLUMN)
    file.write_text("who\n" + "ann\nbob\n" * (images // 2) + "ann\n" * (images % 2))
    study = Study.open(source)
    assert not run(study, RunOptions(jobs=1)).failed
    assert stale_tickets(study) == {}
    [before] = (entry for entry in study.entries() if not entry.recipe.is_dense)
    assert Path("clients.csv") in _task(study, before.recipe, RunOptions(), Needs()).needs.files  # to go along
    file.write_text("who\n" + "ann\n" * (images - 9) + "bob\n" * 9)
    [sentence] = stale_tickets(study).values()
    assert sentence == stale(before)
    assert (
        f"seed 0: the file clients.csv that it was found with is another since; `{typed('pruning', 'run')}" in sentence
    )
    assert len(run(study, RunOptions(jobs=1, stale=True)).found) == 1
    [after] = (entry for entry in Study.open(source).entries() if not entry.recipe.is_dense)
    assert (after.id, after.digest != before.digest) == (before.id, True)
    file.unlink()  # what is not here is not known to be another
    assert stale_tickets(Study.open(source)) == {}


def test_the_command_line_names_them(
    found_study: Path, mended: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = command(capsys, monkeypatch, "list", found_study)
    assert status == 0
    assert "was mended since (revision 1, now 2)" in out
    status, out, _ = command(capsys, monkeypatch, "run", found_study)
    assert status == 0
    assert "12 tickets are stale; the first: Random 50 %, seed 0: its criterion 'random' was mended since" in out


def test_a_structure_is_mended_like_a_criterion(found_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the one that every recipe of the study has; a control says that it is its own too."""
    monkeypatch.setitem(GRANULARITIES._shipped(), "weight", replace(GRANULARITIES["weight"], revision=2))
    entries = Study.open(found_study).entries()
    sentences = {entry.recipe.method: stale(entry) for entry in entries}
    assert all("its structure 'weight' was mended since (revision 1, now 2)" in each for each in sentences.values())
    for entry in entries:
        entry.info.revisions["structure weight"] = 2
        assert not stale(entry)


@pytest.mark.parametrize(("structure", "number"), [("filter", 2), ("channel", 2), ("weight", None), ("2:4", None)])
def test_a_ticket_records_a_structure_that_was_mended(structure: str, number: int | None) -> None:
    fields: Any = {"model": "resnet20", "data": "digits", "criterion": "magnitude", "structure": structure}
    recipe = Recipe(**fields, **({} if structure == "2:4" else {"sparsity": 0.5}))
    assert own_revisions(recipe).get(f"structure {structure}") == number
    assert revisions(recipe).get(f"structure {structure}") == number


@pytest.mark.parametrize(
    ("recorded", "is_stale"), [({}, True), ({"finder rigl": 1}, True), ({"finder rigl": 2}, False)]
)
def test_tickets_of_rigl_from_before_it_was_mended_are_named(recorded: dict[str, int], is_stale: bool) -> None:
    """A ticket that records nothing was found by the first revision."""
    study = Study.open(ROOT / "sample_checkpoints" / "digits-lottery")
    entry = next(each for each in study.entries() if each.recipe.finder == "rigl")
    assert not stale(entry)  # the shipped one was found anew
    entry.info.revisions = recorded
    sentence = stale(entry)
    assert bool(sentence) == is_stale
    assert (
        not is_stale
        or f"its finder 'rigl' was mended since (revision 1, now 2); `{typed('pruning', 'run')}" in sentence
    )
