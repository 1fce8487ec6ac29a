"""Criteria on a network that is at hand: scores of its weights, and masks."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatch
from inspect import signature
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from pruning.allocation import ALLOCATIONS
from pruning.criteria import CRITERIA, Context, Criterion, Scores
from pruning.criteria.batches import Batches
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.errors import UserError, nearest
from pruning.granularity import Granularity, get_granularity
from pruning.library.arguments import fraction, input_shape, names, whole_number
from pruning.library.copies import copied
from pruning.library.labelled import check_classes, labelled_batches
from pruning.library.logits import try_out
from pruning.library.mask_forms import masks_in
from pruning.library.pruned import Pruned
from pruning.masks import Masks, full_masks
from pruning.models import count_macs, prunable, remember
from pruning.models.classifier import NONE
from pruning.models.trial import first_weight
from pruning.training.precision import settled
from pruning.training.seeds import generator
from pruning.validation import Options, checked

IMAGES = 1000
Chosen = str | Criterion | Callable[[nn.Module, Context], Scores]
"""A criterion: its name, itself, or its function."""


STUDIES = {"structure": "granularity", "scope": "exclude", "prune_classifier": "classifier", "method": "criterion"}
"""What studies call an argument."""


@dataclass
class _Without(Context):
    """A context in which some weights are not there."""

    exclude: Collection[str] = ()

    def weights(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The weights of `model` to be scored, by name."""
        found = prunable(model, self.classifier, self.scope)
        return {name: weight for name, weight in found.items() if not _is_among(name, self.exclude)}


def score(
    network: nn.Module,
    criterion: Chosen,
    data: Any = None,
    *,
    shape: tuple[int, ...] | None = None,
    images: int | None = IMAGES,
    exclude: str | Iterable[str] = (),
    classifier: bool | str = True,
    seed: int = 0,
    **options: Any,
) -> dict[str, Tensor]:
    """Score the weights of a network; the higher are kept first. Arguments and errors as for `prune`.

    Returns a tensor of the weight's shape for each prunable weight, by name. The network is left as it was.
    """
    chosen = _criterion(criterion)
    own = _of_criterion(chosen, options, score)
    model, context = _set_up(network, chosen, data, shape, images, exclude, classifier, seed, own)
    with _settled(model, context):
        return chosen.score(model, context)


def prune(
    network: nn.Module,
    criterion: Chosen = "magnitude",
    sparsity: float | None = None,
    data: Any = None,
    *,
    allocation: str | None = None,
    granularity: str | Granularity = "weight",
    rounds: int | None = None,
    shape: tuple[int, ...] | None = None,
    images: int | None = IMAGES,
    exclude: str | Iterable[str] = (),
    classifier: bool | str = True,
    seed: int = 0,
    ties: bool = False,
    **options: Any,
) -> Pruned:
    """Choose the weights of a network to keep. The network is left as it was; `Pruned.apply` prunes it.

    Args:
        network: any, in any mode, on any device. Weights under `torch.nn.utils.prune` or another parametrisation
            are taken as they are multiplied; what these masks remove stays removed.
        criterion: the name of one of `pruning.criteria.CRITERIA`, such as "snip", a `Criterion`, or
            a function (network, context) -> {parameter: scores}; see `pruning.criteria.Context`.
        sparsity: fraction of the prunable weights to remove, in [0, 1); left out where N:M decides it.
        data: for criteria that look at some: an iterable of (inputs, labels), such as a DataLoader, or one pair of
            tensors. Inputs are as the network takes them, of any floating type. Of a `Dataset` the training images.
        allocation: how the sparsity is shared out over layers; see `pruning.allocation.ALLOCATIONS`. None: as the
            criterion's paper does, which is "global" for most.
        granularity: what goes as one piece: "weight", "channel", "head", "2:4", ...; see `pruning.masks.make_masks`.
        rounds: how often to score and prune until the sparsity is reached; None: the criterion's (SynFlow 100).
        shape: of one input without the batch, for criteria that need no data but run the network; found out where it
            is left out.
        images: how many of the data are looked at, the first ones; None: all.
        exclude: names or patterns (`*` as in file names) of layers or parameters that stay whole.
        classifier: False: the classifier stays whole too; it is found by running the network, or is the layer named.
        seed: of what is drawn.
        ties: whether a seeded draw decides among equal scores; else scores that say nothing of a layer are refused.
        options: those of the criterion and of the allocation, by name.

    Raises:
        UserError: a name or an option is unknown, data are missing or no such pairs, a label names no class, the
            network gives several tensors of which none is called logits, scores are not finite or say nothing, or more
            is to go than can.
    """
    chosen, pieces = _criterion(criterion), get_granularity(granularity)
    allocation = chosen.allocation if allocation is None else allocation
    shared = ALLOCATIONS.get_known(allocation)
    if sparsity is None:
        sparsity = pieces.fixed_sparsity
    if sparsity is None:
        raise UserError("Say how much is to go: `sparsity=0.9` removes nine tenths of the prunable weights.")
    sparsity, rounds = fraction(sparsity, "sparsity"), whole_number(rounds, "rounds")
    if not isinstance(ties, bool):
        raise UserError(f"`ties` is True or False, whether a seeded draw decides among equal scores, and not {ties!r}.")
    mine = {key: value for key, value in options.items() if key in shared.options.model_fields}
    rest = {key: value for key, value in options.items() if key not in mine}
    own = _of_criterion(chosen, rest, prune)
    model, context = _set_up(network, chosen, data, shape, images, exclude, classifier, seed, own)
    context.structure, context.masks = pieces, _came_with(network, context.weights(model))
    cut = Cut(
        sparsity=sparsity,
        allocation=allocation,
        options=_own(shared.options, mine, f"allocation '{allocation}'"),
        rounds=rounds,
        ties=generator(seed, "ties") if ties else None,
    )
    with _settled(model, context):
        masks: Masks = cut_by_score(model, chosen, context, cut)
    how = f"{chosen.label}, {100 * sparsity:g} % removed, {pieces.name if pieces.name != 'weight' else allocation}"
    return Pruned(masks, how)


def _came_with(network: nn.Module, weights: Mapping[str, Tensor]) -> Masks | None:
    """The masks in force on a network, of all its weights; None where there are none."""
    there = {name: mask.to(weights[name].device) for name, mask in masks_in(network).items() if name in weights}
    return full_masks(weights) | there if there else None


def _settled(model: nn.Module, context: Context) -> AbstractContextManager[None]:
    """What a network is scored under: as many threads as finders take, which other work on the machine slows less."""
    if isinstance(context.batches, _NoInput):
        return nullcontext()
    return settled(count_macs(model, tuple(context.batches[0][0].shape[1:])))  # type: ignore[arg-type]  # any inputs


def _criterion(criterion: Chosen) -> Criterion:
    if isinstance(criterion, Criterion):
        return criterion
    if isinstance(criterion, str):
        return CRITERIA.get_known(criterion)
    if not callable(criterion):
        raise UserError(f"A criterion is a name, a Criterion or a function, not {type(criterion).__name__}.")
    name = getattr(criterion, "__name__", type(criterion).__name__)
    return Criterion(name, name, "", criterion, needs_data=False)


def _of_criterion(criterion: Criterion, given: dict[str, Any], function: Callable[..., Any]) -> Options:
    """The criterion's options. Raises UserError, for what is neither one nor an argument with what may be meant."""
    arguments = [name for name in signature(function).parameters if name != "options"]
    for key in given:
        guess = STUDIES.get(key) or nearest(key, arguments)
        if key not in criterion.options.model_fields and guess in arguments:
            raise UserError(f"`{function.__name__}` has no argument '{key}'. Did you mean '{guess}'?")
    return _own(criterion.options, given, f"criterion '{criterion.name}'")


def _own(options: type[Options], given: dict[str, Any], whose: str) -> Options:
    try:
        return checked(options, given)
    except UserError as error:
        raise UserError(f"Of the {whose}: {error}") from None


def _set_up(
    network: nn.Module,
    criterion: Criterion,
    data: Any,
    shape: tuple[int, ...] | None,
    images: int | None,
    exclude: str | Iterable[str],
    classifier: bool | str,
    seed: int,
    options: Options,
) -> tuple[nn.Module, _Without]:
    """A copy of the network that may be changed, and what its weights are scored in."""
    images, shape = whole_number(images, "images"), input_shape(shape)
    if not isinstance(classifier, bool | str):
        raise UserError(f"`classifier` is True or False, or the name of a layer, and not {classifier!r}.")
    if not isinstance(seed, Integral):
        raise UserError(f"`seed` is a whole number, and not {seed!r}.")
    model = copied(network)
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    first = first_weight(model)
    batches = _batches(model, criterion, data, shape, images, first)
    named = classifier if isinstance(classifier, str) else None
    if not isinstance(batches, _NoInput):
        remember(model, tuple(batches[0][0].shape[1:]), named)
    left_out = names(() if exclude is None else exclude, "exclude")
    context = _Without(
        batches=batches,
        generator=generator(seed, "criterion", criterion.name),
        classifier=classifier is True or named == NONE,
        options=options,
        exclude=left_out,
    )
    _check_left_out(model, left_out)
    if not context.weights(model):
        raise UserError("There is nothing to prune: the network has no weights of layers but those that are excluded.")
    return model, context


def _batches(
    model: nn.Module, criterion: Criterion, data: Any, shape: tuple[int, ...] | None, images: int | None, first: Tensor
) -> Batches:
    if data is not None:
        batches = labelled_batches(data, images, first.device, dtype=first.dtype)
        tried = try_out(model, tuple(batches[0][0].shape[1:]))
        for _, labels in batches if criterion.needs_data else ():  # a function may look at inputs alone
            check_classes(labels, tried.classes)
        return batches
    if criterion.needs_data:
        raise UserError(f"{criterion.label} looks at data; give some, as `data=loader` or `data=(inputs, labels)`.")
    try:
        size = try_out(model, shape).shape
    except UserError as error:
        if shape is not None:
            raise
        return _NoInput(error)
    return [(torch.zeros(1, *size, device=first.device, dtype=first.dtype), torch.zeros(1, dtype=torch.long))]


class _NoInput(Batches):
    """Batches for criteria that look at weights alone; one that looks at inputs raises the error."""

    def __init__(self, error: UserError) -> None:
        self.error = error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: Any) -> Any:
        raise self.error


def _is_among(name: str, patterns: Collection[str]) -> bool:
    """Whether a parameter, or a layer that it lies in, is named."""
    parts = name.split(".")
    return any(fnmatch(".".join(parts[:end]), pattern) for pattern in patterns for end in range(1, len(parts) + 1))


def _check_left_out(model: nn.Module, patterns: Collection[str]) -> None:
    for pattern in patterns:
        if not any(_is_among(name, (pattern,)) for name, _ in model.named_parameters()):
            layers = [name for name, module in model.named_modules() if name and not list(module.children())]
            raise UserError(
                f"`exclude` names '{pattern}', which is no layer of the network; it has {', '.join(layers)}."
            )
