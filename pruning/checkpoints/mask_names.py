"""How masks, and scores that masks are made of, are named in files: from such a name to that of the weight."""

import re
from collections.abc import Collection, Iterable, Iterator

from pruning.checkpoints.contents import View
from pruning.checkpoints.limits import MAX_TENSORS
from pruning.checkpoints.source import Source
from pruning.checkpoints.state_dict import MASK_WRAPPERS, PREFIXES, Views, none_found, prefix_of

ORIGINALS = ("{0}_orig", "{1}parametrizations.{2}.original")
"""What the weight of a mask beside it may be called: torch.nn.utils.prune's and torch.ao.pruning's names."""
RANK = "#"
"""What a mask without a name is called before its rank, in a list or under a number."""
_MASKS = (
    # torch.ao.pruning: conv.parametrizations.weight.0.mask
    (re.compile(r"(?P<owner>.*\.|)parametrizations\.(?P<leaf>\w+)\.\d+\.mask"), "{owner}{leaf}"),
    # open_lth: mask_conv___weight, wherever the network is kept
    (re.compile(r"(?P<owner>.*\.|)mask_(?P<leaf>\w+___\w+)"), "{owner}{leaf}"),
    (re.compile(r"(?P<owner>.*?)(_mask|_masks|\.masks?|\.pruning_mask|\.binary_mask)"), "{owner}"),
    (re.compile(r"(?P<owner>)masks?[._](?P<leaf>.*\..*)"), "{leaf}"),
)
_SCORES = re.compile(r"(?P<owner>.*?)(\.|_)(popup_scores|mask_scores|weight_scores?|scores?)")
SIGNED = ("mask_scores",)
"""Scores of which the largest are kept (movement pruning); of the others the largest absolute values (edge-popup)."""
_UNNAMED = re.compile(r"arr_(?P<rank>\d+)")
"""What numpy.savez calls arrays without a name."""
_PARTS = ({"weight", "bias"}, {"weight"}, {"bias"})
_DEPTH = 8
_NODES = 10 * MAX_TENSORS


def mask_stem(name: str) -> str | None:
    """What a mask's name says of its weight; None for the name of something else."""
    for pattern, stem in _MASKS:
        found = pattern.fullmatch(name)
        if found is not None:
            return stem.format(**{"leaf": "", **found.groupdict()}).replace("___", ".")
    return None


def score_stem(name: str) -> str | None:
    """What the name of scores says of their weight; None for the name of something else."""
    found = _SCORES.fullmatch(name)
    return found["owner"] if found else None


def is_marked(name: str) -> bool:
    """Whether a name is one that masks or scores have."""
    return (mask_stem(name) or score_stem(name)) is not None


def weights_of(stem: str) -> tuple[str, ...]:
    """The weights that a mask may belong to, the likeliest first: by its weight's name or by that of the layer.

    Wrappers of NNI keep the layer as ``LAYER.module``; of a weight under normalisation, ``_v`` is the part with its
    directions.
    """
    owner, dot, leaf = stem.rpartition(".")
    names = [stem, f"{stem}.weight", f"{owner}{dot}module.{leaf}" if dot else "", f"{stem}.module.weight"]
    return tuple(name for name in (*names, stem.removesuffix("_v") if stem.endswith("_v") else "") if name)


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Each mask's name -> the same without what marks masks, and without the prefixes that all of them share."""
    stems = {name: _stem(name) for name in names}
    prefix = prefix_of(stems.values())
    return {name: stem.removeprefix(prefix) for name, stem in stems.items()}


def names_among(names: Iterable[str], weights: Collection[str]) -> dict[str, str | None]:
    """Each mask's name -> the weight that it belongs to, None for none.

    As few prefixes are removed as will do, as a part of the network may be named like a prefix.
    """
    stems = {name: _stem(name) for name in names}
    prefix, whole = "", prefix_of(stems.values())
    while True:
        found = {name: _name_in(stem.removeprefix(prefix), weights) for name, stem in stems.items()}
        if all(found.values()) or prefix == whole:
            return found
        prefix += next(p for p in PREFIXES if whole.startswith(prefix + p))


def _stem(name: str) -> str:
    return mask_stem(name) or score_stem(name) or name


def _name_in(stem: str, weights: Collection[str]) -> str | None:
    """The weight of that name; else the only one that ends in it."""
    exact = next((weight for weight in weights_of(stem) if weight in weights), None)
    behind = [weight for weight in weights for name in weights_of(stem)[:2] if weight.endswith(f".{name}")]
    return exact or (behind[0] if len(behind) == 1 else None)


def find_masks(source: Source, tree: object) -> Views:
    """All tensors of a file of masks by name: nested dictionaries (NNI's) with dots between the keys, lists by rank.

    Raises:
        UserError: there are none.
    """
    for _ in range(_DEPTH):
        key = next((k for k in MASK_WRAPPERS if isinstance(tree, dict) and _is_whole(tree.get(k))), None)
        if key is None or not isinstance(tree, dict):
            break
        tree = tree[key]
    found: Views = {}
    for count, (name, view) in enumerate(_leaves(tree, "", _DEPTH)):
        if count >= _NODES:
            raise source.error("it holds more tensors than any network has", "give the masks alone")
        if view is not None:
            found[name] = view
    if not found:
        raise none_found(source, tree)
    return found


def _is_whole(tree: object) -> bool:
    """Whether this holds the masks of a network, not those of one layer."""
    return not (isinstance(tree, dict) and set(tree) in _PARTS) and has_tensors(tree)


def has_tensors(tree: object) -> bool:
    """Whether there are tensors anywhere in this, among its first thousand parts."""
    return any(
        view is not None for view, _ in zip((v for _, v in _leaves(tree, "", _DEPTH)), range(1000), strict=False)
    )


def _leaves(tree: object, name: str, depth: int) -> Iterator[tuple[str, View | None]]:
    """Tensors by name, and None for all else, so that whoever asks can stop."""
    items: list[tuple[object, object]] = []
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list | tuple):
        items = list(enumerate(tree))
    yield name, tree if isinstance(tree, View) else None
    for key, value in items if depth else ():
        unnamed = _UNNAMED.fullmatch(str(key))
        part = f"{RANK}{unnamed['rank']}" if unnamed else key if isinstance(key, str) else f"{RANK}{key}"
        yield from _leaves(value, f"{name}.{part}" if name else part, depth - 1)
