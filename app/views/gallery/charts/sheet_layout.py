"""Where the pictures of a sheet stand: blocks side by side, groups below each other, a line a corruption."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.corruptions import CORRUPTIONS, FAMILIES, label_of, severities_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.fourier import STEPS, name_of

GROUPS = {
    "noise": "Noise",
    "blur": "Blur",
    "weather": "Weather",
    "digital": "Digital",
    "extra": "Extra corruptions, not in the mean",
    "geometric": "Geometric",
    "drawn": "Strokes and edges, one severity each",
}


@dataclass(frozen=True)
class Line:
    """A line of pictures: its label, the condition in each column (None: nothing), and the corruption it is all of."""

    label: str
    cells: tuple[Condition | None, ...]
    corruption: str = ""


@dataclass(frozen=True)
class Group:
    """Lines under a heading ("" for none)."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Block:
    """Groups with the same columns: their headings, and what stands in the corner above the lines' labels."""

    corner: str
    heads: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def height(self) -> int:
        """Number of lines."""
        return sum(len(group.lines) for group in self.groups)


def blocks(family: str, side_by_side: int = 1, full: bool = False) -> list[Block]:
    """The blocks of a family: one, or two of about the same height.

    For the Fourier basis the grid of frequencies, half of it, as the other half holds the same waves again, or `full`.
    """
    if family == "fourier":
        return [_waves(full)]
    groups = _groups(family)
    if side_by_side == 1 or len(groups) == 1:
        return [_block(groups)]
    cuts = [(_block(groups[:at]), _block(groups[at:])) for at in range(1, len(groups))]
    return list(min(cuts, key=lambda pair: max(block.height for block in pair)))


def _groups(family: str) -> list[Group]:
    """The family's corruptions under the headings of their groups, the extra ones last."""
    found: dict[str, list[str]] = {}
    for name in FAMILIES[family].members:
        corruption = CORRUPTIONS.get(name)
        key = "" if corruption is None else "extra" if corruption.extra else corruption.group
        found.setdefault(key, []).append(name)
    return [Group(GROUPS.get(key, ""), tuple(map(_line, names))) for key, names in found.items()]


def _line(name: str) -> Line:
    return Line(label_of(name), (CLEAN, *((name, level) for level in severities_of(name))), name)


def _block(groups: list[Group]) -> Block:
    longest = max(len(line.cells) for group in groups for line in group.lines)
    return Block("severity", ("clean", *map(str, range(1, longest))), tuple(groups))


def _waves(full: bool) -> Block:
    severity = (FAMILIES["fourier"].severities or (4,))[0]
    across = range(-STEPS, STEPS + 1)
    lines = [Line("clean", (CLEAN, *(None for _ in across[1:])))]
    for down in range(-STEPS if full else 0, STEPS + 1):
        cells = tuple((name_of(down, j), severity) if full or down or j >= 0 else None for j in across)
        lines.append(Line(_signed(down), cells))
    return Block("", tuple(map(_signed, across)), (Group("", tuple(lines)),))


def _signed(number: int) -> str:
    return f"−{-number}" if number < 0 else str(number)
