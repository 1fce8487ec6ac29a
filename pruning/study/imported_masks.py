"""The masks of an import: those of prunable weights, what else is masked, and whether they are the wrong way round."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pruning.checkpoints import Checkpoint, read_masks, zeros_as_masks
from pruning.checkpoints.imported_weights import Imported
from pruning.checkpoints.source import listed
from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models import prunable
from pruning.recognition import Match, Normalisation

INVERT = "--inverted-masks"
SMALLER = 0.9
"""How much smaller what inverted masks call kept must be than what they call pruned, in mean magnitude."""
BETTER = 0.1
"""By how much the accuracy has to be higher with the masks the other way round."""
ZEROS = 0.001
"""The fraction of exactly zero weights from which on it is said that they count as kept."""


@dataclass(frozen=True)
class MaskedWeights:
    """A network under its masks.

    `other` has the masks of tensors that are not pruned here; full masks are in neither. `before` is what the masks
    were laid over, `notes` says what was done.
    """

    network: Imported
    other: Masks
    before: dict[str, Tensor]
    notes: tuple[str, ...] = ()

    def inverted(self) -> "MaskedWeights":
        """The same with all masks the other way round."""
        masks = {name: ~mask for name, mask in self.network.masks.items()}
        other = {name: ~mask for name, mask in self.other.items()}
        return MaskedWeights(_laid(self.before, masks, other, self.network), other, self.before, self.notes)

    @property
    def keeps_the_smaller(self) -> bool:
        """Whether the weights that the masks keep are clearly smaller than the others, or zero."""
        kept, pruned = [], []
        for name, mask in self.network.masks.items():
            sizes = self.before[name].abs()
            kept.append(sizes[mask])
            pruned.append(sizes[~mask])
        if not kept:
            return False
        inside, outside = torch.cat(kept), torch.cat(pruned)
        return bool(len(inside) and len(outside) and inside.mean() < SMALLER * outside.mean())


def with_own_masks(checkpoint: Checkpoint, match: Match, model: nn.Module, zeros_are_pruned: bool) -> MaskedWeights:
    """The checkpoint's network under the masks beside its weights, and those of its zeros if they count.

    Raises:
        UserError: a mask is of no tensor of the network.
    """
    zeros = zeros_as_masks(match.rename(checkpoint.state)) if zeros_are_pruned else {}
    state = match.apply(checkpoint.state)
    unused = {name for name in checkpoint.masks if name in match.unused}
    used = {name: mask for name, mask in checkpoint.masks.items() if name not in unused}
    masks, other = _sorted(used, match, model, "The checkpoint")
    found = {name: mask for name, mask in zeros.items() if name in prunable(model) and not bool(mask.all())}
    notes = (
        [f"Masks of tensors that the network does not use were left out: {listed(sorted(unused))}."] if unused else []
    )
    before = state | match.rename(checkpoint.unmasked)
    masks = found | {name: mask & found.get(name, mask) for name, mask in masks.items()}
    origins = {ours: (theirs, tuple(checkpoint.state[theirs].shape)) for theirs, ours in match.pairs}
    return MaskedWeights(Imported(state, masks, origins), other, before, (*notes, *_others(other)))


def with_mask_file(
    plain: MaskedWeights, checkpoint: Checkpoint, match: Match, model: nn.Module, file: Path, keep: float | None
) -> MaskedWeights:
    """The network under the masks of a file apart from the weights.

    Raises:
        UserError: the file cannot be read, does not fit, or prunes nothing.
    """
    notes: list[str] = []
    state = plain.network.state
    found = read_masks(file, {**state, **checkpoint.state}, keep, notes)
    masks, other = _sorted(found, match, model, str(file))
    if not masks and not other:
        raise UserError(f"{file} masks none of the network's prunable weights: all its values are 1.")
    both = {name: mask & plain.network.masks.get(name, mask) for name, mask in masks.items()}
    network = _laid(state, plain.network.masks | both, other, plain.network)
    notes += _others(other)
    return MaskedWeights(network, other, state, tuple(notes))


def _laid(state: Mapping[str, Tensor], masks: Masks, other: Masks, network: Imported) -> Imported:
    """Weights of a network under masks. Not a product: what is pruned is zero, whatever the weight was."""
    all_masks = other | masks
    applied = {n: v.masked_fill(~all_masks[n], 0.0) if n in all_masks else v for n, v in state.items()}
    return Imported(applied, masks, network.origins)


def _sorted(masks: Mapping[str, Tensor], match: Match, model: nn.Module, where: str) -> tuple[Masks, Masks]:
    """Masks by our names, of prunable weights and of other tensors; names of either side are understood."""
    ours, parameters = dict(match.pairs), prunable(model)
    found: Masks = {}
    other: Masks = {}
    for theirs, mask in masks.items():
        name = ours.get(theirs, theirs)
        if name not in match.forms or "running_" in name:
            raise UserError(f"{where} has a mask for '{theirs}', which is no weight of the network.")
        shape = match.forms[name][0]
        if mask.numel() != torch.Size(shape).numel():
            raise UserError(
                f"{where}: the mask of '{theirs}' has the shape {tuple(mask.shape)}, and the weight has {tuple(shape)}."
            )
        if not bool(mask.all()):
            (found if name in parameters else other)[name] = mask.bool().reshape(shape)
    return found, other


def _others(other: Masks) -> list[str]:
    if not other:
        return []
    return [
        f"Masks of {len(other)} tensors that are not pruned here were applied: {listed(list(other))} have zeros there, "
        "which training may move."
    ]


def kept_zeros(network: Imported, model: nn.Module) -> list[str]:
    """A sentence where many weights are exactly zero and no mask says so."""
    weights, everything = {name: network.state[name] for name in prunable(model)}, torch.tensor(True)
    total = sum(weight.numel() for weight in weights.values())
    zero = sum(int(((v == 0) & network.masks.get(name, everything)).sum()) for name, v in weights.items())
    if zero <= ZEROS * total:
        return []
    return [
        f"{zero:,} of {total:,} prunable weights ({100 * zero / total:.1f} %) are exactly zero and count as kept; "
        "if they were pruned, import it with --zeros-are-pruned."
    ]


def the_right_way(
    masked: MaskedWeights, invert: bool, tried: Callable[[Imported], Normalisation]
) -> tuple[MaskedWeights, Normalisation, tuple[str, ...]]:
    """The masks as they are or the other way round (1 = pruned), how that did, and what to say of it.

    They are turned round when the user says so; else only where they keep the smaller weights and the network is
    clearly better the other way round. The first tells them from masks that keep too little, of which it is only said.

    Args:
        masked: the network under its masks.
        invert: whether the user says that 1 means pruned.
        tried: tries weights on images.
    """
    if invert and masked.network.masks:
        other = masked.inverted()
        said = "The masks were taken the other way round, as was said: 1 is pruned, 0 kept."
        return other, tried(other.network), (said,)
    given = tried(masked.network)
    smaller = masked.keeps_the_smaller
    if not given.accuracies or not masked.network.masks or not (smaller or given.doubtful):
        return masked, given, ()
    other = masked.inverted()
    found = tried(other.network)
    if found.doubtful or _accuracy(found) < _accuracy(given) + BETTER:
        return masked, given, ()
    figures = f"{_accuracy(found):.1%} of the training images tried are right, and {_accuracy(given):.1%} as they are"
    if smaller:
        return other, found, (f"The masks were taken the other way round (1 = pruned, 0 = kept): so {figures}.",)
    return masked, given, (f"With the masks the other way round {figures}; if 1 means pruned in them, add {INVERT}.",)


def _accuracy(norm: Normalisation) -> float:
    return norm.accuracies[norm.name]


def refuse_without_masks(given: Mapping[str, bool]) -> None:
    """Refuse what is said of masks where there are none, so that nothing is taken for pruned that is not.

    Args:
        given: option -> whether it is.

    Raises:
        UserError: one is.
    """
    for name in (name for name, is_given in given.items() if is_given):
        raise UserError(f"{name} is about masks, of which the checkpoint holds none; give their file: --masks.")
