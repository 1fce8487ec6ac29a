"""The classifier: the linear map whose output is the logits. It is found by running the network.

Every linear map with as many outputs as there are classes is put to the test at once: random numbers take the place of
what it gives, each map having its own. The classifier is the one whose numbers come out as the logits: as they are, or
scaled, shifted, averaged over positions, softmaxed. No order of layers, no name, no value of a weight has a say in it,
so that an auxiliary head, a gate or a projection that is registered later is not taken for it, and a head that starts
at zero is found as well.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.linear_maps import LinearCalls, LinearMap, Place
from pruning.models.logit_relations import Relation, relation_of
from pruning.models.modes import evaluating
from pruning.models.trial import CannotRun, Shape, on_trial

NONE = "none"  # what a user says in place of a name where there is no classifier
LEFT_OUT = "angles, lengths, margins and maps of the features are left out"
_FOUND, _SHAPE, _NAMED = "_classifier_found", "_classifier_shape", "_classifier_named"


class NoClassifier(UserError):
    """The network has no linear classifier, or none that can be told."""


@dataclass(frozen=True)
class Classifier:
    """The linear map whose output is the logits.

    Attributes:
        name: that of its module, or of its parameter where it is none.
        weight: the parameter that its rows are in, as in the state dict; '' where that cannot be told.
        place: where it is called; None where only its name is known, from the user.
        classes, width: K logits of D features.
        relation: what becomes of its output until it is the logits.
        images: which dimension of its input counts the images.
        cosine: whether features and class directions are brought to length 1 first.
    """

    name: str
    weight: str
    place: Place | None
    classes: int
    width: int
    relation: Relation
    images: int = 0
    cosine: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether the logits are linear in the features, up to a number that all logits of an image share."""
        return self.place is not None and self.relation.is_linear

    @property
    def words(self) -> str:
        """A sentence for the user."""
        what = f"The classifier is '{self.name}' ({self.classes} classes, {self.width} features)"
        if self.place is None:
            return f"{what}, as was said; the logits are no linear map of its input, so {LEFT_OUT}."
        cosine = ", of features and class directions of length 1 (a cosine head)" if self.cosine else ""
        end = "" if self.is_linear else f"; they are not linear in the features, so {LEFT_OUT}"
        return f"{what}, found by running the network: {self.relation.words}{cosine}{end}."


def remember(model: nn.Module, shape: Shape, named: str | None = None) -> None:
    """Note on a network what it is run on to find its classifier, and what the user calls that.

    Args:
        model: the network.
        shape: of one image, (C, H, W).
        named: the module or parameter, "none" where there is no classifier, None to find out.
    """
    vars(model).update({_SHAPE: tuple(shape), _NAMED: named})
    vars(model).pop(_FOUND, None)


def remembered_shape(model: nn.Module) -> Shape | None:
    """The shape of one image that was noted on the network, None where none was."""
    return vars(model).get(_SHAPE)


def find_classifier(model: nn.Module, shape: Shape | None = None) -> Classifier:
    """The network's classifier; the network is run for it once, and is left as it was.

    Args:
        model: the network.
        shape: of one image, (C, H, W); where it is left out that of `remember`, else one that fits the first layer.

    Raises:
        NoClassifier: no linear map's output is the logits, or the user said so.
        UserError: what the user named is no classifier.
    """
    known: Classifier | None = vars(model).get(_FOUND)
    if known is None:
        known = _searched(model, shape).classifier
        vars(model)[_FOUND] = known
    return known


def classifier_weight(model: nn.Module) -> str:
    """The parameter whose rows are the classes, as in the state dict; '' where the user says that there is none.

    Raises:
        NoClassifier: it cannot be told.
    """
    return "" if vars(model).get(_NAMED) == NONE else find_classifier(model).weight


def class_directions(model: nn.Module, shape: Shape | None = None) -> tuple[Tensor, Tensor]:
    """The classifier's class directions and biases.

    They are those that give the logits: what scales or shifts the classifier's output on its way is taken in.

    Returns: weight [K, D], a row a class, and bias [K] (zeros where there is none), detached, on the model's device.

    Raises:
        NoClassifier: there is none, or the logits are not linear in its features.
    """
    found = _searched(model, shape)
    vars(model).setdefault(_FOUND, found.classifier)  # `find_classifier` need not search again
    if found.weight is None or found.bias is None:
        raise NoClassifier(found.classifier.words)
    return found.weight, found.bias


def features_and_logits(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Features [N, D] (the input of the classifier) and logits [N, K] of images [N, C, H, W], in one forward pass.

    Mode, gradients and autocast are the caller's; half-precision results are given back as float32.

    Raises:
        NoClassifier: there is none, or the logits are not linear in its features.
    """
    classifier = find_classifier(model, tuple(x.shape[1:]))
    if not classifier.is_linear:
        raise NoClassifier(classifier.words)
    caught: list[Tensor] = []

    def see(place: Place, found: LinearMap, result: Tensor) -> Tensor:
        if place == classifier.place:
            caught.append(found.inputs())
        return result

    with LinearCalls.of(model, classifier.classes, see):
        logits = model(x)
    if not caught:
        raise NoClassifier(f"The classifier '{classifier.name}' takes no part in the network's forward pass.")
    features = classifier.relation.pooled(_by_position(caught[-1], len(x), classifier.images))
    return widened(features), widened(logits)


def widened(tensor: Tensor) -> Tensor:
    """The tensor, as float32 where it is of half precision."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


class _Found(NamedTuple):
    classifier: Classifier
    weight: Tensor | None = None
    bias: Tensor | None = None


class _Tried(NamedTuple):
    """A linear map, and the numbers [N, P, K] that took the place of its output."""

    place: Place
    map: LinearMap
    numbers: Tensor
    images: int


def _searched(model: nn.Module, shape: Shape | None) -> _Found:
    named: str | None = vars(model).get(_NAMED)
    if named == NONE:
        raise NoClassifier("The network has no classifier, as was said.")
    found = _run(model, shape or remembered_shape(model))
    if found is not None and named in (None, found.classifier.name, found.classifier.weight):
        return found
    if named is None:
        raise NoClassifier(
            f"No linear classifier was found in the network {type(model).__name__}: on random images, its logits are "
            "the output of none of its linear maps. Name the layer with --classifier NAME (`classifier` in "
            'study.toml), or say "none".'
        )
    if found is not None:
        raise UserError(
            f"The classifier cannot be '{named}': run on random images, the network's logits are the output of "
            f"'{found.classifier.name}'; leave the name out."
        )
    return _Found(_as_named(model, named))


def _as_named(model: nn.Module, named: str) -> Classifier:
    """The classifier that the user names, of which nothing but its weight is known."""
    parameters = dict(model.named_parameters())
    weight = named if named in parameters else f"{named}.weight"
    if weight not in parameters or parameters[weight].ndim < 2:
        layers = [name.removesuffix(".weight") for name, value in parameters.items() if value.ndim > 1]
        raise UserError(f"The classifier '{named}' is no layer of the network; it has {', '.join(layers[-8:])}.")
    rows = parameters[weight].flatten(1)
    return Classifier(named, weight, None, len(rows), rows.shape[1], Relation("named"))


def _run(model: nn.Module, shape: Shape | None) -> _Found | None:
    """What running the network on random images tells."""
    with evaluating(model), torch.no_grad():
        images, logits = _trial(model, shape)
        return _tried_out(model, images, logits) if logits.ndim == 2 else None


def _trial(model: nn.Module, shape: Shape | None) -> tuple[Tensor, Tensor]:
    """Random images that the network can read, and its logits."""
    try:
        return on_trial(model, shape)
    except CannotRun as error:
        raise NoClassifier(
            f"The network {type(model).__name__} cannot be run to find its classifier ({error})."
        ) from None


def _tried_out(model: nn.Module, images: Tensor, logits: Tensor) -> _Found | None:
    source = torch.Generator().manual_seed(1)
    tried: list[_Tried] = []

    def see(place: Place, found: LinearMap, result: Tensor) -> Tensor:
        numbers = torch.randn(result.shape, generator=source).to(result.device, result.dtype)
        by_class = numbers.movedim(found.dimension, -1)
        counted = _image_dimension(by_class, len(images))
        if counted is not None:
            tried.append(_Tried(place, found, _by_position(by_class, len(images), counted), counted))
        return numbers.clone()  # which the network may overwrite

    with LinearCalls.of(model, logits.shape[1], see):
        given = model(images)
    for each in tried:
        relation = relation_of(each.numbers.double(), given.double())
        if relation is not None:
            return _described(model, each, relation)
    return None


def _image_dimension(numbers: Tensor, images: int) -> int | None:
    """Which dimension counts the images: the first (also together with the positions) or the second; None: neither."""
    if numbers.shape[0] % images == 0 and (numbers.ndim == 2 or numbers.shape[0] == images):
        return 0
    return 1 if numbers.ndim > 2 and numbers.shape[1] == images else None


def _by_position(values: Tensor, images: int, dimension: int) -> Tensor:
    """Inputs or outputs [..., V] of a linear map as [images, positions, V]."""
    return values.movedim(dimension, 0).reshape(images, -1, values.shape[-1])


def _described(model: nn.Module, each: _Tried, relation: Relation) -> _Found:
    map_, place = each.map, each.place
    weight = _parameter(model, place.module, map_.weight)
    layer = model.get_submodule(place.module)
    parts = [name for name, _ in layer.named_children() if name != "parametrizations"]
    shared = {id(value) for value in layer.parameters()}
    is_layer = bool(weight and place.module and not parts) and id(model.get_parameter(weight)) in shared
    rows = map_.weight.detach()
    classifier = Classifier(
        name=place.module if is_layer or not weight else weight,
        weight=weight,
        place=place,
        classes=len(rows),
        width=rows.shape[1],
        relation=relation,
        images=each.images,
        cosine=_of_length_one(rows) and _of_length_one(map_.inputs().flatten(0, -2)),
    )
    if not relation.is_linear:
        return _Found(classifier)
    scale, shift = relation.scale.to(rows), relation.shift.to(rows)
    bias = torch.zeros_like(rows[:, 0]) if map_.bias is None else map_.bias.detach()
    return _Found(classifier, rows * scale[..., None], bias * scale + shift)


def _of_length_one(rows: Tensor) -> bool:
    lengths = rows.norm(dim=1)
    return bool(torch.allclose(lengths, torch.ones_like(lengths), atol=1e-4))


def _parameter(model: nn.Module, module: str, weight: Tensor) -> str:
    """The name of the parameter that a linear map multiplies by, or makes its matrix from; '' where it is not told."""
    parameters = dict(model.named_parameters())
    place = weight.untyped_storage().data_ptr()
    for name, value in parameters.items():
        if value.untyped_storage().data_ptr() == place and value.numel() == weight.numel():
            return name
    within = f"{module}." if module else ""
    like = [name for name, value in parameters.items() if value.numel() == weight.numel() and value.ndim > 1]
    return next((name for name in like if name.startswith(within)), "")
