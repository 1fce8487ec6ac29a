"""A reproduction from its study.toml to the page: run for real, at a scale of seconds."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.commands import app
from analysis.reproductions import REPRODUCTIONS, Claim, Reproduction, StudyResults, by_year
from analysis.reproductions import base as base_module
from analysis.reproductions.claims import Number
from analysis.reproductions.report import UNEXPLAINED, page, write
from analysis.reproductions.running import ReproductionResult, kept, run
from pruning.errors import UserError
from pruning.study.folder import Study
from tests import ROOT

TINY = """\
title = "Tiny"
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.9]
[training]
epochs = 0.5
[[method]]
criterion = "random"
"""


def claims(study: StudyResults) -> list[Claim]:
    gap = study.gap(("dense", 0.0), ("random", 0.9))
    return [
        Claim("Dense is better than random.", "1 point", "dense minus random", gap),
        Claim("It is no less.", "", "the same", gap, -100.0, "It cannot be."),
    ]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reproduction:
    monkeypatch.setattr(base_module, "STUDIES", tmp_path / "shipped")
    (tmp_path / "shipped" / "tiny").mkdir(parents=True)
    (tmp_path / "shipped" / "tiny" / "study.toml").write_text(TINY)
    return Reproduction("tiny", "Tiny", "Nobody 2026", 2026, "Small.", claims, ("summary",))


def test_what_is_run_is_kept_and_not_run_again(tiny: Reproduction, tmp_path: Path) -> None:
    root = tmp_path / "out"
    assert kept(tiny, root) is None
    first = run(tiny, root, jobs=1)
    assert (first.tickets, len(first.claims)) == (4, 2)
    assert (first.seconds or 0) > 0
    assert first.claims[1].verdict == "holds"
    assert kept(tiny, root) == first
    again = run(tiny, root, jobs=1)
    assert again.seconds == first.seconds  # nothing was to be done
    assert [str(claim.number) for claim in again.claims] == [str(claim.number) for claim in first.claims]
    tiny.file.write_text(TINY.replace("[0.9]", "[0.9, 0.5]"))
    assert run(tiny, root, jobs=1).tickets == 6  # a change of the shipped study is followed


@pytest.mark.usefixtures("new_processes")
def test_the_time_of_workers_is_counted(tiny: Reproduction, tmp_path: Path) -> None:
    found = replace(tiny, tables=())  # what measures starts its workers as what finds does
    before = time.process_time()
    counted = run(found, tmp_path, jobs=2).seconds
    own = time.process_time() - before
    assert counted is not None
    assert counted > own + 1  # a worker that starts reads torch, which no machine does in half a second


def test_the_time_of_a_run_that_was_interrupted_is_not_known(tiny: Reproduction, tmp_path: Path) -> None:
    run(tiny, tmp_path, jobs=1)
    (tmp_path / "tiny" / "outcome.json").unlink()
    outcome = run(tiny, tmp_path, jobs=1)
    assert outcome.seconds is None
    assert kept(tiny, tmp_path) == outcome
    assert "4 tickets, 20" in page([tiny], {"tiny": outcome})


def test_a_damaged_outcome_counts_as_none(tiny: Reproduction, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    for text in ("", "{", "[]", '{"claims": [{"finding": 1}]}', '{"claims": [], "seconds": 1}', "[" * 100_000):
        (tmp_path / "tiny" / "outcome.json").write_text(text)
        assert kept(tiny, tmp_path) is None


def test_the_page_says_what_came_out(tiny: Reproduction, tmp_path: Path) -> None:
    outcome = run(tiny, tmp_path / "out", jobs=1)
    text = page([tiny], {"tiny": outcome})
    assert f"| Dense is better than random. | 1 point | {outcome.claims[0].number}<br>dense minus random" in text
    assert "the bound is -100" in text
    assert "- It is no less. It cannot be." in text
    assert re.search(r"Of 1 findings \*\*[01] hold\*\*", text)
    assert "1 more are not counted" in text
    assert "- It is no less. It cannot be." in text
    assert "- It is no less. Not counted: It is the number of another finding once more: Dense is better than" in text
    assert "python -m analysis reproduce tiny" in text
    assert "not run" in page([tiny], {})


def test_a_page_that_tells_of_others_stays_as_it_is(tiny: Reproduction, tmp_path: Path) -> None:
    other, file = replace(tiny, name="other"), tmp_path / "page.md"
    number = Number(1, 0.5, 1.5, "2 seeds")
    outcome = ReproductionResult([Claim("A.", "", "m", number)], 1.0, 4, "2026-01-01")
    assert write(file, [tiny, other], {"other": outcome}) == []
    assert write(file, [tiny, other], {"tiny": outcome, "other": outcome}) == []  # of which it said: not run
    whole = file.read_text()
    assert write(file, [tiny, other], {"tiny": outcome}) == ["other"]
    assert file.read_text() == whole


def test_in_a_fresh_clone_one_reproduction_leaves_the_page_to_all(
    tiny: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (ROOT / "docs" / "reproductions.md").read_text()
    (tmp_path / "page.md").write_text(before)
    monkeypatch.setitem(REPRODUCTIONS._shipped(), "tiny", tiny)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["reproduce", "tiny", "--root", "out", "--report", "page.md", "--jobs", "1"])
    assert done.exit_code == 0
    assert f"page.md stays as it is: it has results of {before.count('<a id')} reproductions that" in done.output
    assert (tmp_path / "page.md").read_text() == before


def test_the_page_owns_up_to_what_it_cannot_explain(tiny: Reproduction) -> None:
    bad = Number(-2, -3, -1, "2 seeds")
    because = "Since it is small."
    claims = [Claim(finding, "", "m", bad, why=why) for finding, why in (("A.", ""), ("B.", because), ("C.", because))]
    outcome = ReproductionResult(claims, 1.0, 4, "2026-01-01")
    text = page([tiny], {"tiny": outcome})
    assert f"- A. {UNEXPLAINED}\n- B. C. {because}\n" in text


@pytest.mark.parametrize("name", list(REPRODUCTIONS))
def test_every_study_that_is_shipped_can_be_run(name: str) -> None:
    reproduction = REPRODUCTIONS[name]
    study = Study.open(reproduction.file)
    assert len(study.config.seeds) >= 3
    assert study.config.data in ("digits", "mnist5k") or study.config.data.startswith("modular:")  # nothing to fetch
    assert len(study.recipes()) == len({recipe.id for recipe in study.recipes()})


@pytest.mark.parametrize("name", list(REPRODUCTIONS))
def test_every_claim_is_of_a_method_of_its_study(name: str) -> None:
    """Whatever a claim asks for stands in the study.toml: the first thing that is missing is a ticket, not a method."""
    reproduction = REPRODUCTIONS[name]
    study = Study.open(reproduction.file)
    asked = {(recipe.method, round(recipe.sparsity, 9)) for recipe in study.recipes()}

    class Asking(StudyResults):
        def entries(self, method: str, sparsity: float = 0.0):  # type: ignore[no-untyped-def]
            assert (method, round(sparsity, 9)) in asked, (method, sparsity)
            raise UserError("asked")

    with pytest.raises(UserError, match="asked"):
        reproduction.claims(Asking(study))


def test_they_stand_in_the_order_of_the_papers() -> None:
    years = [each.year for each in by_year()]
    assert years == sorted(years)
    assert len(years) == len(REPRODUCTIONS) == 21


def test_a_reproduction_of_ones_own_brings_its_study(tiny: Reproduction, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TINY.replace("[0.9]", "[0.9, 0.5]"))
    mine = replace(tiny, name="mine", study=tmp_path / "mine.toml")
    assert run(mine, tmp_path / "out", jobs=1).tickets == 6


def test_the_command_names_what_there_is() -> None:
    shown = CliRunner().invoke(app, ["reproduce", "--list"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in REPRODUCTIONS)
    with pytest.raises(UserError, match=r"Did you mean 'lth'"):
        REPRODUCTIONS.get_known("lht")


def shrunk(text: str) -> str:
    """A study.toml whose trainings are five iterations or so long, of two seeds."""
    rewinds = sorted({int(found) for found in re.findall(r"rewind = (\d+)", text)})
    for place, rewind in enumerate(rewinds):
        text = re.sub(rf"rewind = {rewind}\b", f"rewind = @{place + (rewinds[0] > 0)}", text)
    text = re.sub(r"\bepochs = [1-9]\d*", "epochs = 0.2", text.replace("rewind = @", "rewind = "))
    return re.sub(r"seeds = \[.*?\]", "seeds = [0, 1]", text)


SMALLER = {
    '"lenet5"': '"lenet300"',
    '"mnist5k"': '"digits"',
    "seeds = [0, 1]": "seeds = [0, 1, 2]",
    '"gaussian_noise", "shot_noise", "impulse_noise", ': "",
    '"motion_blur", ': "",
    '"frost", "fog", "brightness", ': "",
    '"jpeg_compression", "speckle_noise",': "",
}
"""Of a study on images, less of all."""


@pytest.mark.parametrize("name", ["signs", "stability", "robustness_lottery"])
def test_claims_can_be_made_of_what_a_study_yields(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reproduction = REPRODUCTIONS[name]
    text = shrunk(reproduction.file.read_text())
    if name == "robustness_lottery":
        for whole, part in SMALLER.items():
            assert whole in text
            text = text.replace(whole, part)
    monkeypatch.setattr(base_module, "STUDIES", tmp_path / "shipped")
    reproduction.file.parent.mkdir(parents=True)
    reproduction.file.write_text(text)
    outcome = run(reproduction, tmp_path / "out", jobs=1)
    assert outcome.claims
    for claim in outcome.claims:
        assert claim.number.low <= claim.number.value <= claim.number.high
        assert claim.finding.endswith(".")
    assert f"## {reproduction.title}" in page([reproduction], {name: outcome})
