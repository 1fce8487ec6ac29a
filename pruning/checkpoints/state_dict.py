"""Finds the state dict in what a file holds: below which keys, and behind which prefixes of its names."""

from collections.abc import Callable, Collection
from typing import TypeGuard

from pruning.checkpoints.archive import SAVE_AGAIN
from pruning.checkpoints.contents import View
from pruning.checkpoints.limits import MAX_TENSORS
from pruning.checkpoints.source import Source, listed, shown
from pruning.errors import UserError

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "module",
    "state_dict_ema",
    "ema_state_dict",
    "model_ema",
    "ema",
)
"""Keys that state dicts are found under; the first of them counts, so that a moving average comes last."""
MASK_KEYS = ("masks", "mask", "mask_dict", "weight_masks", "backward_masks", "sparsifier", "sparsifier_state_dict")
"""Keys that masks are found under, beside the weights or in a file of their own."""
MASK_WRAPPERS = (*MASK_KEYS, "state", *WRAPPERS)
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "backbone.")
"""What the names begin with in files of torch.nn.DataParallel, torch.compile and common training programs."""
BOOKKEEPING = ("total_ops", "total_params", "n_averaged")
"""Tensors that programs for counting and averaging leave in a network, by the last part of their names."""
_DEPTH = 6

Views = dict[str, View]


def find_state(source: Source, tree: object, asked: str | None = None) -> tuple[Views, list[str]]:
    """The tensors of the network by name, in the order of the file, and sentences on what was done.

    `asked` is the key that they are to be taken from, with dots where it is below others.

    Raises:
        UserError: there is no state dict, there are several and nothing says which, or none under the key asked for.
    """
    notes: list[str] = []
    if asked is not None:
        tree = _below(source, tree, asked)
        notes.append(f"The weights were taken from '{shown(asked)}', as was said.")
    for _ in range(_DEPTH):
        key = _wrapper(source, tree, WRAPPERS)
        if key is None or not isinstance(tree, dict):
            break
        others = [str(other) for other in tree if other not in (key, *MASK_KEYS)]
        states = [other for other in others if _holds(tree.get(other), WRAPPERS, _DEPTH)]
        left = f"; left out: {listed(others)}" if others else ""
        more = f"; {listed(states)} can be taken by --key" if states else ""
        notes.append(f"The weights were taken from '{key}'{left}{more}.")
        tree = tree[key]
    if not _has_tensors(tree):
        raise none_found(source, tree)
    state = {key: value for key, value in tree.items() if isinstance(key, str) and isinstance(value, View)}
    if len(state) > MAX_TENSORS:
        raise source.error(f"it holds {len(state)} tensors, more than any network has", SAVE_AGAIN)
    notes += _left_out([str(key) for key in tree if key not in state], "which are no tensors")
    counted = [name for name in state if name.rpartition(".")[2] in BOOKKEEPING]
    notes += _left_out(counted, "which only count")
    return {name: view for name, view in state.items() if name not in counted}, notes


def _left_out(names: list[str], why: str) -> list[str]:
    return [f"Left out: {listed(names)}, {why}."] if names else []


def _has_tensors(tree: object) -> TypeGuard[dict[object, object]]:
    return isinstance(tree, dict) and any(isinstance(k, str) and isinstance(v, View) for k, v in tree.items())


def _below(source: Source, tree: object, asked: str) -> object:
    """What is under a key, or under keys with dots between them."""
    if isinstance(tree, dict):
        if asked in tree:
            return tree[asked]
        for key in tree:
            if isinstance(key, str) and asked.startswith(f"{key}."):
                return _below(source, tree[key], asked.removeprefix(f"{key}."))
    keys = [str(key) for key in tree] if isinstance(tree, dict) else []
    raise source.error(f"it has nothing under '{shown(asked)}'", f"give another --key ({listed(keys, 8) or 'none'})")


def _wrapper(source: Source, tree: object, wrappers: tuple[str, ...]) -> str | None:
    """The key below which the state dict is; None when it is not below any."""
    if not isinstance(tree, dict):
        return None
    for key in wrappers:
        if _holds(tree.get(key), wrappers, _DEPTH):
            return key
    if _has_tensors(tree):
        return None
    below = [key for key, value in tree.items() if isinstance(key, str) and _has_tensors(value)]
    if len(below) > 1:
        raise source.error(
            f"it has several state dicts ({listed(below, 8)})", f"say which is meant, such as --key {shown(below[0])}"
        )
    return below[0] if below else None


def _holds(tree: object, wrappers: tuple[str, ...], depth: int) -> bool:
    if not isinstance(tree, dict) or depth == 0:
        return False
    return _has_tensors(tree) or any(_holds(tree.get(key), wrappers, depth - 1) for key in wrappers)


def none_found(source: Source, tree: object) -> UserError:
    """The sentence for a file that can be read but in which no tensors have names."""
    kinds = {View: "a single tensor", list: "a list", tuple: "a tuple", str: "text", bytes: "bytes"}
    what = next((text for kind, text in kinds.items() if isinstance(tree, kind)), "a single value")
    if isinstance(tree, dict):
        names = [str(key) for key in tree]
        what = f"a dictionary of {listed(names)}" if names else "an empty dictionary"
    return source.error(
        f"it holds no state dict, which names parameters and gives their tensors, but {what}",
        'write one with torch.save(model.state_dict(), "weights.pt")',
    )


def prefix_of(names: Collection[str]) -> str:
    """What all of these names begin with of the known prefixes, in whatever order and however often."""
    prefix = ""
    while names:
        step = next((p for p in PREFIXES if all(name.startswith(prefix + p) for name in names)), None)
        if step is None or any(name == prefix + step for name in names):
            break
        prefix += step
    return prefix


def without_prefix(state: Views, notes: list[str], beside: Callable[[str], bool]) -> Views:
    """The same tensors by names without the prefixes that all of them share; a sentence is added to `notes`.

    Those that are `beside` the weights, such as masks, need not have the prefix.
    """
    prefix = prefix_of([name for name in state if not beside(name)] or state)
    found = {name.removeprefix(prefix): view for name, view in state.items()}
    if not prefix or len(found) < len(state):
        return state
    notes.append(f"The prefix '{prefix}' of all names was removed.")
    return found
