"""A code put into a mask, the number of weights that each layer keeps unchanged."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.masks import Masks, keep_best
from pruning.ownership.code import Code
from pruning.ownership.mark import Place, has_room, kernel_map

WEIGHTS, OUTSIDE, INSIDE, NEVER = 3.0, 2.0, 1.0, -1.0  # ranks of what is taken first; chance or size decides within one


def embed(masks: Masks, code: Code, place: Place, weights: Mapping[str, Tensor], source: torch.Generator) -> Masks:
    """Return masks whose kernel map shows the code at the place, with as many weights in each layer as before.

    What the QR standard fixes stays as the mask has it, so that no finder pattern gives the mark away. A kernel that
    is to be alive gets one of its weights back by chance; one that is to be dead loses all. The layer's count is then
    mended: by weights revived by chance, first in the code's own live kernels, which makes these harder to kill; or by
    the smallest weights outside the window, and then those that a live kernel can spare.

    Args:
        masks: of a ticket, bool, True = kept; left as they were.
        code: the owner's.
        place: where it goes, as from `best_window`.
        weights: the ticket's, by the names of the masks.
        source: draws what is revived.

    Raises:
        UserError: the layer keeps too few weights for the code's dark modules, or too many for its light ones.
    """
    mask = masks[place.layer]
    if not has_room(mask, code):
        raise UserError(
            f"Layer '{place.layer}' keeps {int(mask.sum())} of {mask.numel()} weights, and cannot keep as many with "
            f"the code in it; take a ticket of another sparsity, or a shorter text."
        )
    dark, light = _wanted(mask, code, place)
    flat = mask.flatten(2) if mask.ndim > 2 else mask.unsqueeze(2)
    chance = torch.rand(flat.shape, generator=source)
    reborn = (dark & ~kernel_map(mask))[..., None] & (chance == chance.amax(2, keepdim=True))
    marked = (flat | reborn) & ~light[..., None]
    size = weights[place.layer].detach().cpu().abs().view(flat.shape)
    return masks | {place.layer: _mended(marked, dark, light, int(mask.sum()), size, chance).view(mask.shape)}


def _wanted(mask: Tensor, code: Code, place: Place) -> tuple[Tensor, Tensor]:
    """Which kernels the code decides to be alive, and which dead, bool [out, in] each."""
    dark, light = torch.zeros(2, *mask.shape[:2], dtype=torch.bool)
    there = (slice(place.row, place.row + code.side), slice(place.column, place.column + code.side))
    dark[there] = torch.from_numpy(code.modules & ~code.fixed)
    light[there] = torch.from_numpy(~code.modules & ~code.fixed)
    return dark, light


def _mended(mask: Tensor, dark: Tensor, light: Tensor, kept: int, size: Tensor, chance: Tensor) -> Tensor:
    """The mask [out, in, k] with `kept` weights, its kernels on dark and light as they are."""
    inside, never, missing = dark[..., None].expand(mask.shape), light[..., None], kept - int(mask.sum())
    if missing >= 0:
        live = mask.any(2, keepdim=True)
        rank = chance + torch.where(inside, WEIGHTS, torch.where(live, OUTSIDE, INSIDE))
        return mask | _best(rank.masked_fill(mask | never, NEVER), missing)
    held = inside & (size == size.masked_fill(~mask, -1).amax(2, keepdim=True)) & mask
    rank = 1 / (1 + size) + torch.where(inside, INSIDE, OUTSIDE)
    return mask & ~_best(rank.masked_fill(~mask | _first(held), NEVER), -missing)


def _first(held: Tensor) -> Tensor:
    """Of the weights of a kernel that are held for their size the first, as a kernel needs one only."""
    return held & (held.cumsum(2) == 1)


def _best(rank: Tensor, count: int) -> Tensor:
    return keep_best(rank.flatten(), count).view(rank.shape)
