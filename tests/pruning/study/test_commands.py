"""The commands that sentences name can be pasted into a shell as they are, whatever a study's folder is called."""

import ast
import re
import shlex
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.jobs.command import Command, commands_in
from pruning.study.commands import finding, measuring, typed
from tests import ROOT

NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="`ˋ/"), min_size=1).filter(
    lambda name: name.isprintable()
)


@given(NAMES)
def test_a_folder_is_one_word_of_the_command(name: str) -> None:
    path = Path("studies", name)
    assert shlex.split(finding(path, "--stale")) == ["python", "-m", "pruning", "run", str(path), "--stale"]
    assert shlex.split(typed("analysis", "adopt", path))[3:] == ["adopt", str(path)]
    (found,) = commands_in(f"Measure it: `{measuring(path)}` does.")
    assert found == Command(("analysis", "run", str(path)))


def test_a_plain_folder_is_named_as_it_is() -> None:
    assert measuring(Path("studies/mine"), "--only", "lines") == "python -m analysis run studies/mine --only lines"


def test_no_sentence_puts_a_path_into_a_command_by_itself() -> None:
    written = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("app", "analysis", "pruning")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        and re.search(r"python -m \w+ [^`'\"]*\{[^}]*(path|parent|study)", ast.unparse(node))
    ]
    assert not written
