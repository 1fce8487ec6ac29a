"""Whether masks can be laid over each other: the same layers, of the same shapes."""

from __future__ import annotations

from collections.abc import Mapping

from pruning.errors import UserError

Shapes = Mapping[str, tuple[int, ...]]
"""Layer -> shape."""


def common_shapes(shapes_by_name: Mapping[str, Shapes]) -> dict[str, tuple[int, ...]]:
    """The shapes of all layers, the same in all tickets; the first ticket's order. {} for no tickets.

    Raises:
        UserError: a ticket lacks a layer that another has, or has it in another shape.
    """
    if not shapes_by_name:
        return {}
    first, expected = next(iter(shapes_by_name.items()))
    for name, found in shapes_by_name.items():
        for layer in [*expected, *found]:
            if layer not in found or layer not in expected:
                has, lacks = (first, name) if layer in expected else (name, first)
                raise UserError(
                    f"Tickets '{first}' and '{name}' cannot be compared: '{has}' has a mask for layer '{layer}' and "
                    f"'{lacks}' has none; choose tickets of one model that prune the same layers."
                )
            if found[layer] != expected[layer]:
                raise UserError(
                    f"Tickets '{first}' and '{name}' cannot be compared: layer '{layer}' is {_size(expected[layer])} "
                    f"in '{first}' and {_size(found[layer])} in '{name}'; choose tickets of one model."
                )
    return dict(expected)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single value"
