"""A decorator that adds a corruption of the user's for this process and its workers."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from analysis.corruptions.corruption import SEVERITIES, Corruption, Group, Row
from analysis.corruptions.random import Draws
from analysis.corruptions.registry import CORRUPTIONS, FAMILIES, Family
from pruning.registry import decorator

OWN = "own"
"""The family of corruptions that name none."""
_SIZE = 32  # parameters that are given for no size of images hold for all


def register_corruption(
    name: str | Corruption | Callable[..., Any] | None = None,
    *,
    parameters: Sequence[float | Row] = SEVERITIES,
    label: str = "",
    names: Sequence[str] = (),
    group: Group = "digital",
    family: str = OWN,
    version: int = 1,
) -> Any:
    """Decorate a function (images, parameters, draws) -> images, and so add a corruption.

    Images are uint8 [N, C, H, W]; what it returns may be floating in 0 to 255, and is rounded. All chance is to come
    from `draws`.

    Args:
        name: what it is called; left out, as the function. Or a whole `Corruption`.
        parameters: a number or several for each severity, from 1 on; left out, the severities 1 to 5 themselves.
        label: for people.
        names: what the parameters are called.
        group: what sort of change it is.
        family: the name of its family, which is made where there is none.
        version: raised when its images change.

    Raises:
        UserError: one of that name ships with the project, or it is "clean" or has other characters than letters,
            digits, "_", "-" and ".".
    """
    rows = tuple(tuple(map(float, row)) if isinstance(row, Sequence) else (float(row),) for row in parameters)

    def make(called: str, function: Callable[[Tensor, Row, Draws], Tensor]) -> Corruption:
        def rounded(images: Tensor, row: Row, draws: Draws) -> Tensor:
            found = function(images, row, draws)
            return found.round().clamp(0, 255).to(images.dtype) if found.is_floating_point() else found

        made = Corruption(
            called, label or called.replace("_", " ").capitalize(), group, rounded,
            tuple(names) or tuple(f"parameter {place}" for place, _ in enumerate(rows[0], 1)), {_SIZE: rows},
            family=family, severities=tuple(range(1, len(rows) + 1)), version=version,
        )  # fmt: skip
        if family not in FAMILIES:
            FAMILIES.register(Family(family, family.replace("_", " ").capitalize(), ""))
        return made

    return decorator(CORRUPTIONS, name, make)
