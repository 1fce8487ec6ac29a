"""Files that ask for more than tensors: which classes or functions they want, and what to do about it."""

from pruning.checkpoints.pickle_calls import Name, Opaque
from pruning.checkpoints.pickle_machine import Described
from pruning.checkpoints.pickle_names import is_hostile, is_plain
from pruning.checkpoints.source import Source, listed, shown

SAVE = 'torch.save(model.state_dict(), "weights.pt")'


def refuse_unsafe(source: Source, described: Described) -> None:
    """Raise UserError when a pickle asks for something that is not needed to describe tensors, saying what."""
    foreign = [name for name in described.names if not is_plain(name)]
    hostile = [name for name in foreign if is_hostile(name)]
    network = _network(described.tree)
    if hostile:
        raise source.error(
            f"it asks to run {listed(hostile)} when it is opened, which no file of weights needs",
            "do not open it with torch.load, and get the weights from somebody you trust",
        )
    if network is not None:
        raise source.error(
            f"it holds a whole network of the class {shown(network)} and not only its weights",
            f"in the program that made it run {SAVE} and give weights.pt",
        )
    if foreign:
        where = _place(described.tree, set(foreign))
        raise source.error(
            f"it wants {listed(foreign)}{where}, which are no tensors and might run programs",
            f"in the program that made it run {SAVE} and give weights.pt",
        )


def _network(tree: object) -> str | None:
    """The class of a whole network that is the content, or is under one of its keys; None when there is none."""
    places = [tree] if isinstance(tree, Opaque) else _values(tree, ("model", "net", "state_dict", "module", "ema"))
    for value in places:
        if isinstance(value, Opaque) and not is_plain(value.name) and not is_hostile(value.name):
            return value.name
    return None


def _values(tree: object, keys: tuple[str, ...]) -> list[object]:
    return [tree[key] for key in keys if key in tree] if isinstance(tree, dict) else []


def _place(tree: object, names: set[str]) -> str:
    """Under which key of a dictionary the first of these names is, as part of a sentence."""
    if not isinstance(tree, dict):
        return ""
    for key, value in tree.items():
        if isinstance(key, str) and isinstance(value, Opaque | Name) and value.name in names:
            return f" (under '{shown(key)}')"
    return ""
