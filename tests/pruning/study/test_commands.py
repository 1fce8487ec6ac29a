"""The commands that sentences name can be pasted into a shell as they are, whatever a study's folder is called."""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.command import Command, commands_in
from pruning.study.commands import finding, for_others, measuring, shared, typed
from tests import ROOT

NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="`ˋ/"), min_size=1).filter(
    lambda name: name.isprintable()
)


@given(NAMES)
def test_a_folder_is_one_word_of_the_command(name: str) -> None:
    path = Path("studies", name)
    assert shlex.split(finding(path, "--stale"))[1:] == ["-m", "pruning", "run", str(path), "--stale"]
    assert shlex.split(typed("analysis", "adopt", path))[3:] == ["adopt", str(path)]
    (found,) = commands_in(f"Measure it: `{measuring(path)}` does.")
    assert found == Command(("analysis", "run", str(path)))


def test_a_plain_folder_is_named_as_it_is() -> None:
    assert measuring(Path("studies/mine"), "--only", "lines").endswith(" -m analysis run studies/mine --only lines")


@pytest.mark.parametrize("place", ["project", "elsewhere", "activated", "spaced"])
def test_a_command_can_be_typed_where_it_is_printed(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the shell itself: the first word, in the folder and with the PATH of the user, starts the same interpreter."""
    project = tmp_path / ("my project" if place == "spaced" else "project")
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python3").write_text("#!/bin/sh\necho this one\n")
    (programs / "python3").chmod(0o755)
    (programs / "python").symlink_to("python3")
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").write_text("#!/bin/sh\necho another\n")
    (other / "python").chmod(0o755)
    path = [str(programs)] * (place == "activated") + [str(other), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.chdir(project if place == "project" else tmp_path / "other")
    line = typed("analysis", "tables")
    assert subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout == "this one\n"
    named = {"project": ".venv/bin/python", "activated": "python"}.get(place, shlex.quote(str(programs / "python")))
    assert line == f"{named} -m analysis tables"
    assert shared("analysis", "tables") == "python -m analysis tables"
    with for_others():
        assert typed("analysis", "tables") == "python -m analysis tables"
    assert typed("analysis", "tables") == line


def test_no_sentence_names_an_interpreter_by_itself() -> None:
    others = {"shards.py", "command.py"}  # a command of torch's, and what a job reads
    written = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("app", "analysis", "pruning")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in _said(ast.parse(file.read_text(encoding="utf-8")))
        if "python -m " in node.value and file.name not in others
    ]
    assert not written


def _said(tree: ast.AST) -> Iterator[Any]:
    """Texts of a file but for docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


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
