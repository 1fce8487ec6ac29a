"""`analysis report`: another program draws it."""

import json
from pathlib import Path

import pytest
import typer

from analysis.cli import report_command
from pruning.errors import UserError

ECHO = "import json, os, sys; json.dump(sys.argv[1:], open(os.environ['HEARD'], 'w')); sys.exit(3)"


def test_the_program_gets_what_was_asked_and_its_status_is_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "echo_program.py").write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("HEARD", str(tmp_path / "heard.json"))
    monkeypatch.setattr(report_command, "PROGRAM", "echo_program")
    with pytest.raises(typer.Exit) as ended:
        report_command.run(Path("a study"), Path("out.html"), ["masks", "overview?a=b"], "?seed=1")
    assert ended.value.exit_code == 3
    assert json.loads((tmp_path / "heard.json").read_text()) == [
        "a study", "--out", "out.html", "--link", "?seed=1", "--view", "masks", "--view", "overview?a=b",
    ]  # fmt: skip


def test_without_the_app_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_command, "find_spec", lambda name: None if name == "streamlit" else object())
    with pytest.raises(UserError, match="pip install"):
        report_command.run(Path("study"), Path("out.html"), [], "")
