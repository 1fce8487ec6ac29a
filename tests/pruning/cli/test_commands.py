"""The command line: what it prints, what it writes, and its one sentence when something is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pruning import Study, Ticket
from pruning.cli.commands import app
from pruning.cli.console import main
from pruning.study.commands import typed
from tests import ROOT


def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> tuple[int, str, str]:
    """Run `python -m pruning WORDS` in this process: exit status, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["python -m pruning", *map(str, words)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main(app)
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_list_and_show(found_study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = command(capsys, monkeypatch, "list", found_study)
    assert status == 0
    entries = Study.open(found_study).entries()
    for entry in entries:
        line = next(line for line in out.splitlines() if line.startswith(entry.id))
        assert entry.recipe.label in line
        assert f"{entry.kept:,}" in line
    entry = next(entry for entry in entries if entry.recipe.label == "IMP 90 %")
    status, out, _ = command(capsys, monkeypatch, "show", entry.id[:8], "--study", found_study)
    assert status == 0
    assert "Dense -> IMP 50 % -> IMP 75 % -> IMP 87.5 % -> IMP 90 %" in out
    assert "keeps 5,020 of 50,200" in out


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("to", ["torch", "safetensors"])
def test_export(
    to: str,
    masks: bool,
    found_study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = Study.open(found_study).entries()[2]
    out = tmp_path / "exported"
    words = ["export", entry.path, "--to", to, "--out", out, *(["--masks"] if masks else [])]
    status, said, _ = command(capsys, monkeypatch, *words)
    assert status == 0
    assert "Wrote" in said
    state = torch.load(out, weights_only=True) if to == "torch" else load_file(out)
    ticket = Ticket.load(entry.path)
    for name, value in ticket.state.items():
        assert torch.equal(state[name], value)
    assert {name for name in state if name.endswith("_mask")} == (
        {f"{name}_mask" for name in ticket.masks} if masks else set()
    )


def test_init_writes_a_study_that_opens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = command(capsys, monkeypatch, "init", tmp_path / "mine", "--model", "lenet300", "--data", "digits")
    assert status == 0
    assert "make study STUDY=" in out
    study = Study.open(tmp_path / "mine")
    assert study.config.model == "lenet300"
    assert len(study.recipes()) == 3 * (1 + 6 * 4)
    status, _, err = command(capsys, monkeypatch, "init", tmp_path / "mine")
    assert status == 2
    assert "is there already" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "nowhere"], "There is no study at nowhere"),
        (["show", "zzzz"], "No ticket's id begins with 'zzzz'"),
        (["list", "nowhere/study.toml"], "There is no study at nowhere/study.toml"),
        (["run", "STUDY", "--device", "abacus"], "Device 'abacus' cannot be used here"),
    ],
)
def test_an_error_is_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.conftest import TINY

    (tmp_path / "study.toml").write_text(TINY)
    words = [str(tmp_path) if word == "STUDY" else word for word in words]
    status, _, err = command(capsys, monkeypatch, *words)
    assert status == 2
    assert err.startswith("Error: ")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_every_option_has_a_word_of_help() -> None:
    import typer

    group = typer.main.get_command(app)
    for name, one in group.commands.items():  # type: ignore[attr-defined]
        assert one.help, name
        for parameter in one.params:
            assert getattr(parameter, "help", None) or parameter.name == "help", (name, parameter.name)


@pytest.mark.parametrize("verb", ["show", "export"])
def test_only_a_ticket_that_a_study_finds_anew_is_to_be_deleted(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tickets").mkdir()
    words = ["--to", "torch"] if verb == "export" else []
    advised = "delete it and run the study again"
    for name, told in (
        ("theirs.study.zip", f"theirs.study.zip is a packed study, and no ticket: `{typed('pruning', 'list')} "),
        (
            "weights.safetensors",
            "weights.safetensors is not a readable ticket (it is cut short or not a safetensors file).",
        ),
        ("tickets/x.safetensors", f"is not a readable ticket (it is cut short or not a safetensors file); {advised}"),
    ):
        (tmp_path / name).write_bytes(b"PK\x03\x04 what is in a zip file")
        status, _, said = command(capsys, monkeypatch, verb, tmp_path / name, *words)
        assert status == 2
        assert told in " ".join(said.split())
        assert (advised in said) == name.startswith("tickets")


def test_as_a_program_it_ends_without_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "x.safetensors"
    broken.write_bytes(b"not a ticket")
    words = [sys.executable, "-m", "pruning", "show", str(broken)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "is not a readable ticket" in done.stderr
