"""What a job may run: three commands, each with the options that it has, and nothing else."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pruning.errors import UserError
from pruning.study.commands import typed

_COMMON = {"--root": 1, "--download": 0}
OPTIONS: dict[tuple[str, str], dict[str, int]] = {
    ("pruning", "import"): {
        **dict.fromkeys(("--data", "--model", "--classifier", "--task", "--name", "--masks", "--keep"), 1),
        **dict.fromkeys(("--key", "--prefix", "--mean", "--std", "--into"), 1),
        **dict.fromkeys(("--zeros-are-pruned", "--inverted-masks"), 0),
        **_COMMON,
    },
    ("pruning", "run"): {
        **dict.fromkeys(("--jobs", "--device", "--threads", "--memory", "--method", "--sparsity", "--on", "--gpus"), 1),
        "--stale": 0,
        **_COMMON,
    },
    ("analysis", "run"): {
        **dict.fromkeys(("--only", "--family", "--jobs", "--threads", "--on", "--gpus"), 1),
        "--force": 0,
        **_COMMON,
    },
}
"""(program, command) -> option -> how many values follow it."""

IMPORT, PRUNE, MEASURE = OPTIONS
MOST, LONGEST = 200, 4096  # words, and characters of one
_PYTHON = r"python[\d.]*(?:\.exe)?"  # whichever a command names, as it is run by the one that runs the app
_IN_TEXT = re.compile(
    rf"(?:'(?:[^'`ˋ\n]|'\"'\"')*{_PYTHON}'|[\w@%+=:,./\u2060-]*{_PYTHON})"
    r" -m (?:pruning|analysis) (?:run|import)\b[^`ˋ\n]*"
)


@dataclass(frozen=True)
class Command:
    """A command without its interpreter: program, command, and the words that follow; one that `OPTIONS` knows.

    Raises:
        UserError: it is none of them, or has other options.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        known = OPTIONS.get((self.words[0], self.words[1])) if len(self.words) > 2 else None
        if known is None or len(self.words) > MOST or any(len(word) > LONGEST for word in self.words):
            raise _refused(self.words)
        if any(not word.isprintable() for word in self.words) or len(_sorted(self.words, known)[1]) != 1:
            raise _refused(self.words)

    @classmethod
    def read(cls, line: str) -> Command:
        """The command in a line such as `python -m pruning run studies/mine`. Raises UserError as the class."""
        try:
            words = tuple(shlex.split(line))
        except ValueError:
            words = ()
        if len(words) < 2 or words[1] != "-m" or not re.fullmatch(_PYTHON, re.split(r"[/\\]", words[0])[-1]):
            raise _refused((line,))
        return cls(words[2:])

    @property
    def kind(self) -> tuple[str, str]:
        """Program and command: `IMPORT`, `PRUNE` or `MEASURE`."""
        return self.words[0], self.words[1]

    @property
    def line(self) -> str:
        """What is typed to do the same."""
        return typed(*self.words)

    @property
    def arguments(self) -> list[str]:
        """What the system is asked to run."""
        return [sys.executable, "-m", *self.words]

    @property
    def subject(self) -> str:
        """What it is about: the study's folder, or the checkpoint."""
        return _sorted(self.words, OPTIONS[self.kind])[1][0]

    def values(self, option: str) -> list[str]:
        """What an option is given, each time it is."""
        return [value for name, value in _sorted(self.words, OPTIONS[self.kind])[0] if name == option]

    def title(self) -> str:
        """What it does, in a few words."""
        name = Path(self.subject).name
        if self.kind == IMPORT:
            return f"Import {name}"
        if name == "study.toml":
            name = Path(self.subject).parent.name
        return f"{'Prune' if self.kind == PRUNE else 'Measure'} {name}"


def commands_in(text: str) -> list[Command]:
    """The commands that a text names, one a line or between backquotes; what is none of ours is passed over."""
    found: dict[Command, None] = {}
    for part in re.split(r"[`ˋ\n]|&&", text):
        for match in _IN_TEXT.findall(part):
            try:
                found[Command.read(match.strip())] = None
            except UserError:
                continue
    return list(found)


def _sorted(words: Sequence[str], known: dict[str, int]) -> tuple[list[tuple[str, str]], list[str]]:
    """Options with their values, and what stands apart from them; as no place where an option is not known."""
    options: list[tuple[str, str]] = []
    apart: list[str] = []
    rest = iter(words[2:])
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            apart.append(word)
        elif name not in known or bool(equals) > known[name]:
            return [], []
        elif known[name] and not equals:
            following = next(rest, None)
            if following is None:
                return [], []
            options.append((name, following))
        else:
            options.append((name, value))
    return options, apart


def _refused(words: Iterable[str]) -> UserError:
    said = " ".join(words)
    said = said if len(said) <= 80 else said[:79] + "…"
    return UserError(f"The app does not run “{said}”; it prunes, measures and imports, with the options these have.")
