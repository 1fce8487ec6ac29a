"""Checkpoints of normalised weights, in either of torch's forms: the weights themselves are put in their place."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from pruning.checkpoints.mask_values import spread

NEW = "parametrizations."
_PART = re.compile(r"(.*?\.)??(?:parametrizations\.)?(\w+?)(?:_[vg]|\.original[01]?)")


class _Form(NamedTuple):
    """How a weight NAME is stored: the endings of its parts, the trained one first, and what it is computed by."""

    before: str
    endings: tuple[str, ...]
    weight: Callable[..., Tensor | None]


def fold_normalised(state: Mapping[str, Tensor], notes: list[str]) -> dict[str, Tensor]:
    """The state with each normalised weight in place of what it is computed from, in the order of `state`.

    ``NAME_v`` and ``NAME_g``, or ``parametrizations.NAME.original1`` and ``original0``, are a weight's directions and
    lengths (Salimans & Kingma 2016): g v / ||v||. ``NAME_orig``, ``NAME_u`` and ``NAME_v``, or
    ``parametrizations.NAME.original``, ``0._u`` and ``0._v``, are a weight and its leading singular vectors
    (Miyato et al. 2018): w / (u' w v).
    """
    folded: dict[str, tuple[str, Tensor]] = {}
    gone: set[str] = set()
    for name in state:
        for form in _FORMS:
            owner, _, rest = name.rpartition(form.before) if form.before else ("", "", name)
            if not name.endswith(form.endings[0]) or form.before not in name:
                continue
            stem = name.removesuffix(form.endings[0])
            parts = [stem + ending for ending in form.endings]
            weight = form.weight(*(state[part] for part in parts)) if all(part in state for part in parts) else None
            if weight is not None:
                folded[name] = (owner + rest.removesuffix(form.endings[0]), weight)
                gone |= {*parts}
    if folded:
        notes.append(f"The normalisation of {len(folded)} weights was folded into them.")
    result: dict[str, Tensor] = {}
    for name, value in state.items():
        if name in folded:
            plain, weight = folded[name]
            result[plain] = weight
        elif name not in gone:
            result[name] = value
    return result


def folded_masks(masks: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Masks of the parts of normalised weights as masks of the weights that `fold_normalised` put into `state`."""
    found: dict[str, Tensor] = {}
    for name, mask in masks.items():
        part = _PART.fullmatch(name)
        plain = f"{part[1] or ''}{part[2]}" if part else name
        whole = spread(mask, state[plain].shape) if name not in state and plain in state else None
        name, mask = (name, mask) if whole is None else (plain, whole)
        found[name] = found[name] & mask if name in found else mask
    return found


def without_parametrisations(state: Mapping[str, Tensor], notes: list[str]) -> dict[str, Tensor]:
    """The state with parametrised weights whose parametrisation has no tensors in it as they are stored.

    So torch.ao.pruning leaves them, which keeps its masks in the state of its sparsifier.
    """
    plain = {}
    for name in state:
        part = _PART.fullmatch(name) if NEW in name and name.endswith(".original") else None
        if part and f"{part[1] or ''}{part[2]}" not in state:
            plain[name] = f"{part[1] or ''}{part[2]}"
    if plain:
        notes.append(
            f"{len(plain)} weights were stored as the originals of parametrisations that are not in the file and were "
            "taken as they are; if these were masks, give their file with --masks."
        )
    return {plain.get(name, name): value for name, value in state.items()}


def _of_length(directions: Tensor, lengths: Tensor) -> Tensor | None:
    """Lengths along one axis of the directions, or a single one; None where these are none."""
    if directions.ndim < 2 or lengths.ndim not in (0, directions.ndim):
        return None
    across = [axis for axis, size in enumerate(lengths.shape) if size != 1] if lengths.ndim else []
    if len(across) > 1 or any(lengths.shape[axis] != directions.shape[axis] for axis in across):
        return None
    others = [axis for axis in range(directions.ndim) if axis not in across]
    norms: Tensor = torch.linalg.vector_norm(directions, dim=others, keepdim=True)
    # Of a filter that was pruned nothing is left to have a direction
    return torch.where(norms > 0, directions * (lengths / norms), 0.0)


def _of_largest_singular_value(weight: Tensor, left: Tensor, right: Tensor) -> Tensor | None:
    """The singular vectors are of the matrix whose rows are those of one axis; None where they fit none."""
    if weight.ndim < 2 or left.ndim != 1 or right.ndim != 1:
        return None
    for axis in range(weight.ndim):
        matrix = weight.movedim(axis, 0).flatten(1)
        if matrix.shape == (len(left), len(right)):
            return weight / (left @ matrix @ right)
    return None


_FORMS = (
    _Form("", ("_v", "_g"), _of_length),
    _Form(NEW, (".original1", ".original0"), _of_length),
    _Form("", ("_orig", "_u", "_v"), _of_largest_singular_value),
    _Form(NEW, (".original", ".0._u", ".0._v"), _of_largest_singular_value),
)
