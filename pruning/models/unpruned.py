"""What pruning leaves alone in a network: parameters that are no prunable weights, their share, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn
from torch.nn.utils import parametrize

from pruning.errors import few
from pruning.models.counting import multiply_adds
from pruning.models.folding import folded
from pruning.models.inspection import Shape, prunable

EMBEDDING, PARAMETRISED, ADDED = "an embedding", "what a weight is computed from", "added, not multiplied"
BARE = "multiplied by the network itself, in no layer"


@dataclass(frozen=True)
class LeftOut:
    """A parameter that is not pruned: its name, why, its size, and the multiply-adds for one image that it costs."""

    name: str
    why: str
    size: int
    macs: float


@dataclass(frozen=True)
class Coverage:
    """How much of a network can be pruned.

    Attributes:
        parameters: of the network; prunable: of these, those that can be pruned.
        macs: multiply-adds for one image; prunable_macs: of these, those with a prunable weight.
        products: those of activations with one another, as in attention.
        left_out: parameters of two or more dimensions that are not pruned, the costliest first. Biases, normalisation
            and other vectors stay too and are not listed.
        folded: the weights that were parametrised (see `pruning.models.folding`).
    """

    parameters: int
    prunable: int
    macs: float
    prunable_macs: float
    products: float
    left_out: tuple[LeftOut, ...]
    folded: tuple[str, ...]


def coverage(model: nn.Module, shape: Shape) -> Coverage:
    """What of a network for images of `shape` (C, H, W) can be pruned, and what cannot."""
    macs, weights = multiply_adds(model, shape), prunable(model)
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    found = [
        LeftOut(name, _why(model, name, macs), sizes[name], macs.get(name, 0.0))
        for name, parameter in model.named_parameters()
        if name not in weights and (name in macs or sum(size > 1 for size in parameter.shape) > 1)
    ]
    return Coverage(
        parameters=sum(sizes.values()),
        prunable=sum(weight.numel() for weight in weights.values()),
        macs=sum(macs.values()),
        prunable_macs=sum(count for name, count in macs.items() if name in weights),
        products=macs.get("", 0.0),
        left_out=tuple(sorted(found, key=lambda each: (-each.macs, -each.size))),
        folded=folded(model),
    )


def _why(model: nn.Module, name: str, macs: Mapping[str, float]) -> str:
    module = model.get_submodule(name.rpartition(".")[0])
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return EMBEDDING
    if isinstance(module, parametrize.ParametrizationList):
        return PARAMETRISED
    return BARE if name in macs else ADDED


def in_words(found: Coverage) -> list[str]:
    """Sentences on what can be pruned and what cannot."""
    able = f"{found.prunable:,} of {found.parameters:,} parameters can be pruned"
    return [f"{able}: {shares_in_words(found)}.", *left_out_in_words(found)]


def shares_in_words(found: Coverage) -> str:
    """The share of what can be pruned, as part of a sentence."""
    able, cost = _share(found.prunable, found.parameters), _share(found.prunable_macs, found.macs)
    return f"{able} of the parameters, {cost} of the multiply-adds"


def left_out_in_words(found: Coverage) -> list[str]:
    """Sentences on what cannot be pruned, none where there is nothing but biases and normalisation."""
    lines = []
    groups: dict[tuple[str, str], list[LeftOut]] = {}
    for each in found.left_out:
        groups.setdefault((each.name.rpartition(".")[2], each.why), []).append(each)
    if groups:
        lines.append("Not pruned: " + "; ".join(_group(group, found) for group in groups.values()) + ".")
    if found.products:
        lines.append(f"Products of activations are {_share(found.products, found.macs)} of the multiply-adds.")
    if found.folded:
        lines.append(f"Parametrised weights are folded, so pruned and trained as plain ones: {few(found.folded)}.")
    return lines


def _group(group: list[LeftOut], found: Coverage) -> str:
    size, macs = sum(each.size for each in group), sum(each.macs for each in group)
    cost = f", {_share(macs, found.macs)} of the multiply-adds" if macs else ""
    name = group[0].name if len(group) == 1 else f"{len(group)} like {group[0].name}"
    return f"{name} ({group[0].why}; {_share(size, found.parameters)} of the parameters{cost})"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "0 %"
