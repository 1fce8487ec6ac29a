"""The dashboard."""

import os
from collections.abc import Mapping

THREADS = "OMP_NUM_THREADS"
"""What tells numerical libraries how many threads share one calculation; they read it as they are loaded."""

_ours = THREADS not in os.environ
# A page is many short calculations. Threads that share one wait for each other at its end, which where another program
# has a core takes far longer than the calculation (`python -m tests.bench beside`). What is long is split up by us.
os.environ.setdefault(THREADS, "1")


def outside(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs that have work of another kind: without what was set for pages."""
    return {name: value for name, value in environment.items() if not (_ours and name == THREADS)}
