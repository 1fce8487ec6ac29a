"""Scores to masks: how many weights go (exact k), from which layers (allocation), in what units (structure).

A mask is a bool tensor of its parameter's shape, True where the weight is kept. With single weights exactly
``round(sparsity * prunable)`` go, with larger units never more: ties never remove more than was asked, and are broken
by position, so the same scores give the same mask.
"""

from collections.abc import Iterable, Mapping
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from pruning.allocation import ALLOCATIONS, Layers, share
from pruning.allocation.keeping import PRUNED, keep_rows
from pruning.allocation.keeping import keep_best as keep_best
from pruning.errors import UserError
from pruning.granularity import Granularity, get_granularity
from pruning.granularity.pattern import best_of_each_group
from pruning.granularity.units import Units, transposed
from pruning.validation import Options

Masks = dict[str, Tensor]
Scores = Mapping[str, Tensor]

CLOSE = 1e-6


def make_masks(
    scores: Scores,
    sparsity: float,
    allocation: str = "global",
    structure: str | Granularity = "weight",
    within: Masks | None = None,
    model: nn.Module | None = None,
    options: Options | None = None,
    ties: torch.Generator | None = None,
    by_output: bool = False,
    shared_by: Scores | None = None,
) -> Masks:
    """Keep the best-scored weights so that ``round(sparsity * prunable)`` go.

    Exactly so many go when single weights do. Of larger units the worst go, as long as the next one still fits: never
    more weights than asked, and fewer by less than one unit (`pruning.granularity` says how each is scored).

    Args:
        scores: a tensor for each prunable parameter, of its shape; higher is kept first.
        sparsity: fraction of all prunable weights to remove, in [0, 1), counted from the dense network. An N:M
            structure decides it itself: 1 - N / M.
        allocation: ``global`` compares scores over all layers; ``layer`` removes the same fraction from each layer;
            ``erk`` gives layer densities proportional to (sum of dimensions) / (product of dimensions), at most 1
            (Mocanu et al. 2018, Evci et al. 2020); the others are in `pruning.allocation`. Shares are rounded so that
            the total is exact. Without meaning for the structures N:M and ``layer``.
        structure: what is removed as one piece: ``weight``; ``filter``, an output channel of one layer; ``channel``,
            one of the network with all layers that are added into it; ``neuron``, a hidden one; ``head``, one of
            attention; ``block`` (4x4) or ``block:RxC``, a tile; ``layer``, a residual block; ``2:4``, ``1:4`` or any
            ``N:M``, which keeps N of every M neighbours along the input.
        within: masks already in force; a weight pruned there never returns.
        model: the network, which ``layer``, ``channel``, ``neuron`` and ``head`` need to find their pieces, and
            ``filter`` to leave the classifier's outputs alone.
        options: those of the allocation, where it has some.
        ties: on the CPU, draws which of equal scores win; None: the earlier positions do.
        by_output: whether, of what a layer keeps, each of its outputs keeps the same number (the best of them one more
            where it does not divide). Of single weights alone.
        shared_by: scores that the allocation looks at, where they are not those by which weights are kept.

    Returns:
        a bool mask for each key of `scores`, True = kept, on the scores' device.

    Raises:
        UserError: unknown allocation or structure, sparsity outside [0, 1), another than the structure's own, or more
            than its units can give; a score that is NaN, or more weights asked for than `within` still keeps.
    """
    shared = ALLOCATIONS.get_known(allocation)
    pieces = get_granularity(structure)
    check_sparsity(sparsity)
    check_fixed(pieces, sparsity)
    flat = {name: _flat_scores(name, score, within) for name, score in scores.items()}
    if pieces.pattern is not None:
        ranks = {name: flat[name].view(scores[name].shape) for name in scores}
        return best_of_each_group(ranks, pieces.pattern, model, ties)
    alive = {name: int((score > PRUNED).sum()) for name, score in flat.items()}
    total = sum(score.numel() for score in flat.values())
    keep = total - round(sparsity * total)
    if keep > sum(alive.values()):
        raise UserError(
            f"Sparsity {sparsity:g} would keep {keep} of {total} weights, but only {sum(alive.values())} are left "
            "in the masks to prune further; ask for a higher sparsity."
        )
    measured = flat if shared_by is None else {name: _flat_scores(name, shared_by[name], within) for name in flat}
    layers = Layers(measured, {name: score.shape for name, score in scores.items()}, keep)
    weights = shared.shared(layers, options) if pieces.allocates else None
    if pieces.units is not None:
        shaped = {name: flat[name].view(scores[name].shape) for name in scores}
        return _keep_units(pieces, shaped, keep, weights, model, ties)
    if weights is None:
        kept = _keep_global(flat, keep, ties)
    else:
        shares = share(keep, weights, alive)
        kept = {name: keep_best(flat[name], shares[name], ties) for name in flat}
    if by_output:
        turned = transposed(model)
        ranks = {name: flat[name].view(scores[name].shape) for name in flat}
        return {
            name: keep_rows(ranks[name], int(kept[name].sum()), name in turned, ties, turned.get(name, 1))
            for name in flat
        }
    return {name: kept[name].view(scores[name].shape) for name in scores}


def check_sparsity(sparsity: float) -> None:
    """Raise UserError unless 0 <= sparsity < 1."""
    if not 0 <= sparsity < 1:
        hint = f" Did you mean {sparsity / 100:g}?" if 1 < sparsity < 100 else ""
        raise UserError(
            f"Sparsity {sparsity:g} is outside [0, 1): it is the fraction of the weights that is removed.{hint}"
        )


def check_fixed(structure: Granularity, sparsity: float) -> None:
    """Raise UserError when the structure decides the sparsity and this is another."""
    fixed = structure.fixed_sparsity
    if fixed is not None and abs(sparsity - fixed) > CLOSE:
        raise UserError(
            f"Structure '{structure.name}' always has sparsity {fixed:.6g}, not {sparsity:g}; "
            "leave the sparsity out, or take another structure."
        )


def _flat_scores(name: str, score: Tensor, within: Masks | None) -> Tensor:
    flat = score.detach().reshape(-1)
    if torch.isnan(flat).any():
        raise UserError(f"The scores of layer '{name}' contain NaN, so its weights cannot be ranked.")
    if within is None:
        # a finite floor: a weight that is not pruned yet must stay distinguishable from one that is
        return flat.clamp(min=torch.finfo(flat.dtype).min)
    alive = within[name].reshape(-1).to(flat.device)
    return torch.where(alive, flat.clamp(min=torch.finfo(flat.dtype).min), PRUNED)


def _keep_global(flat: Scores, keep: int, ties: torch.Generator | None) -> Masks:
    kept = keep_best(torch.cat(list(flat.values())), keep, ties)
    return dict(zip(flat, kept.split([score.numel() for score in flat.values()]), strict=True))


def _keep_units(
    structure: Granularity,
    ranks: Scores,
    keep: int,
    weights: Mapping[str, float] | None,
    model: nn.Module | None,
    ties: torch.Generator | None,
) -> Masks:
    """Masks without the worst units; `weights` are the layers' shares of what is kept, None to compare over all."""
    units = Units.tally(structure, ranks, model, ties)
    alive = {name: int((rank > PRUNED).sum()) for name, rank in ranks.items()}
    budget = sum(alive.values()) - keep
    if budget > units.removable():
        total = sum(rank.numel() for rank in ranks.values())
        most = np.floor(1e4 * (1 - (sum(alive.values()) - units.removable()) / total)) / 1e4
        raise UserError(
            f"Structure '{structure.name}' can remove a fraction of {most:g} of this network's weights at most, "
            f"not {1 - keep / total:.4g}; ask for a lower sparsity."
        )
    if weights is None:
        gone = units.worst(budget, structure.fills)
    else:
        gone = units.worst_by_layer(_budgets(units, keep, weights, alive))
    kept = units.keep_all_but(gone)
    return {name: kept[name].view(rank.shape).to(rank.device) & (rank > PRUNED) for name, rank in ranks.items()}


def _budgets(units: Units, keep: int, weights: Mapping[str, float], alive: Mapping[str, int]) -> dict[str, int]:
    """How many weights each layer is to lose.

    A layer that cannot lose its share, because its units or the best of them stay, loses what it can; the others
    carry the rest.
    """
    removable = units.removable_by_layer()
    least = {name: alive[name] - removable[position] for position, name in enumerate(alive)}
    fixed: dict[str, int] = {}
    while True:
        rest = [name for name in alive if name not in fixed]
        left = max(0, keep - sum(fixed.values()))
        shares = share(left, {name: weights[name] for name in rest}, {name: alive[name] for name in rest})
        short = [name for name in rest if shares[name] < least[name]]
        if not short:
            return {name: alive[name] - (fixed | shares)[name] for name in alive}
        fixed |= {name: least[name] for name in short}


def full_masks(parameters: Mapping[str, Tensor]) -> Masks:
    """Masks that keep everything."""
    return {name: torch.ones_like(value, dtype=torch.bool) for name, value in parameters.items()}


def apply_masks(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set the pruned weights of the model to zero."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask.to(parameters[name].device))


def counts(masks: Masks) -> tuple[int, int]:
    """(kept, total) over all layers."""
    return sum(int(mask.sum()) for mask in masks.values()), sum(mask.numel() for mask in masks.values())


def by_part(layers: Mapping[str, tuple[int, int]], parts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Weights kept and in all of each part of a network, of those that have any.

    Args:
        layers: the same of each parameter.
        parts: submodules, by name.
    """
    found: dict[str, tuple[int, int]] = {}
    for part in parts:
        inner = [count for name, count in layers.items() if name.startswith(f"{part}.")]
        if inner:
            found[part] = sum(kept for kept, _ in inner), sum(total for _, total in inner)
    return found


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
    return torch.from_numpy(np.unpackbits(packed, count=prod(shape)).astype(bool)).view(shape)
