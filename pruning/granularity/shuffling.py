"""Masks of the same form by chance: what is removed as one piece moves as one piece.

Within each layer, pieces of the same size change places: filters, tiles, single weights; with N:M the weights of each
group do. Residual blocks lie across layers; there other blocks of the same sizes go, so that the sparsity stays.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.granularity.base import Granularity
from pruning.granularity.units import transposed

Draw = Callable[[str], torch.Generator]


def shuffled(
    masks: dict[str, Tensor], structure: Granularity, model: nn.Module | None, draw: Draw
) -> dict[str, Tensor]:
    """Permute masks at random in the units of their structure; weights in no unit stay as they are.

    Args:
        masks: bool masks by parameter, True = kept, as the structure leaves them.
        structure: theirs.
        model: the network, from which `filter` and `layer` know their units.
        draw: the source of chance for a name, that of a parameter or of the structure.

    Raises:
        UserError: no other residual blocks of the same sizes could have been removed.
    """
    if structure.pattern is not None:
        apart = transposed(model)
        return {
            name: _groups(mask, structure.pattern[1], draw(name)) if name not in apart else mask
            for name, mask in masks.items()
        }
    if structure.units is None:
        return {
            name: mask.reshape(-1)[torch.randperm(mask.numel(), generator=draw(name))].view(mask.shape)
            for name, mask in masks.items()
        }
    ids = structure.units({name: mask.shape for name, mask in masks.items()}, model)
    if not structure.network_wide:
        return {
            name: _permuted(mask.reshape(-1), ids[name].reshape(-1), draw(name)).view(mask.shape)
            for name, mask in masks.items()
        }
    together = torch.cat([mask.reshape(-1) for mask in masks.values()])
    found = _others(together, torch.cat([ids[name].reshape(-1) for name in masks]), draw(structure.name))
    parts = found.split([mask.numel() for mask in masks.values()])
    return {name: part.view(mask.shape) for (name, mask), part in zip(masks.items(), parts, strict=True)}


def _groups(mask: Tensor, size: int, source: torch.Generator) -> Tensor:
    """Permute each group of `size` neighbours along the input; a layer without such groups stays."""
    if mask.ndim < 2 or mask.shape[1] % size:
        return mask
    inputs_last = mask.movedim(1, -1)
    groups = inputs_last.reshape(-1, size)
    order = torch.rand(groups.shape, generator=source).argsort(dim=1)
    return groups.gather(1, order).view(inputs_last.shape).movedim(-1, 1).contiguous()


def _permuted(mask: Tensor, ids: Tensor, source: torch.Generator) -> Tensor:
    """Permute the units among those of the same size; both tensors are flat, ids -1 stays."""
    result = mask.clone()
    places = ids.argsort(stable=True)
    units, sizes = ids.unique(return_counts=True)  # sorted as the places are
    starts = sizes.cumsum(0) - sizes
    for size in sizes[units >= 0].unique().tolist():
        rows = places[starts[(units >= 0) & (sizes == size)][:, None] + torch.arange(size)]
        order = torch.randperm(len(rows), generator=source)
        result[rows] = mask[rows[order]]
    return result


def _others(mask: Tensor, ids: Tensor, source: torch.Generator) -> Tensor:
    """The same, drawn until other units are removed than before."""
    count = int(ids.max()) + 1
    sizes, before = _kept(torch.ones_like(mask), ids, count), _kept(mask, ids, count)
    if not any(len({bool(kept) for kept in before[sizes == size]}) > 1 for size in sizes.unique()):
        raise UserError(
            "Control 'shuffled' finds no other residual blocks of the same sizes to remove; leave it out at this "
            "sparsity."
        )
    while True:
        found = _permuted(mask, ids, source)
        if not torch.equal(_kept(found, ids, count) > 0, before > 0):
            return found


def _kept(mask: Tensor, ids: Tensor, count: int) -> Tensor:
    """How many weights of each unit are kept, int64 [U]."""
    return torch.bincount(ids[(ids >= 0) & mask], minlength=count)
