"""Which weights were pruned elsewhere: masks beside the weights, in a file apart, or only zeros among the weights."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pruning.checkpoints.contents import Contents
from pruning.checkpoints.formats import read_contents
from pruning.checkpoints.mask_names import (
    ORIGINALS,
    RANK,
    SIGNED,
    find_masks,
    has_tensors,
    is_marked,
    mask_stem,
    names_among,
    plain_names,
    score_stem,
    weights_of,
)
from pruning.checkpoints.mask_values import as_mask, is_binary, spread
from pruning.checkpoints.source import Source, listed, opened, shown
from pruning.checkpoints.state_dict import MASK_KEYS
from pruning.checkpoints.tensors import load

State = dict[str, Tensor]


def merge(source: Source, state: State, notes: list[str], keep: float | None = None) -> tuple[State, State, State]:
    """Weights with their masks applied, in the order of `state`; the masks by weight; what the masked weights were.

    Masks are bool, True = kept. ``NAME_orig`` with ``NAME_mask`` is what torch.nn.utils.prune leaves, and
    ``parametrizations.NAME.original`` with ``parametrizations.NAME.0.mask`` torch.ao.pruning; masks or scores beside
    weights of their own name are taken as well. Of scores, each weight keeps the fraction `keep`.

    Raises:
        UserError: a mask holds other values than 0 and 1, has another shape than its weight, or scores need `keep`.
    """
    pairs = _pairs(source, state, keep)
    used = {name for name, _ in pairs.values()}
    merged, masks, before = {}, {}, {}
    for name, value in state.items():
        if name in used:
            continue
        mask_name, plain = pairs.get(name, ("", name))
        if mask_name:
            signed = mask_name.endswith(SIGNED)
            mask = as_mask(source, mask_name, state[mask_name], keep, signed)
            masks[plain] = _in_shape(source, plain, mask, value)
            before[plain] = value
        # Not a product: what is pruned is zero, whatever the weight was
        merged[plain] = value.masked_fill(~masks[plain], 0.0) if mask_name else value
    if masks:
        notes.append(f"The masks of {len(masks)} tensors were found and applied.")
    scored = [name for name in used if mask_stem(name) is None and not is_binary(state[name])]
    if scored and keep is not None:
        notes.append(_of_scores(scored, keep))
    return merged, masks, before


def _of_scores(names: list[str], keep: float) -> str:
    how = "scores" if all(name.endswith(SIGNED) for name in names) else "absolute scores"
    return f"{len(names)} masks were made of scores: each keeps the {100 * keep:g} % with the largest {how}."


def _pairs(source: Source, state: Mapping[str, Tensor], keep: float | None) -> dict[str, tuple[str, str]]:
    """Weight -> (mask, plain name of the weight), the first two by the names under which they are stored."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in state.items():
        stem = mask_stem(name)
        original = None if stem is None else _original(stem, state)
        if stem is not None and original is not None:
            found[original] = (name, stem)
            continue
        stem = stem if stem is not None else score_stem(name)
        if stem is None:
            continue
        # Something else may have this name, such as a mask of attention: only a mask that fits its weight counts
        weight = next((w for w in weights_of(stem) if w in state and w != name and _fits(state[w], value)), None)
        if weight is None:
            continue
        if mask_stem(name) is None and keep is None and not is_binary(value):
            raise source.error(
                f"it has scores beside its weights ({listed([name])})", "say which fraction is kept, as --keep 0.5"
            )
        if is_binary(value) or mask_stem(name) is None:
            found[weight] = (name, weight)
    return found


def _original(stem: str, state: Mapping[str, Tensor]) -> str | None:
    owner, dot, leaf = stem.rpartition(".")
    names = (form.format(stem, owner + dot, leaf) for form in ORIGINALS)
    return next((name for name in names if name in state and stem not in state), None)


def _fits(weight: Tensor, mask: Tensor) -> bool:
    return weight.is_floating_point() and spread(mask, weight.shape) is not None


def _in_shape(source: Source, name: str, mask: Tensor, weight: Tensor) -> Tensor:
    """The mask in the shape of its weight. Raises UserError where it does not fit."""
    found = spread(mask, weight.shape)
    if found is None:
        raise source.error(
            f"the mask of '{shown(name)}' has the shape {tuple(mask.shape)} and the weight {tuple(weight.shape)}",
            "give the masks of this network, one value a weight or a filter",
        )
    return found


def read_masks(
    path: str | Path,
    state: Mapping[str, Tensor] | None = None,
    keep: float | None = None,
    notes: list[str] | None = None,
) -> State:
    """The masks in a file of their own: bool tensors, True = kept, by the names of the weights.

    The file may be any that `read` reads. Its tensors are named as the weights or as their layers, with or without
    what marks masks (`mask_names`); where some are marked, the others are left out. They may be nested (NNI), or a list
    in the order of the weights. With `state`, the weights that they belong to, each mask must have its weight; one
    value a filter is enough. Where `keep` is given, other values than 0 and 1 are scores, of whose tensor that fraction
    is kept. What was done is added to `notes`.

    Raises:
        UserError: as `read`, or for values other than 0 and 1, or masks that do not fit `state`.
    """
    with opened(path) as source, read_contents(source) as contents:
        masks = _loaded(source, contents, contents.tree, keep, [] if notes is None else notes)
        return _named(masks) if state is None else _fitting(source, masks, state)


def lay_on(source: Source, contents: Contents, state: State, notes: list[str], keep: float | None) -> State:
    """Apply masks that lie beside the whole state dict, under a key of their own (``masks``), and give them.

    Raises:
        UserError: they are no masks, or do not fit.
    """
    top = contents.tree if isinstance(contents.tree, dict) else {}
    trees = [top, *(value for value in top.values() if isinstance(value, dict))]
    places = ((key, tree[key]) for tree in trees for key in MASK_KEYS if isinstance(tree.get(key), dict | list | tuple))
    key, masks = next((place for place in places if has_tensors(place[1])), ("", None))
    if masks is None:
        return {}
    found = _fitting(source, _loaded(source, contents, masks, keep, notes), state)
    for name, mask in found.items():
        state[name] = state[name].masked_fill(~mask, 0.0)
    notes.append(f"The masks of {len(found)} tensors were found under '{key}' and applied.")
    return found


def _loaded(source: Source, contents: Contents, tree: object, keep: float | None, notes: list[str]) -> State:
    """The masks in a tree, by the names that they have there."""
    views = find_masks(source, tree)
    marked = {name: view for name, view in views.items() if is_marked(name)}
    values = load(source, marked or views, contents.store)
    scored = [name for name, value in values.items() if not is_binary(value)]
    masks = {name: as_mask(source, name, value, keep, name.endswith(SIGNED)) for name, value in values.items()}
    if scored and keep is not None:
        notes.append(_of_scores(scored, keep))
    return masks


def _named(masks: State) -> State:
    plain = plain_names(masks)
    return {plain[name]: mask for name, mask in masks.items()}


def _fitting(source: Source, masks: State, state: Mapping[str, Tensor]) -> State:
    """The masks by names of `state`."""
    if all(name.startswith(RANK) for name in masks):
        return _in_order(source, list(masks.values()), state)
    names = names_among(masks, state)
    lost = [name for name, weight in names.items() if weight is None]
    if lost:
        raise source.error(f"its masks {listed(lost)} belong to no weight", "name each as its weight is named")
    found: State = {}
    for name, weight in names.items():
        if weight is not None:
            mask = _in_shape(source, weight, masks[name], state[weight])
            found[weight] = found[weight] & mask if weight in found else mask
    return found


def _in_order(source: Source, masks: list[Tensor], state: Mapping[str, Tensor]) -> State:
    """Masks without names, in the order of the weights: of all with two or more dimensions, or of all parameters."""
    floats = [name for name, value in state.items() if value.is_floating_point() and "running_" not in name]
    for names in ([name for name in floats if state[name].ndim > 1], floats):
        if [mask.shape for mask in masks] == [state[name].shape for name in names]:
            return dict(zip(names, masks, strict=True))
    raise source.error(
        f"its {len(masks)} masks have no names and are not those of the network's weights in order",
        "give a dictionary that names each as its weight is named",
    )


def zeros_as_masks(state: Mapping[str, Tensor]) -> State:
    """For each floating tensor of two or more dimensions a bool tensor, True where it is not zero."""
    return {name: value != 0 for name, value in state.items() if value.is_floating_point() and value.dim() >= 2}
