"""What a job may run, against what the command lines themselves know."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from analysis.cli.commands import app as analysis
from app.jobs.command import IMPORT, LONGEST, MEASURE, OPTIONS, PRUNE, Command, commands_in
from app.jobs.queue import study_of
from pruning.cli.commands import app as pruning
from pruning.errors import UserError
from pruning.study.commands import python, typed

KINDS = [*OPTIONS]


@pytest.mark.parametrize("kind", KINDS)
def test_the_options_are_those_of_the_command_line(kind: tuple[str, str]) -> None:
    """Each that has none is a fault, as the form hands on what is here alone."""
    group: Any = get_command({"pruning": pruning, "analysis": analysis}[kind[0]])
    options = [each for each in group.commands[kind[1]].params if each.param_type_name == "option"]
    expected = {
        name: 0 if each.is_flag else 1
        for each in options
        for name in [*each.opts, *each.secondary_opts]
        if name.startswith("--") and name != "--help"
    }
    assert OPTIONS[kind] == expected


@pytest.mark.parametrize(
    ("line", "kind", "title"),
    [
        ("python -m pruning run studies/mine", PRUNE, "Prune mine"),
        ("python -m pruning run studies/mine/study.toml --stale", PRUNE, "Prune mine"),
        ("python -m analysis run studies/mine --only lines --only stability", MEASURE, "Measure mine"),
        ("python -m pruning import '/a b/net.pt' --data=digits", IMPORT, "Import net.pt"),
    ],
)
def test_a_line_is_read_and_written_again(line: str, kind: tuple[str, str], title: str) -> None:
    command = Command.read(line)
    assert (command.kind, command.title()) == (kind, title)
    assert Command.read(command.line) == command
    assert command.line == line.replace("python", python(), 1)


@pytest.mark.parametrize("interpreter", ["python3", ".venv/bin/python", "'/my fold\"er/bin/python3.13'", python()])
def test_whichever_interpreter_a_line_names(interpreter: str) -> None:
    line = f"{interpreter} -m pruning run studies/mine"
    for text in (
        line,
        f"Stale: `{line}` finds it again.",
        f"The user's 'one' is stale; ˋ{line}ˋ finds it.",
        f"{line} && {line}",
    ):
        assert commands_in(text) == [Command(("pruning", "run", "studies/mine"))]
    assert not commands_in(line.replace("python", "pythonic"))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "rm -rf /",
        "python -m pruning",
        "python -m pruning run",
        "python -m pruning run a b",
        "python -m pruning run a; rm -rf b",
        "python -m pruning run a && rm b",
        "python -m pruning run --jobs",
        "python -m pruning run a --evil 1",
        "python -m pruning run a --stale=1",
        "python -m pruning run a --",
        "python -m pruning export a",
        "python -m pruning.data.fetching a b",
        "python -m http.server 80",
        "python -m analysis run a -o b",
        "python -c 'print(1)' run a",
        "python -m pruning run 'a\nb'",
        "python -m pruning run 'a",
        f"python -m pruning run {'a' * (LONGEST + 1)}",
    ],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(UserError, match="The app does not run"):
        Command.read(line)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_whatever_is_a_command_names_one_subject_and_known_options(words: list[str]) -> None:
    for kind in KINDS:
        try:
            command = Command((*kind, *words))
        except UserError:
            continue
        assert command.subject in words
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= OPTIONS[kind].keys()


def test_commands_are_found_in_what_pages_and_sentences_say() -> None:
    box = f"{typed('pruning', 'run', 'a')}\n{typed('analysis', 'run', 'a', '--only', 'lines')}"
    assert [each.line for each in commands_in(box)] == box.splitlines()
    sentence = "3 tickets are stale; ˋpython -m pruning run a --staleˋ finds them, `python -m analysis list a` no."
    assert [each.line for each in commands_in(sentence)] == [typed("pruning", "run", "a", "--stale")]
    assert [each.kind for each in commands_in("python -m pruning run a && python -m analysis run a")] == [
        PRUNE,
        MEASURE,
    ]
    assert commands_in("python -m pruning run a | sh") == []


def test_the_study_that_a_command_works_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    of = {line: study_of(Command.read(f"python -m {line}")) for line in (
        "pruning run a", "analysis run a/study.toml", "pruning import x/net.pt --data d",
        "pruning import net.pt --data d --name '../../My net'", "pruning import net.pt --into a",
    )}  # fmt: skip
    names = ["a", "a", "studies/net", "studies/My-net", "a"]
    assert [path.relative_to(tmp_path.resolve()).as_posix() for path in of.values()] == names
