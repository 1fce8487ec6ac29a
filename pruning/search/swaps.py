"""How many weights changed at each iteration, as the record of a ticket holds it."""

import math

from pruning.training.history import Record

POINTS = 200


class Swaps:
    """Counts of swaps, an entry an iteration."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, int]] = []

    def note(self, step: int, carried: int, possible: int | None = None) -> None:
        """After iteration `step` (counted from 0): how many were carried out, and how many were possible."""
        self.entries.append((step + 1, carried, carried if possible is None else possible))

    def record(self, points: int = POINTS) -> Record:
        """The table "swaps" of a ticket's record.

        At most `points` rows: neighbouring iterations are summed, and `iteration` is the number of iterations done
        after the last of them.
        """
        width = max(1, math.ceil(len(self.entries) / points))
        bins = [self.entries[first : first + width] for first in range(0, len(self.entries), width)]
        return {
            "swaps/iteration": [float(entries[-1][0]) for entries in bins],
            "swaps/carried": [float(sum(entry[1] for entry in entries)) for entries in bins],
            "swaps/possible": [float(sum(entry[2] for entry in entries)) for entries in bins],
        }
