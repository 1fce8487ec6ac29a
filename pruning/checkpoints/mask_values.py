"""From the numbers of a mask, or of scores, to the mask of a weight: bool, True = kept, in the weight's shape."""

import torch
from torch import Tensor

from pruning.checkpoints.source import Source, shown

WHITE = 255


def is_binary(values: Tensor) -> bool:
    """Whether these are 0 and 1 only, or as an image has it 0 and 255."""
    if values.dtype == torch.uint8 and int(values.max() if values.numel() else 0) == WHITE:
        return bool(((values == 0) | (values == WHITE)).all())
    return values.dtype == torch.bool or bool(((values == 0) | (values == 1)).all())


def spread(mask: Tensor, shape: torch.Size) -> Tensor | None:
    """A mask in the shape of its weight; None where it does not fit.

    One value a filter or a neuron ([O]), or a channel ([1, I, 1, 1]), goes to all weights of it. One row of as many
    values as weights is cut into the weight's own.
    """
    if mask.shape == shape or (mask.ndim == 1 and mask.numel() == shape.numel()):
        return mask.reshape(shape)
    if mask.ndim == 1 and len(shape) > 1 and len(mask) == shape[0]:
        mask = mask.view(-1, *(1 for _ in shape[1:]))
    if mask.ndim == len(shape) and all(a in (1, b) for a, b in zip(mask.shape, shape, strict=True)):
        return mask.expand(shape).contiguous()
    plain = tuple(size for size in mask.shape if size != 1)
    return mask.reshape(shape) if plain == tuple(size for size in shape if size != 1) else None


def as_mask(source: Source, name: str, values: Tensor, keep: float | None, signed: bool = False) -> Tensor:
    """The mask that values are, or the one that keeps the fraction `keep` of the tensor: its largest scores.

    Scores count by their absolute values, `signed` ones as they are. The number kept is that of edge-popup
    (Ramanujan et al. 2020): all but the ``int((1 - keep) n)`` lowest.

    Raises:
        UserError: the values are others than 0 and 1 and `keep` is not given.
    """
    if is_binary(values):
        return values != 0
    if keep is None:
        raise source.error(
            f"the mask '{shown(name)}' has other values than 0 and 1",
            "give masks of 0 (pruned) and 1 (kept), or of scores the fraction that is kept, as --keep 0.5",
        )
    scores = values.flatten().float()
    order = torch.argsort(scores if signed else scores.abs(), stable=True)
    mask = torch.ones(len(scores), dtype=torch.bool)
    mask[order[: int((1 - keep) * len(scores))]] = False
    return mask.view(values.shape)
