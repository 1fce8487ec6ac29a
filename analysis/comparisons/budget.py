"""Spend a budget of weights, or of multiply-adds, where it hurts least: sparsities by layer from a sensitivity scan.

The rise of the cross-entropy over what is removed, made convex from below, is what a layer asks for each weight. All
layers are cut until the next weight would cost the same everywhere, which is the optimum as far as the layers' rises
add up; they do not quite, so the allocation is a suggestion and its sum no forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.comparisons.sensitivity import Scanned
from pruning.criteria import CRITERIA
from pruning.errors import UserError
from pruning.study.creating import toml_value

Unit = Literal["weights", "multiply-adds"]
TOGETHER = " + "
RISE, LEAST = 0.1, 0.001
"""Nats that a layer's removed weights may cost where its sensitivity is told, and the least density that is told."""


@dataclass(frozen=True)
class Suggested:
    """An allocation.

    Attributes:
        layers: layer -> fraction of its weights that goes. sparsity: of all prunable weights together.
        rise: of the cross-entropy, as far as the layers' rises add up.
    """

    layers: dict[str, float]
    sparsity: float
    rise: float


def suggest(scan: Scanned, places: Sequence[int], keep: float, of: Unit = "weights") -> Suggested:
    """Sparsities by layer that keep a share of the weights, or of the multiply-adds.

    Args:
        scan: of one criterion.
        places: of the conditions whose mean rise counts.
        keep: the share that stays, in (0, 1].
        of: what is shared out.

    Raises:
        UserError: the scan does not go so far.
    """
    sizes, whole = (scan.weights, scan.total[0]) if of == "weights" else (scan.macs, scan.total[1])
    curves = [_curve(scan, place, places, size) for place, size in enumerate(sizes)]
    most = sum(gone[-1] for gone, _ in curves)
    wanted = (1 - keep) * whole
    if wanted > most + 1e-9 * whole:
        raise UserError(
            f"The scan goes no further than {100 * (1 - most / whole):.1f} % of the {of} kept; keep at least as many."
        )
    gone, rise = spend(curves, wanted)
    shares = {
        layer: round(float(share / size), 4) if size else 0.0
        for name, share, size in zip(scan.layers, gone, sizes, strict=True)
        for layer in name.split(TOGETHER)
    }
    weights = sum(shares[name.split(TOGETHER)[0]] * size for name, size in zip(scan.layers, scan.weights, strict=True))
    return Suggested(shares, round(float(weights / scan.total[0]), 4), float(rise))


def spend(curves: Sequence[tuple[np.ndarray, np.ndarray]], wanted: float) -> tuple[np.ndarray, float]:
    """How much goes of each, so that `wanted` goes in all and the sum of the costs is least.

    Args:
        curves: for each (amounts, costs) of some points, amounts rising from 0; between them costs are taken as lines.
        wanted: in all, at most the sum of the largest amounts.

    Returns the amounts [L], and the sum of what they cost on the lower convex hulls of the curves.
    """
    gone, total = np.zeros(len(curves)), 0.0
    pieces = [
        (slope, place, width) for place, curve in enumerate(curves) for slope, width in _pieces(*_lower_hull(*curve))
    ]
    for slope, place, width in sorted(pieces):
        taken = min(width, wanted - gone.sum())
        if taken <= 0:
            break
        gone[place] += taken
        total += taken * slope
    return gone, total


def needed(scan: Scanned, places: Sequence[int], rise: float = RISE) -> dict[str, float]:
    """The density that each layer needs, pruned alone, for the loss to rise by `rise` nats at most: its sensitivity.

    Linear between the sparsities that were tried; the least that was tried where the loss never rises so far. What
    could not be pruned needs all of its weights.
    """
    found: dict[str, float] = {}
    for place, group in enumerate(scan.layers):
        gone, loss = _curve(scan, place, places, 1.0)
        within = int(np.searchsorted(loss, rise, side="right"))  # at 0 nothing is lost
        most = float(gone[-1])
        if within < len(loss):
            share = (rise - loss[within - 1]) / (loss[within] - loss[within - 1])
            most = float(gone[within - 1] + share * (gone[within] - gone[within - 1]))
        found |= dict.fromkeys(group.split(TOGETHER), max(1 - most, LEAST))
    return found | {name: 1.0 for group in scan.unable for name in group.split(TOGETHER) if name not in found}


def allocation_lines(scan: Scanned, places: Sequence[int], name: str, criterion: str) -> str:
    """The lines of a study file for the allocation `sensitivity`, at any of the study's sparsities."""
    lines = ["[[method]]", f"name = {toml_value(name)}", *_scored(criterion)]
    given = {layer: round(density, 4) for layer, density in needed(scan, places).items()}
    return "\n".join([*lines, 'allocation = "sensitivity"', f"sensitivities = {inline(given)}"])


def method_lines(suggested: Suggested, name: str, criterion: str, structure: str = "weight") -> str:
    """The lines of a study file that have it found and trained."""
    lines = ["[[method]]", f"name = {toml_value(name)}", 'finder = "manual"', *_scored(criterion)]
    lines += [f"structure = {toml_value(structure)}"] if structure != "weight" else []
    return "\n".join([*lines, f"sparsities = [{suggested.sparsity:g}]", f"layers = {inline(suggested.layers)}"])


def _scored(criterion: str) -> list[str]:
    """The lines of a criterion that looks at the trained network, as the scan does."""
    usual = CRITERIA[criterion].score_on == "trained"
    return [f"criterion = {toml_value(criterion)}", *([] if usual else ['score_on = "trained"'])]


def inline(layers: Mapping[str, float]) -> str:
    """Sparsities by layer as an inline table of TOML."""
    return "{ " + ", ".join(f"{toml_value(name)} = {share:g}" for name, share in layers.items()) + " }"


def _curve(scan: Scanned, place: int, conditions: Sequence[int], size: float) -> tuple[np.ndarray, np.ndarray]:
    """What goes of a group, and what that costs: it never falls, as noise alone makes it."""
    removed, loss = scan.removed[place], scan.loss[place][:, list(conditions)].mean(axis=1)
    known = np.isfinite(removed) & np.isfinite(loss)
    amounts = np.concatenate([[0.0], removed[known] * size])
    return amounts, np.maximum.accumulate(np.concatenate([[0.0], loss[known]]))


def _lower_hull(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points of the largest convex function below the points; x rises."""
    kept: list[int] = []
    for place in range(len(x)):
        if kept and x[place] == x[kept[-1]]:
            continue
        while len(kept) > 1 and _is_above(x, y, kept[-2], kept[-1], place):
            kept.pop()
        kept.append(place)
    return x[kept], y[kept]


def _is_above(x: np.ndarray, y: np.ndarray, left: int, middle: int, right: int) -> bool:
    """Whether the middle point is on or above the line between the others."""
    line = (y[right] - y[left]) * (x[middle] - x[left])
    return bool((y[middle] - y[left]) * (x[right] - x[left]) >= line)


def _pieces(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    return [(float(rise / width), float(width)) for rise, width in zip(np.diff(y), np.diff(x), strict=True)]
