"""Which weights were pruned elsewhere: masks beside the weights, in a file apart, or only zeros among the weights."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pruning.checkpoints.formats import read_contents
from pruning.checkpoints.source import Source, listed, opened, shown
from pruning.checkpoints.state_dict import MASK_WRAPPERS, PREFIXES, find_state, prefix_of
from pruning.checkpoints.tensors import load

ENDINGS = ("_mask", ".mask")
ORIGINAL = "_orig"


def merge(source: Source, state: dict[str, Tensor], notes: list[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights with their masks applied, in the order of `state`, and the masks (bool, True = kept) by weight.

    ``NAME_orig`` with ``NAME_mask`` is what torch.nn.utils.prune leaves; masks beside weights of their own name
    are taken as well.

    Raises:
        UserError: a mask holds other values than 0 and 1, or has another shape than its weight.
    """
    pairs = _pairs(state)
    masks = {_plain(weight): _as_mask(source, name, state[name]) for weight, name in pairs.items()}
    merged = {}
    for name, value in state.items():
        if name in pairs.values():
            continue
        plain = _plain(name) if name in pairs else name
        mask = masks.get(plain) if name in pairs else None
        if mask is not None and mask.shape != value.shape:
            raise source.error(
                f"the mask of '{shown(plain)}' has the shape {tuple(mask.shape)} and the weight {tuple(value.shape)}",
                "save both again from the network that was pruned",
            )
        # Not a product: what is pruned is zero, whatever the weight was
        merged[plain] = value if mask is None else value.masked_fill(~mask, 0.0)
    if masks:
        notes.append(f"The masks of {len(masks)} tensors were found and applied.")
    return merged, masks


def _plain(name: str) -> str:
    return name.removesuffix(ORIGINAL)


def _pairs(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Weight -> mask, by the names under which both are stored."""
    found = {}
    for name, value in state.items():
        ending = next((ending for ending in ENDINGS if name.endswith(ending)), None)
        if ending is None:
            continue
        stem = name.removesuffix(ending)
        if ending == ENDINGS[0] and stem + ORIGINAL in state and stem not in state:
            found[stem + ORIGINAL] = name
        else:
            # Something else may have this name, such as a mask of attention: only a mask of the same shape counts
            same = [weight for weight in (stem, f"{stem}.weight") if weight in state and _fits(state[weight], value)]
            found |= dict.fromkeys(same[:1], name)
    return found


def _fits(weight: Tensor, mask: Tensor) -> bool:
    return weight.is_floating_point() and weight.shape == mask.shape and _is_mask(mask)


def _is_mask(values: Tensor) -> bool:
    return values.dtype == torch.bool or bool(((values == 0) | (values == 1)).all())


def _as_mask(source: Source, name: str, values: Tensor) -> Tensor:
    if not _is_mask(values):
        raise source.error(
            f"the mask '{shown(name)}' has other values than 0 and 1", "give masks of 0 (pruned) and 1 (kept)"
        )
    return values != 0


def read_masks(path: str | Path, state: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The masks in a file of their own: bool tensors, True = kept, by the names of the weights.

    The file may be any that `read` reads. Its tensors, of 0 and 1 in whatever dtype, are named as the weights or have
    ``_mask`` or ``.mask`` behind the names; where some have, the others are left out. With `state`, the weights
    that they belong to, each mask must have its weight and its weight's shape.

    Raises:
        UserError: as `read`, or for values other than 0 and 1, or masks that do not fit `state`.
    """
    with opened(path) as source, read_contents(source) as contents:
        views, _ = find_state(source, contents.tree, MASK_WRAPPERS)
        marked = {name: view for name, view in views.items() if name.endswith(ENDINGS)}
        found = load(source, marked or views, contents.store)
        masks = {_weight(name): _as_mask(source, name, value) for name, value in found.items()}
        return _named(masks) if state is None else _fitting(source, masks, state)


def _weight(mask: str) -> str:
    ending = next((ending for ending in ENDINGS if mask.endswith(ending)), "")
    return mask.removesuffix(ending)


def _named(masks: dict[str, Tensor]) -> dict[str, Tensor]:
    prefix = prefix_of(masks)
    return {name.removeprefix(prefix): mask for name, mask in masks.items()}


def _fitting(source: Source, masks: dict[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The masks by names of `state`: with as few prefixes removed as will do, as a part may be named like a prefix."""
    prefix = ""
    whole = prefix_of(masks)
    while True:
        names = {name: _name_in(name.removeprefix(prefix), state) for name in masks}
        if all(names.values()) or prefix == whole:
            break
        prefix += next(p for p in PREFIXES if whole.startswith(prefix + p))
    lost = [name for name, weight in names.items() if weight is None]
    if lost:
        raise source.error(f"its masks {listed(lost)} belong to no weight", "name each as its weight is named")
    found = {weight: masks[name] for name, weight in names.items() if weight is not None}
    for weight, mask in found.items():
        _refuse_misfit(source, weight, mask, state[weight])
    return found


def _name_in(name: str, state: Mapping[str, Tensor]) -> str | None:
    return next((weight for weight in (name, f"{name}.weight") if weight in state), None)


def _refuse_misfit(source: Source, name: str, mask: Tensor, weight: Tensor) -> None:
    if mask.shape != weight.shape:
        raise source.error(
            f"the mask of '{shown(name)}' has the shape {tuple(mask.shape)} and the weight {tuple(weight.shape)}",
            "give the masks of this network",
        )


def zeros_as_masks(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """For each floating tensor of two or more dimensions a bool tensor, True where it is not zero."""
    return {name: value != 0 for name, value in state.items() if value.is_floating_point() and value.dim() >= 2}
