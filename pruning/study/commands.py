"""The commands on a study as they are typed, for sentences that say what to run next."""

import shlex
from pathlib import Path


def typed(program: str, verb: str, *words: str | Path) -> str:
    """`python -m PROGRAM VERB WORDS`, ready for a shell whatever a folder is called."""
    return shlex.join(("python", "-m", program, verb, *map(str, words)))


def finding(study: Path, *options: str) -> str:
    """The command that finds a study's tickets."""
    return typed("pruning", "run", study, *options)


def measuring(study: Path, *options: str) -> str:
    """The command that measures them."""
    return typed("analysis", "run", study, *options)
