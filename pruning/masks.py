"""Scores to masks: how many weights go (exact k), from which layers (allocation), in what units (structure).

A mask is a bool tensor of its parameter's shape, True where the weight is kept. Exactly ``round(sparsity * prunable)``
weights go: ties never remove more than was asked, and are broken by position, so the same scores give the same mask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pruning.errors import UserError, unknown

Masks = dict[str, Tensor]
Scores = Mapping[str, Tensor]

PRUNED = float("-inf")


@dataclass(frozen=True)
class Structure:
    """What is removed as one piece. `units` turns the scores of a layer into one score a unit, `expand` turns the mask
    over units back into a mask over weights of the given shape."""

    units: Callable[[Tensor], Tensor]
    expand: Callable[[Tensor, torch.Size], Tensor]


STRUCTURES: dict[str, Structure] = {
    "weight": Structure(units=lambda scores: scores, expand=lambda kept, shape: kept.view(shape)),
}


def _equal(shape: torch.Size) -> float:
    """Relative density of a layer under `layer`: the same for all."""
    return 1.0


def _erdos_renyi_kernel(shape: torch.Size) -> float:
    """Relative density of a layer under ERK (Evci et al. 2020): sum of its dimensions over their product."""
    return sum(shape) / float(np.prod(shape))


ALLOCATIONS: dict[str, Callable[[torch.Size], float] | None] = {
    "global": None,
    "layer": _equal,
    "erk": _erdos_renyi_kernel,
}


def make_masks(
    scores: Scores,
    sparsity: float,
    allocation: str = "global",
    structure: str = "weight",
    within: Masks | None = None,
) -> Masks:
    """Keep the best-scored weights so that exactly ``round(sparsity * prunable)`` go.

    Args:
        scores: a tensor for each prunable parameter, of its shape; higher is kept first.
        sparsity: fraction of all prunable weights to remove, in [0, 1), counted from the dense network.
        allocation: ``global`` compares scores over all layers; ``layer`` removes the same fraction from each layer;
            ``erk`` gives layer densities proportional to (sum of dimensions) / (product of dimensions), at most 1
            (Mocanu et al. 2018, Evci et al. 2020). Shares are rounded so that the total is exact.
        structure: what is removed as one piece: ``weight``.
        within: masks already in force; a weight pruned there never returns.

    Returns:
        a bool mask for each key of `scores`, True = kept, on the scores' device.

    Raises:
        UserError: unknown allocation or structure, sparsity outside [0, 1), a score that is NaN, or more weights asked
            for than `within` still keeps.
    """
    if allocation not in ALLOCATIONS:
        raise unknown("allocation", allocation, ALLOCATIONS)
    if structure not in STRUCTURES:
        raise unknown("structure", structure, STRUCTURES)
    check_sparsity(sparsity)
    flat = {name: _flat_scores(name, score, structure, within) for name, score in scores.items()}
    alive = {name: int((score > PRUNED).sum()) for name, score in flat.items()}
    total = sum(score.numel() for score in flat.values())
    keep = total - round(sparsity * total)
    if keep > sum(alive.values()):
        raise UserError(
            f"Sparsity {sparsity:g} would keep {keep} of {total} weights, but only {sum(alive.values())} are left "
            "in the masks to prune further; ask for a higher sparsity."
        )
    relative = ALLOCATIONS[allocation]
    if relative is None:
        kept = _keep_global(flat, keep)
    else:
        weights = {name: relative(scores[name].shape) * flat[name].numel() for name in flat}
        shares = share(keep, weights, alive)
        kept = {name: keep_best(flat[name], shares[name]) for name in flat}
    return {name: STRUCTURES[structure].expand(kept[name], scores[name].shape) for name in scores}


def check_sparsity(sparsity: float) -> None:
    """Raise UserError unless 0 <= sparsity < 1."""
    if not 0 <= sparsity < 1:
        raise UserError(f"Sparsity {sparsity:g} is outside [0, 1): it is the fraction of the weights that is removed.")


def _flat_scores(name: str, score: Tensor, structure: str, within: Masks | None) -> Tensor:
    flat = STRUCTURES[structure].units(score.detach()).reshape(-1)
    if torch.isnan(flat).any():
        raise UserError(f"The scores of layer '{name}' contain NaN, so its weights cannot be ranked.")
    if within is None:
        # a finite floor: a weight that is not pruned yet must stay distinguishable from one that is
        return flat.clamp(min=torch.finfo(flat.dtype).min)
    alive = within[name].reshape(-1).to(flat.device)
    return torch.where(alive, flat.clamp(min=torch.finfo(flat.dtype).min), PRUNED)


def _keep_global(flat: Scores, keep: int) -> Masks:
    kept = keep_best(torch.cat(list(flat.values())), keep)
    return dict(zip(flat, kept.split([score.numel() for score in flat.values()]), strict=True))


def keep_best(scores: Tensor, keep: int) -> Tensor:
    """True at the `keep` highest entries of a 1-D tensor; of equal scores the earlier positions win."""
    if keep <= 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    if keep >= scores.numel():
        return torch.ones_like(scores, dtype=torch.bool)
    threshold = torch.kthvalue(scores, scores.numel() - keep + 1).values
    kept = scores > threshold
    ties = (scores == threshold).nonzero().squeeze(1)
    kept[ties[: keep - int(kept.sum())]] = True
    return kept


def share(keep: int, weights: Mapping[str, float], capacity: Mapping[str, int]) -> dict[str, int]:
    """Share `keep` units out over layers in proportion to `weights`, none above its `capacity`, summing exactly.

    Layers whose share exceeds their capacity are filled, and the rest is shared anew over the others. Fractions go to
    the largest remainders, the earlier layer winning a tie.
    """
    shares = dict.fromkeys(weights, 0.0)
    open_layers = [name for name in weights if capacity[name] > 0]
    left = float(keep)
    while open_layers:
        scale = left / sum(weights[name] for name in open_layers)
        full = [name for name in open_layers if scale * weights[name] >= capacity[name]]
        if not full:
            shares.update({name: scale * weights[name] for name in open_layers})
            break
        shares.update({name: float(capacity[name]) for name in full})
        left -= sum(capacity[name] for name in full)
        open_layers = [name for name in open_layers if name not in full]
    whole = {name: int(np.floor(value + 1e-9)) for name, value in shares.items()}
    by_remainder = sorted(shares, key=lambda name: whole[name] - shares[name])
    missing = keep - sum(whole.values())
    while missing > 0:
        for name in by_remainder:
            if missing > 0 and whole[name] < capacity[name]:
                whole[name] += 1
                missing -= 1
    return whole


def full_masks(parameters: Mapping[str, Tensor]) -> Masks:
    """Masks that keep everything."""
    return {name: torch.ones_like(value, dtype=torch.bool) for name, value in parameters.items()}


def counts(masks: Masks) -> tuple[int, int]:
    """(kept, total) over all layers."""
    return sum(int(mask.sum()) for mask in masks.values()), sum(mask.numel() for mask in masks.values())


def sparsity(masks: Masks) -> float:
    """Fraction of the prunable weights that is removed, 0 for a network without prunable weights."""
    kept, total = counts(masks)
    return 1 - kept / total if total else 0.0


def collapsed_layers(masks: Masks) -> list[str]:
    """Names of the layers in which nothing is kept: no signal passes them (layer collapse, Tanaka et al. 2020)."""
    return [name for name, mask in masks.items() if not bool(mask.any())]


def pack(mask: Tensor) -> np.ndarray:
    """A bool mask of any shape as uint8, eight positions a byte, first position in the highest bit."""
    return np.packbits(mask.detach().cpu().numpy().reshape(-1))


def unpack(packed: np.ndarray, shape: tuple[int, ...] | torch.Size) -> Tensor:
    """The inverse of `pack` for a mask of the given shape."""
    size = int(np.prod(shape))
    return torch.from_numpy(np.unpackbits(packed, count=size).astype(bool)).view(shape)
