"""The logits among what a network gives: alone, in a tuple, a dict or a dataclass, in training mode as in evaluation.

A network with auxiliary heads gives more than its logits, often only while it is trained; a network for another program
gives them with a name. Which they are is found out once, when the network is built, and from then on the network gives
logits alone, so that no other code has to know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from pruning.errors import UserError, few
from pruning.models.blame import blamed

NAMES = ("logits", "out", "output", "outputs", "prediction", "predictions", "main")
"""What logits are called among other tensors, the surest first."""
_WORDS = "_output_words"
CHANCE = ("drop", "stochastic")
"""What modules are called that do something else at every call while a network is trained."""
IMAGES = 2
SMALLEST = 1e-38  # probability: that of float32

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Choice:
    """Where in what a network gives the logits are (keys, names, numbers on the way), and whether as probabilities."""

    path: Path = ()
    probabilities: bool = False

    def of(self, output: Any) -> Tensor:
        """The logits [N, K]."""
        for key in self.path:
            output = output[key] if isinstance(key, int) or isinstance(output, Mapping) else getattr(output, key)
        logits: Tensor = output.flatten(1)
        return logits.clamp_min(SMALLEST).log() if self.probabilities else logits

    @property
    def words(self) -> str:
        """What is taken, for the user."""
        names = ".".join(map(str, self.path))
        place = f"element {names} of " if names.isdigit() else f"'{names}' of " if names else ""
        return (
            f"the logarithm of {place}what it returns, a softmax" if self.probabilities else f"{place}what it returns"
        )


def settle_output(model: nn.Module, name: str, num_classes: int, shape: tuple[int, ...]) -> None:
    """Have a network give its logits [N, K] alone, in evaluation and in training mode; it is left in training mode.

    Args:
        model: the network, as the user's code made it.
        name: what it is called.
        num_classes: K.
        shape: of one image.

    Raises:
        UserError: it cannot read the images, gives no logits, or gives several tensors that may be them.
    """
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    images = torch.randn(IMAGES, *shape, generator=torch.Generator().manual_seed(0))
    size, name = "x".join(map(str, shape)), f"'{name}'"
    try:
        with torch.no_grad(), blamed(f"The network of {name} cannot read images of {size}"):
            given = model.eval()(images)
        evaluation = _chosen(given, name, num_classes)
        with torch.no_grad(), blamed(f"The network of {name} cannot be trained on images of {size}"):
            alike = _without_chance(model)(images)  # first, since training moves the statistics of norms
            trained = model.train()(images)
        training = _like(alike, evaluation.of(given), evaluation.path, num_classes)
        training = training or _chosen(trained, f"{name}, in training mode,", num_classes)
    finally:
        with torch.no_grad():
            for buffer, value in kept:
                buffer.copy_(value)
        model.train()
    if evaluation == training == Choice() and evaluation.of(given) is given:
        return
    _give(model, evaluation, training, name)
    vars(model)[_WORDS] = _sentence(evaluation, training)


def logits_among(given: Any) -> Any:
    """Return the logits among what a network of unknown classes gives: what has their name, or the only matrix.

    What is a tensor, or leaves it open which they are, is returned as it is.
    """
    if isinstance(given, Tensor):
        return given
    matrices = {path: each for path, each in _tensors(given) if each.ndim == 2 and each.is_floating_point()}
    surest = min(matrices, key=_rank, default=None)
    if surest is None or (len(matrices) > 1 and _rank(surest) == len(NAMES)):
        return given
    return matrices[surest]


def the_logits(given: Any, mode: str = "") -> Any:
    """Return what `logits_among` does; `mode` says in which the network is, for the sentence.

    Raises:
        UserError: there are tensors, and nothing says which of them are the logits.
    """
    logits = logits_among(given)
    found = {} if isinstance(logits, Tensor) else dict(_tensors(logits))
    if found:
        shapes = few([str(list(each.shape)) for each in found.values()])
        raise UserError(
            f"The network{mode} gives a {type(logits).__name__} of tensors {shapes}, and nothing says which are the "
            "logits; have it return these alone, or a dict in which they are called 'logits'."
        )
    return logits


def output_words(model: nn.Module) -> str:
    """A sentence on how the logits are taken from what the network gives; '' where it gives them alone."""
    words: str = vars(model).get(_WORDS, "")
    return words


def _sentence(evaluation: Choice, training: Choice) -> str:
    if evaluation == training:
        return f"The network's logits are {evaluation.words}."
    modes = f"{evaluation.words} in evaluation mode, and {training.words} in training mode"
    return f"The network's logits are {modes}; the loss is that of the logits alone."


def _give(model: nn.Module, evaluation: Choice, training: Choice, name: str) -> None:
    """Make the network's class one whose forward pass gives the logits; parameters and modules keep their names."""
    own = type(model)

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return (training if self.training else evaluation).of(own.forward(self, x))

    try:
        model.__class__ = type(own.__name__, (own,), {"forward": forward, "__module__": own.__module__})
    except TypeError:
        raise UserError(
            f"The network of {name} gives more than logits, and its class cannot be changed; have it return the "
            "logits alone."
        ) from None


def _chosen(given: Any, name: str, classes: int) -> Choice:
    """Where the logits are, by being the only tensor of their shape or by a name."""
    found = _candidates(given, classes)
    if found:
        path = min(found, key=_rank)
        if len(found) == 1 or _rank(path) < len(NAMES):
            return Choice(path, _is_softmax(found[path]))
        places = few([".".join(map(str, path)) for path in found])
        raise UserError(
            f"The network of {name} gives {len(found)} tensors of the shape of logits, [{IMAGES}, {classes}] for "
            f"{IMAGES} images (at {places}), and nothing says which they are; return the logits alone, or a dict in "
            "which they are called 'logits'."
        )
    if isinstance(given, Tensor):
        raise UserError(
            f"The network of {name} gives {list(given.shape)} for {IMAGES} images, but the data set has {classes} "
            f"classes, so it should be [{IMAGES}, {classes}]."
        )
    raise UserError(
        f"The network of {name} gives a {type(given).__name__}, not a tensor of logits, and none in it is "
        f"[{IMAGES}, {classes}] for {IMAGES} images of {classes} classes."
    )


def _like(given: Any, logits: Tensor, place: Path, classes: int) -> Choice | None:
    """The choice that gives the logits of evaluation mode, up to a number an image; None where none does.

    Of several, the one at the same place or with a name.
    """
    wanted = logits.log_softmax(dim=1)
    found = [Choice(path, _is_softmax(value)) for path, value in _candidates(given, classes).items()]
    alike = [c for c in found if torch.allclose(c.of(given).log_softmax(dim=1), wanted, rtol=1e-4, atol=1e-5)]
    return min(alike, key=lambda choice: (choice.path != place, _rank(choice.path)), default=None)


def _rank(path: Path) -> int:
    """The place of a name among `NAMES`, the lower the surer."""
    return NAMES.index(path[-1]) if path and path[-1] in NAMES else len(NAMES)


def _without_chance(model: nn.Module) -> nn.Module:
    """The network in training mode, but for norms and dropout: then it computes what evaluation computes, if alike."""
    model.train()
    for module in model.modules():
        if isinstance(module, _NormBase) or any(word in type(module).__name__.lower() for word in CHANCE):
            module.eval()
    return model


def _candidates(given: Any, classes: int) -> dict[Path, Tensor]:
    """All tensors that may be logits, [N, K] (or [N, K, 1, 1]), by where they are."""
    return {
        path: value
        for path, value in _tensors(given)
        if value.shape[:2] == (IMAGES, classes) and value.numel() == IMAGES * classes and value.is_floating_point()
    }


def _tensors(given: Any, path: Path = ()) -> Iterator[tuple[Path, Tensor]]:
    if isinstance(given, Tensor):
        yield path, given
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from _tensors(value, (*path, key))
    elif isinstance(given, (list, tuple)):
        names = getattr(given, "_fields", range(len(given)))
        for key, value in zip(names, given, strict=True):
            yield from _tensors(value, (*path, key))
    elif is_dataclass(given):
        for each in fields(given):
            yield from _tensors(getattr(given, each.name), (*path, each.name))
    elif isinstance(getattr(given, "logits", None), Tensor):
        yield (*path, "logits"), given.logits


def _is_softmax(values: Tensor) -> bool:
    """Whether every row is a distribution."""
    rows = values.flatten(1)
    return bool((rows >= 0).all()) and bool(((rows.sum(dim=1) - 1).abs() < 1e-4).all())
