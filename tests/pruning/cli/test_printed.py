"""What is printed of a file is printed as it stands: it is no markup, no emoji, and tells the terminal nothing."""

import io
import json
from pathlib import Path

import pytest
from rich.table import Table

from analysis.cli import corruption_tables
from pruning.cli import run_display
from pruning.cli.console import PlainConsole
from pruning.cli.progress_bar import ProgressBar
from pruning.cli.run_display import RunDisplay
from pruning.cli.tables import studies_table, ticket_view, tickets_table
from pruning.study.folder import Study

ODD = "a[/x] [red]b :smile: [link=http://evil.example]c"


def printed(what: object) -> str:
    out = io.StringIO()
    PlainConsole(file=out, width=300, force_terminal=True, color_system=None).print(what)
    return out.getvalue()


@pytest.fixture
def odd_study(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose title and methods have such names, in a folder that has one, too."""
    folder = study_copy.rename(study_copy.with_name("st[b]udy"))
    text = (folder / "study.toml").read_text()
    text = text.replace('title = "A tiny study"', f"title = {json.dumps(ODD)}")
    text = text.replace('criterion = "random"', f'criterion = "random"\nname = {json.dumps(ODD)}')
    (folder / "study.toml").write_text(text)
    monkeypatch.setenv("PRUNING_STUDIES", str(folder))
    return folder


def test_tables_show_names_as_they_are(odd_study: Path) -> None:
    study = Study.open(odd_study)
    assert ODD in printed(studies_table())
    assert ODD in printed(tickets_table(study))
    assert "st[b]udy" in printed(ticket_view(study.entries()[0].path))


def test_a_run_without_a_terminal_says_what_it_begins_and_how_far_it_is(
    study_copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step may take an hour, and a pipe or a file has no bars."""
    study = Study.open(study_copy)
    recipe = study.recipes()[0]
    display = RunDisplay(study)
    tell = display.started(recipe)
    tell(0.2, "epoch 1 of 5")
    assert capsys.readouterr().out.splitlines() == [f"{recipe.id}  Dense, seed 0: begun"]
    monkeypatch.setattr(run_display, "LINE_EVERY", 0.0)
    display.tell(0.25, "")
    tell(0.4, "epoch 2 of 5")
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{recipe.id}  Dense, seed 0: 40 %, epoch 2 of 5; about 0 s left")


def test_so_do_the_lines_of_a_run(odd_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = Study.open(odd_study)
    odd = next(recipe for recipe in study.recipes() if recipe.method == ODD)
    display = RunDisplay(study)
    display.planned([odd], 0)
    display.started(odd)(0.5, ODD)
    display.failed(odd, f"{ODD} broke")
    with ProgressBar(ODD) as bar:
        bar.tell(0.5, ODD)
    out = capsys.readouterr().out.replace("\n", " ")
    assert f"{ODD}: 0 tickets are there" in out
    assert f"{ODD} broke" in out


@pytest.mark.parametrize("code", ["\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\r", "\x08", "\u202e", "\x00"])
def test_nothing_that_a_terminal_acts_on_gets_through(code: str) -> None:
    table = Table("head" + code, title="title" + code)
    table.add_row("cell" + code)
    for what in (table, "line" + code):
        assert code not in printed(what)


def test_a_broken_study_costs_its_own_row(odd_study: Path) -> None:
    (odd_study / "study.toml").write_text(f"title = {json.dumps(ODD)}\nmodel = {json.dumps(ODD)}\ndata = 3\n")
    assert "st[b]udy" in printed(studies_table()).replace("\n", "")


def test_tables_as_wide_as_they_need_where_there_is_no_terminal() -> None:
    assert isinstance(corruption_tables.console(), PlainConsole)


@pytest.mark.parametrize("columns", ["80", "100", ""])
def test_no_id_and_no_number_of_the_list_is_cut(
    columns: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a narrow terminal names are wrapped; in a file or a pipe each ticket is one line."""
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    else:
        monkeypatch.delenv("COLUMNS", raising=False)
    out, study = io.StringIO(), Study.open(tiny_study)
    PlainConsole(file=out).print(tickets_table(study))
    for entry in study.entries():
        [line] = [each for each in out.getvalue().splitlines() if each.startswith(entry.id)]
        assert f"{entry.kept:,}" in line
        assert "…" not in line
        assert columns or entry.recipe.label in line
