"""Which tensor of a state dict is which of a known network."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.models import skeleton
from pruning.recognition.alignment import Ambiguous, align
from pruning.recognition.layers import COUNTER, Layer, Shape, is_beside, layers, plain_shape


@dataclass(frozen=True)
class Match:
    """A state dict recognised as `model`.

    Attributes:
        model: the network's name.
        pairs: names of tensors, (theirs, ours), in our order.
        unused: tensors of theirs that are no part of the network.
        defaulted: tensors of ours that they lack and that are zero without loss: counters of batches, and biases of
            layers without one.
        exact: whether the names agreed.
        forms: shape and type of every tensor of ours.
    """

    model: str
    pairs: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]
    defaulted: tuple[str, ...]
    exact: bool
    forms: Mapping[str, tuple[Shape, torch.dtype]] = field(repr=False, compare=False, default_factory=dict)

    def apply(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A full state dict of our model from theirs."""
        found = self.rename(state)
        return {
            name: found[name] if name in found else torch.zeros(size, dtype=dtype)
            for name, (size, dtype) in self.forms.items()
        }

    def rename(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of `tensors` (weights, or masks named like them) that have a place, under our names and shapes."""
        return {ours: tensors[theirs].reshape(self.forms[ours][0]) for theirs, ours in self.pairs if theirs in tensors}


def match(state: Mapping[str, Tensor], model: str, num_classes: int, shape: tuple[int, int, int]) -> Match:
    """Recognises `state` as the network `model` for images of `shape` (C, H, W).

    Names first; where they do not agree, shapes in order decide, and names where that is not enough (`alignment`).

    Raises:
        UserError: what does not fit, or that several ways fit.
    """
    ours = skeleton(model, num_classes, shape).state_dict()
    forms = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in ours.items()}
    theirs = {name: tensor for name, tensor in state.items() if name in ours or not is_beside(name, tensor)}
    pairs = _by_name(theirs, ours)
    exact = pairs is not None
    if pairs is None:
        pairs = _flat(theirs, ours) or _by_layers(theirs, ours, num_classes, model)
    taken, filled = {name for name, _ in pairs}, {name for _, name in pairs}
    lacking = [name for name in ours if name not in filled]
    for mine, yours in pairs:
        if theirs[mine].is_floating_point() != ours[yours].is_floating_point():
            raise UserError(
                f"The tensor '{mine}' of the checkpoint is {theirs[mine].dtype}, which '{model}' cannot use."
            )
    order = {name: place for place, name in enumerate(ours)}
    return Match(
        model,
        tuple(sorted(pairs, key=lambda pair: order[pair[1]])),
        tuple(name for name in state if name not in taken),
        tuple(lacking),
        exact,
        forms,
    )


def _by_name(theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> list[tuple[str, str]] | None:
    """Pairs of equal names, if nothing else is left over than what can be defaulted."""
    if any(name not in ours or plain_shape(ours[name].shape) != plain_shape(t.shape) for name, t in theirs.items()):
        return None
    if any(name not in theirs and not name.endswith((COUNTER, ".bias")) for name in ours):
        return None
    if any(name not in theirs and name.endswith(".bias") and _belongs_to_norm(name, ours) for name in ours):
        return None
    return [(name, name) for name in ours if name in theirs]


def _belongs_to_norm(bias: str, tensors: Mapping[str, Tensor]) -> bool:
    weight = tensors.get(bias.removesuffix("bias") + "weight")
    return weight is None or weight.ndim < 2


def _flat(theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> list[tuple[str, str]] | None:
    """Pairs in order where the names say nothing of weight and bias and all shapes agree one by one."""
    if any(set(layer.tensors) - {"value"} for layer in layers(theirs)):
        return None
    for left_out in ((), (COUNTER,)):
        wanted = [name for name in ours if not name.endswith(left_out or "\n")]
        if [plain_shape(t.shape) for t in theirs.values()] == [plain_shape(ours[name].shape) for name in wanted]:
            pairs = list(zip(theirs, wanted, strict=True))
            if all(bool((theirs[a] >= 0).all()) for a, b in pairs if b.endswith("running_var")):
                return pairs
    return None


def _by_layers(
    theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor], num_classes: int, model: str
) -> list[tuple[str, str]]:
    mine, yours = layers(theirs), layers(ours)
    for bias in (True, False):
        if Counter(layer.signature(bias) for layer in mine) == Counter(layer.signature(bias) for layer in yours):
            break
    else:
        raise misfit(mine, yours, num_classes, model)
    try:
        found = align(mine, yours, bias)
    except Ambiguous as error:
        names = ", ".join(f"'{layer.name}'" for layer in error.ours[:4]) + (", ..." if len(error.ours) > 4 else "")
        raise UserError(
            f"The checkpoint has the shapes of '{model}', but its layer '{error.theirs.name}' could be any of {names}; "
            "rename its tensors, or give the network itself with --model path/to/file.py:factory."
        ) from None
    for their, our in found:
        for role in set(their.tensors) - set(our.tensors) - {COUNTER}:
            raise UserError(f"The tensor '{their.tensors[role]}' of the checkpoint has no place in '{model}'.")
    return [
        (their.tensors[role], our.tensors[role])
        for their, our in found
        for role in our.tensors
        if role in their.tensors
    ]


def _without_statistics(layer: Layer) -> Layer:
    """A layer as a list of its parameters alone has it."""
    left = {COUNTER, "running_mean", "running_var"}
    return Layer(
        layer.name,
        {role: name for role, name in layer.tensors.items() if role not in left},
        {role: shape for role, shape in layer.shapes.items() if role not in left},
    )


def misfit(mine: list[Layer], yours: list[Layer], num_classes: int, model: str) -> UserError:
    """Says what does not fit: the classes, the channels of the images, or the first layer without a counterpart."""
    surplus, lacking = _without(mine, yours), _without(yours, mine)
    if without := sum("running_mean" in layer.tensors for layer in lacking):
        bare = [_without_statistics(layer) for layer in yours]
        if Counter(layer.signature() for layer in mine) == Counter(layer.signature() for layer in bare):
            return UserError(
                f"The checkpoint has the parameters of '{model}', but not the running statistics of its {without} "
                "batch norms; save `model.state_dict()`, which holds them, and not `named_parameters()`."
            )
    first = next((layer for layer in yours if len(layer.shapes.get("weight", ())) == 4), None)
    for layer in surplus:
        weight = layer.shapes.get("weight", ())
        for our in lacking:
            wanted = our.shapes.get("weight", ())
            if wanted[:1] == (num_classes,) and weight[1:] == wanted[1:] and weight[:1] != wanted[:1]:
                return wrong_classes(weight[0], wanted[0])
            if our is first and len(weight) == 4 and weight[2:] == wanted[2:] and weight[0] == wanted[0]:
                return wrong_channels(weight[1], wanted[1])
    if surplus:
        layer = surplus[0]
        role = "weight" if "weight" in layer.tensors else next(iter(layer.tensors))
        return UserError(
            f"The checkpoint is no '{model}': nothing there has the shape {list(layer.shapes[role])} "
            f"of its tensor '{layer.tensors[role]}' as often."
        )
    layer = lacking[0]
    role = "weight" if "weight" in layer.tensors else next(iter(layer.tensors))
    return UserError(
        f"The checkpoint is no '{model}': it lacks what is '{layer.tensors[role]}' {list(layer.shapes[role])} there."
    )


def _without(layers_: list[Layer], others: list[Layer]) -> list[Layer]:
    """The layers whose shapes occur more often than among the others."""
    left = Counter(layer.signature(bias=False) for layer in others)
    found = []
    for layer in layers_:
        signature = layer.signature(bias=False)
        left[signature] -= 1
        if left[signature] < 0:
            found.append(layer)
    return found or [layer for layer in layers_ if layer.signature() not in {o.signature() for o in others}]


def wrong_classes(theirs: int, ours: int) -> UserError:
    """The error for another number of classes."""
    return UserError(
        f"The checkpoint is for {theirs} classes, the data set has {ours}; take the data it was trained on."
    )


def wrong_channels(theirs: int, ours: int) -> UserError:
    """The error for another number of channels."""
    return UserError(
        f"The checkpoint reads images of {theirs} channel{'' if theirs == 1 else 's'}, the data set has {ours}; "
        "take the data it was trained on."
    )


def report(found: Match) -> list[str]:
    """What was matched to what: a count of the names that agree, then `theirs -> ours`, a line a layer."""
    equal = sum(theirs == ours for theirs, ours in found.pairs)
    lines = [f"{equal} of {len(found.pairs)} tensors have the same names in '{found.model}'."]
    renamed = dict.fromkeys(
        (_stem(theirs), _stem(ours)) if _leaf(theirs) == _leaf(ours) else (theirs, ours)
        for theirs, ours in found.pairs
        if theirs != ours
    )
    lines += [f"{theirs} -> {ours}" for theirs, ours in renamed]
    if found.unused:
        lines.append(f"Not used: {_grouped(found.unused)}.")
    if found.defaulted:
        lines.append(f"Not in the checkpoint, so zero: {_shortened(found.defaulted)}.")
    return lines


def _grouped(names: tuple[str, ...]) -> str:
    """Names, those of one part of a network as one where they are many."""
    counts = Counter(name.partition(".")[0] for name in names)
    shown = dict.fromkeys(name if counts[name.partition(".")[0]] <= 4 else name.partition(".")[0] for name in names)
    return ", ".join(f"{name}.* ({counts[name]} tensors)" if counts[name] > 4 else name for name in shown)


def refuse_negative_variances(found: Match, state: Mapping[str, Tensor]) -> None:
    """Raise UserError for running variances below zero, of which a network makes NaN."""
    for mine, yours in found.pairs:
        negative = int((state[mine] < 0).sum()) if yours.endswith("running_var") else 0
        if negative:
            raise UserError(
                f"The tensor '{mine}' of the checkpoint is the running variance of a batch norm, and {negative} of its "
                f"{state[mine].numel()} values are negative; it is damaged or was mixed up with another, so give the "
                "checkpoint as it was saved."
            )


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _leaf(name: str) -> str:
    return name.rpartition(".")[2] if "." in name else ""


def _shortened(names: tuple[str, ...]) -> str:
    counters = sum(name.endswith(COUNTER) for name in names)
    others = [name for name in names if not name.endswith(COUNTER)]
    return ", ".join(others + ([f"{counters} counters of batches"] if counters else []))
