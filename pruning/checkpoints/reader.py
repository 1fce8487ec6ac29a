"""A file of weights as a state dict that a network can load."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from pruning.checkpoints import masks as mask_tools
from pruning.checkpoints.beside import below, refuse_quantised, without_beside
from pruning.checkpoints.contents import Contents, View
from pruning.checkpoints.folded import fold_normalised, folded_masks, without_parametrisations
from pruning.checkpoints.mask_names import is_marked
from pruning.checkpoints.shards import index_of, read_all, refuse_parts
from pruning.checkpoints.source import Source, opened
from pruning.checkpoints.state_dict import find_state, none_found, without_prefix
from pruning.checkpoints.tensors import conversions, load, refuse_not_finite, refuse_whole_numbers


@dataclass(frozen=True)
class Checkpoint:
    """Weights that were trained elsewhere.

    Attributes:
        path: the file.
        state: the tensors by name in the order of the file, on the CPU, contiguous, floating ones float32 and finite,
            pruned weights at zero.
        masks: bool tensors, True = kept, of the weights that have one; {} when none has.
        notes: a sentence for each thing that was done to the content of the file.
        unmasked: the weights that have a mask as they were before it was applied; {} where that is not known.
    """

    path: Path
    state: dict[str, Tensor]
    masks: dict[str, Tensor] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unmasked: dict[str, Tensor] = field(default_factory=dict)


def read(path: str | Path, keep: float | None = None, key: str | None = None, prefix: str | None = None) -> Checkpoint:
    """Read a file of torch.save (both layouts), of safetensors or of numpy.savez. Nothing in it is run or unpickled.

    The state dict may be bare or below keys such as ``state_dict`` (see `state_dict.WRAPPERS`), its names may share
    prefixes such as ``module.`` (`state_dict.PREFIXES`), and pruned weights may be ``NAME_orig`` and ``NAME_mask``, or
    be named as in `mask_names`. The parts of a weight under weight or spectral normalisation become the weight. Of a
    checkpoint in several files the index is given, or one of the files beside the index.

    Args:
        path: the file.
        keep: where scores lie beside the weights, the fraction of each weight that its best scores keep.
        key: the key that the state dict is under, where there are several (dots between keys).
        prefix: what the names of the network's tensors begin with, where there are others.

    Raises:
        UserError: the file is not there or cannot be read, holds no state dict, asks for more than tensors, its
            tensors are damaged, not finite, of dtypes that no weights have, or larger than the memory, or its scores
            need `keep`.
    """
    path = Path(path)
    refuse_parts(path)
    with opened(index_of(path) or path) as source, read_all(source) as contents:
        views, found = find_state(source, contents.tree, key)
        notes = [*contents.notes, *found]
        if not views:
            raise none_found(source, {})
        refuse_quantised(source, list(views))
        views = without_beside(views, notes) if prefix is None else below(source, views, prefix, notes)
        return _checkpoint(source, contents, without_prefix(views, notes, is_marked), notes, keep)


def _checkpoint(
    source: Source, contents: Contents, views: dict[str, View], notes: list[str], keep: float | None
) -> Checkpoint:
    refuse_whole_numbers(source, {name: view for name, view in views.items() if not is_marked(name)})
    loaded = load(source, views, contents.store)
    notes += conversions(views)
    refuse_not_finite(source, loaded)
    merged, masks, before = mask_tools.merge(source, loaded, notes, keep)
    folded = fold_normalised(merged, notes)
    # Masks of weights that are there only now that their parts are folded
    state, more, later = mask_tools.merge(source, folded, notes, keep)
    masks = folded_masks(masks, state) | more
    state = without_parametrisations(state, notes)
    unmasked = state | before | later
    apart = mask_tools.lay_on(source, contents, state, notes, keep)
    masks |= {name: mask & masks.get(name, mask) for name, mask in apart.items()}
    unmasked = {name: unmasked[name] for name in masks if name in unmasked}
    return Checkpoint(source.path, state, masks, tuple(notes), unmasked)
