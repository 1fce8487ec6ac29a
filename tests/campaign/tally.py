"""What a campaign counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pruning.errors import UserError

LOST, SILENT, TRACEBACK, EXECUTED, OUTSIDE, FAILED = FAULTS = (
    "lost",
    "silently wrong",
    "traceback",
    "executed",
    "written outside",
    "failed",
)
SHOWN = 5  # examples kept of each campaign


@dataclass
class Tally:
    """How often something was tried, and what went wrong, by kind of fault, with a few examples in words."""

    tried: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def count(self, fault: str, example: str) -> None:
        """Note a fault."""
        self.faults[fault] += 1
        if len(self.examples) < SHOWN:
            self.examples.append(f"{fault}: {example}")

    @contextmanager
    def sentences_only(self, example: str) -> Iterator[None]:
        """An error that the user can mend is as it should be; any other is counted."""
        try:
            yield
        except UserError as error:
            if "\n" in str(error):
                self.count(TRACEBACK, f"{example}: {error}")
        except Exception as error:  # whatever it is, it is what is looked for
            self.count(TRACEBACK, f"{example}: {type(error).__name__}: {error}")


Campaign = Callable[[int, int, Tally], None]
"""(how often, seed, what is counted into)."""
