"""Effects of corruptions beside those of a reference, and whether they are within tolerance."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from analysis.corruptions.conditions import Condition
from analysis.metrics.corruption_effects import Effect
from pruning.errors import UserError
from pruning.files import write_atomically

COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Effect))
"""The columns of the table, in order."""
ACCURACY = "accuracy"
DECIMALS = {"mean_abs_diff": 3, "mean_diff": 3, "psnr_db": 2, "gradient_energy_ratio": 3, "accuracy": 4}


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may be from the reference's: a share of it, or an amount in its own unit."""

    amount: float
    relative: bool = False

    def used(self, value: float, expected: float) -> float:
        """The distance from the reference in tolerances: up to 1 is within."""
        allowed = self.amount * abs(expected) if self.relative else self.amount
        off = abs(value - expected)
        return off / allowed if allowed else math.inf if off else 0.0


TOLERANCES: dict[str, Tolerance] = {
    "mean_abs_diff": Tolerance(0.05, relative=True),
    "psnr_db": Tolerance(0.5),
    "gradient_energy_ratio": Tolerance(0.10, relative=True),
    "accuracy": Tolerance(0.03),
}
"""For every figure that is compared; the mean change is only shown."""
FROST = Tolerance(0.10, relative=True)
"""In place of the first for frost, whose crystals are others than the reference's."""


def tolerance(corruption: str, figure: str) -> Tolerance:
    """How far a figure of a corruption may be from the reference's."""
    return FROST if (corruption, figure) == ("frost", "mean_abs_diff") else TOLERANCES[figure]


@dataclass(frozen=True)
class Compared:
    """A condition beside its reference. `used` is {figure: distance in tolerances} of the figures that both have."""

    effect: Effect
    reference: Effect
    used: dict[str, float]

    @property
    def outside(self) -> tuple[str, ...]:
        """The figures that are out of tolerance."""
        return tuple(figure for figure, used in self.used.items() if not used <= 1)

    @property
    def worst(self) -> str:
        """The figure that is furthest from the reference, in tolerances."""
        return max(self.used, key=lambda figure: self.used[figure])


def compare(effect: Effect, reference: Effect) -> Compared:
    """A condition's figures against the reference's."""
    used = {}
    for figure in TOLERANCES:
        value, expected = getattr(effect, figure), getattr(reference, figure)
        if value is not None and expected is not None:
            used[figure] = tolerance(effect.corruption, figure).used(value, expected)
    return Compared(effect, reference, used)


def read_reference(path: str | Path) -> dict[Condition, Effect]:
    """The rows of a reference table, CSV with the columns `COLUMNS`; that of the accuracy may end with "accuracy".

    Raises UserError when the file is not there, lacks a column, or holds something else than numbers.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"There is no reference table {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The reference table {path} cannot be read: it is no text file.") from error
    lines = csv.DictReader(io.StringIO(text))
    names = {_column(name): name for name in lines.fieldnames or ()}
    for column in COLUMNS:
        if column not in names and column != ACCURACY:
            raise UserError(f"The reference table {path} has no column '{column}'; it needs {', '.join(COLUMNS)}.")
    rows = [
        _effect(path, place, {c: row.get(name) or "" for c, name in names.items()}) for place, row in _numbered(lines)
    ]
    if not rows:
        raise UserError(f"The reference table {path} has no rows.")
    return {(row.corruption, row.severity): row for row in rows}


def _numbered(lines: "csv.DictReader[str]") -> Iterable[tuple[int, dict[str, str]]]:
    return ((lines.line_num, row) for row in lines)


def _column(name: str) -> str:
    return ACCURACY if name.strip().endswith(ACCURACY) else name.strip()


def _effect(path: str | Path, line: int, row: dict[str, str]) -> Effect:
    try:
        figures = {column: float(row[column]) for column in COLUMNS[2:] if row.get(column)}
        return Effect(row["corruption"].strip(), int(row["severity"]), **figures)
    except (ValueError, TypeError):
        raise UserError(
            f"Line {line} of the reference table {path} lacks a number: {', '.join(row.values())}."
        ) from None


def save(path: str | Path, effects: Sequence[Effect]) -> None:
    """Write the table as CSV, whole or not at all; it can be the reference of another."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([shown(column, value) for column, value in zip(COLUMNS, astuple(e), strict=True)] for e in effects)
    write_atomically(Path(path), text.getvalue())


def shown(column: str, value: object) -> str:
    """A value of the table as text, in the decimals of its column."""
    if value is None:
        return ""
    return f"{value:.{DECIMALS[column]}f}" if isinstance(value, float) else str(value)
