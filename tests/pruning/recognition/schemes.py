"""Other ways in which the same network's tensors are named and listed."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby

import torch
from torch import Tensor

from pruning.models import skeleton

State = dict[str, Tensor]
Keys = dict[str, str]  # theirs -> ours, in their order

SHORTCUT = ("shortcut", "Shortcut", "downsample")


def hollow(name: str, num_classes: int = 10, shape: tuple[int, int, int] = (3, 32, 32)) -> State:
    """A network's state dict whose tensors were never filled: every one of them its own piece of memory."""
    network = skeleton(name, num_classes, shape)
    return {key: torch.empty(value.shape, dtype=value.dtype) for key, value in network.state_dict().items()}


def synonyms(keys: list[str]) -> Keys:
    """Other usual words."""
    table = (("linear.", "fc."), ("shortcut.", "downsample."), ("convShortcut", "skip"), ("classifier.", "head."))
    return {replaced(key, table): key for key in keys}


def from_zero(keys: list[str]) -> Keys:
    """Stages count from 0, blocks have a word of their own, the classifier and the shortcut are called otherwise."""
    table = (("downsample.", "skip."), ("shortcut.", "downsample."), ("fc.", "classifier."), ("linear.", "head.fc."))
    found = {replaced(key, table): key for key in keys}
    for stage in range(1, 5):
        found = {key.replace(f"layer{stage}.", f"stages.{stage - 1}.blocks."): value for key, value in found.items()}
    return found


def arbitrary(keys: list[str]) -> Keys:
    """Names that say nothing, in the same order."""
    return {f"{code(key.rpartition('.')[0])}.{key.rpartition('.')[2]}": key for key in keys}


def bare(keys: list[str]) -> Keys:
    """Not even weight and bias are told apart by name."""
    return {f"t_{code(key)}": key for key in keys}


def shortcut_first(keys: list[str]) -> Keys:
    """Within a block, the shortcut before the convolutions."""
    return {key: key for key in by_block(keys, lambda key: not any(word in key for word in SHORTCUT))}


def norms_last(keys: list[str]) -> Keys:
    """Within a block, the batch norms behind the convolutions."""
    norms = {key.rpartition(".")[0] for key in keys if key.endswith("running_mean")}
    return {key: key for key in by_block(keys, lambda key: key.rpartition(".")[0] in norms)}


def all_norms_last(keys: list[str]) -> Keys:
    """Every batch norm of the network behind every convolution, under names that say nothing."""
    norms = {key.rpartition(".")[0] for key in keys if key.endswith("running_mean")}
    return arbitrary(sorted(keys, key=lambda key: key.rpartition(".")[0] in norms))


def by_name(keys: list[str]) -> Keys:
    """Sorted as some file formats sort them, under usual other words."""
    return dict(sorted(synonyms(keys).items()))


def nameless(scheme: Callable[[list[str]], Keys]) -> Callable[[list[str]], Keys]:
    """A scheme's order under names that say nothing."""
    return lambda keys: arbitrary(list(scheme(keys).values()))


def by_block(keys: list[str], late: Callable[[str], bool]) -> Iterator[str]:
    """The keys, those of a block for which `late` is true behind the others of that block."""
    for block, members in groupby(keys, block_of):
        listed = list(members)
        yield from sorted(listed, key=late) if block else listed


def block_of(key: str) -> str:
    """`layer2.0` of `layer2.0.conv1.weight`; empty outside blocks."""
    parts = key.split(".")
    numbered = [place for place, part in enumerate(parts[:-1]) if part.isdigit()]
    return ".".join(parts[: numbered[0] + 1]) if numbered else ""


def code(text: str) -> str:
    """A name without meaning."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return "x" + digest


def replaced(key: str, table: tuple[tuple[str, str], ...]) -> str:
    """A key with words replaced, each as a whole."""
    for old, new in table:
        if f".{old}" in f".{key}":
            return f".{key}".replace(f".{old}", f".{new}").removeprefix(".")
    return key
