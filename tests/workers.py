"""Worker processes for tests, forked from one process that has imported what all of them import.

A new process takes two seconds for torch alone, and tests start many. Nothing of the project is imported beforehand,
and each worker gets the environment of its caller, so that all it does from its first call on is as in a new process.
What is about the start and the end of processes is tested with new ones.
"""

import os
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

IMPORTED = [
    "torch",
    "pandas",
    "pyarrow.parquet",
    "scipy.special",
    "duckdb",
    "cloudpickle",
    "pydantic",
    "safetensors.torch",
]


class Worker(ForkServerProcess):
    """A worker that takes over the environment of the process that asked for it, as a new process would."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.environment = dict(os.environ)

    def run(self) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        super().run()


class Context(ForkServerContext):
    """As Python's own, with such workers."""

    Process = Worker


def context() -> Context:
    found = Context()
    found.set_forkserver_preload(IMPORTED)
    return found
