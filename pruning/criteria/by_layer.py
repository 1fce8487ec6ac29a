"""Masks where each layer has a sparsity of its own, named by the user; the layers not named share what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from pruning.errors import UserError, nearest
from pruning.granularity import Granularity
from pruning.masks import Masks, Scores, make_masks

CLOSE = 5e-4


@dataclass(frozen=True)
class Part:
    """Layers that are cut together: their weights by parameter name, and the fraction of these that goes."""

    names: tuple[str, ...]
    sparsity: float


def parts_of(layers: Mapping[str, float], sparsity: float, sizes: Mapping[str, int]) -> list[Part]:
    """What each layer loses: those named what is said, the others the same fraction, so that `sparsity` goes in all.

    Args:
        layers: layer (`conv1`, or its parameter `conv1.weight`) -> fraction of its weights to remove, in [0, 1).
        sparsity: fraction of all prunable weights to remove, in [0, 1).
        sizes: weights of each prunable parameter.

    Raises:
        UserError: there is no such layer; every layer is named and they make another sparsity in all; or what is left
            for the others cannot be.
    """
    named = {_parameter(layer, sizes): fraction for layer, fraction in layers.items()}
    gone = sum(round(fraction * sizes[name]) for name, fraction in named.items())
    rest = tuple(name for name in sizes if name not in named)
    total, left = sum(sizes.values()), sum(sizes[name] for name in rest)
    missing = round(sparsity * total) - gone
    found = [Part((name,), fraction) for name, fraction in named.items()]
    if not rest:
        if abs(gone / total - sparsity) > CLOSE:
            raise UserError(
                f"The sparsities of `layers` make {gone / total:.4g} in all, not {sparsity:g}; say that sparsity, or "
                "leave a layer out, which then makes up for the difference."
            )
        return found
    if not 0 <= missing < left:
        few = "fewer" if missing < 0 else "more"
        raise UserError(
            f"The sparsities of `layers` remove {gone / total:.4g} of all weights, so that {sparsity:g} cannot be "
            f"reached with the other layers; remove {few} there, or ask for another sparsity."
        )
    return [*found, Part(rest, missing / left)]


def cut_layers(
    scores: Scores,
    parts: Sequence[Part],
    within: Masks,
    progressed: float,
    structure: str | Granularity,
    model: nn.Module,
    ties: torch.Generator | None = None,
    by_output: bool = False,
) -> Masks:
    """Keep the best of each part; arguments as for `pruning.masks.make_masks`.

    `progressed`, in (0, 1], is how far the pruning has come when it takes several rounds: each part's density falls
    exponentially from that of the dense network to its own.

    Raises:
        UserError: as there; it names the layer.
    """
    found: Masks = {}
    for part in parts:
        sparsity = part.sparsity if progressed == 1 else 1 - (1 - part.sparsity) ** progressed
        own = {name: scores[name] for name in part.names}
        kept = {name: within[name] for name in part.names}
        sparsity = max(sparsity, _least(kept)) if progressed < 1 else sparsity
        try:
            found |= make_masks(own, sparsity, "layer", structure, kept, model, ties=ties, by_output=by_output)
        except UserError as error:
            if len(part.names) > 1:
                raise
            raise UserError(f"Layer '{part.names[0].removesuffix('.weight')}': {error}") from None
    return {name: found[name] for name in scores}


def _least(masks: Masks) -> float:
    """The sparsity that masks already have."""
    return 1 - sum(int(mask.sum()) for mask in masks.values()) / sum(mask.numel() for mask in masks.values())


def _parameter(layer: str, sizes: Mapping[str, int]) -> str:
    for name in (layer, f"{layer}.weight"):
        if name in sizes:
            return name
    known = [name.removesuffix(".weight") for name in sizes]
    guess = nearest(layer, known)
    hint = f" Did you mean '{guess}'?" if guess else ""
    raise UserError(f"`layers` names '{layer}', which is no prunable layer.{hint} There are {', '.join(known)}.")
