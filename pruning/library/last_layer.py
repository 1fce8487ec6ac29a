"""What a network that is at hand makes of labelled inputs: features of its last layer, logits, class directions."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.library.copies import check_network, copied
from pruning.library.labelled import check_classes, first_batches, is_pair
from pruning.library.logits import check_finite, readable, try_out
from pruning.models import NoClassifier, class_directions, count_macs, features_and_logits, remember
from pruning.models.classifier import widened
from pruning.models.trial import first_weight
from pruning.progress import Progress, as_progress, quiet
from pruning.training.precision import settled


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """What a network makes of images, in their order.

    Attributes:
        features: float32 [N, D], the inputs of the classifier. logits: float32 [N, K], the network's own.
        labels: int64 [N], the true classes.
        weight: float32 [K, D], the class directions. bias: float32 [K].
        without: why there are no features, "" where there are; D is then 1 and all of them are nan.
    """

    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    without: str = ""

    @cached_property
    def predictions(self) -> np.ndarray:
        """The predicted classes, int64 [N]."""
        return np.asarray(self.logits.argmax(axis=1))

    @cached_property
    def right(self) -> np.ndarray:
        """Which images are classified right, bool [N]."""
        return np.asarray(self.predictions == self.labels)

    @cached_property
    def mean(self) -> np.ndarray:
        """The mean of the finite features, float64 [D]: of the clean ones, what the geometry is centred by."""
        there = self.features[np.isfinite(self.features).all(axis=1)].astype(np.float64)
        return np.asarray(there.mean(axis=0)) if len(there) else np.zeros(self.features.shape[1])

    @property
    def accuracy(self) -> float:
        """The fraction classified right, in [0, 1]."""
        return float(self.right.mean())

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        return sum(each.nbytes for each in (self.features, self.logits, self.labels, self.weight, self.bias))

    def __repr__(self) -> str:
        images, width = self.features.shape
        what = self.without or f"{width} features"
        return f"<Features: {images} images, {len(self.bias)} classes, accuracy {self.accuracy:.4g}; {what}>"


def features(
    network: nn.Module | Callable[[Tensor], Any],
    data: Any,
    *,
    classifier: str | None = None,
    images: int | None = None,
    progress: Progress | bool = quiet,
) -> Features:
    """Give the features of the last layer, the logits and the labels of labelled inputs.

    Args:
        network: any, in evaluation mode for it and left as it was; or a function from inputs to logits, which has no
            features.
        data: an iterable of (inputs, labels), such as a DataLoader, or one pair; inputs as the network takes them. Of a
            `Dataset` the test images.
        classifier: the layer or parameter whose output is the logits, where running the network does not tell; "none"
            where there is none.
        images: how many of the data, the first ones; None: all.
        progress: told the fraction done and what is being done; True writes a line.

    Raises:
        UserError: the data are no such pairs, the network cannot read them or gives no finite logits, a label names no
            class, or the classifier that is named is none. Where no classifier is found `without` says so.
    """
    progress = as_progress(progress)
    if not callable(network):
        check_network(network)
    module = copied(network).eval() if isinstance(network, nn.Module) else None
    like = first_weight(module) if module is not None else None
    batches = first_batches(data, images, part="test")
    first = next(batches)
    without, weight, bias = "A function has no features that could be looked at", None, None
    settings: AbstractContextManager[None] = nullcontext()
    if module is not None:
        shape: Any = tuple(first[0].shape[1:])  # of inputs of any kind
        try_out(module, shape)
        remember(module, shape, classifier)
        settings = settled(count_macs(module, shape))
        without, weight, bias = _directions(module)
    length = _length(data)
    seen: list[tuple[Tensor, Tensor, Tensor]] = []
    with torch.inference_mode(), settings:
        for inputs, labels in chain([first], batches):
            with readable(tuple(inputs.shape[1:])) if module is not None else nullcontext():
                found, logits = _seen(module or network, inputs if like is None else inputs.to(like), bool(without))
            seen.append((found.float().cpu(), logits.float().cpu(), labels.cpu()))
            progress(min(1.0, len(seen) / length) if length else 0.0, "features")
    progress(1.0, "features")
    return _whole([torch.cat(parts).numpy() for parts in zip(*seen, strict=True)], weight, bias, without)


def _length(data: Any) -> int:
    """How many batches there are; 0 where that is not told."""
    try:
        return 0 if is_pair(data) else len(data)
    except TypeError:
        return 0


def _directions(module: nn.Module) -> tuple[str, Tensor | None, Tensor | None]:
    """Why there are no features, or "" and the class directions and biases."""
    try:
        return ("", *class_directions(module))
    except NoClassifier as error:
        return str(error).removesuffix("."), None, None


def _seen(network: nn.Module | Callable[[Tensor], Any], inputs: Tensor, plain: bool) -> tuple[Tensor, Tensor]:
    """The features and logits of a batch; features of NaN where there are but logits."""
    if not plain and isinstance(network, nn.Module):
        return features_and_logits(network, inputs)
    logits = widened(torch.as_tensor(network(inputs)))
    if logits.ndim != 2 or len(logits) != len(inputs):
        raise UserError(
            f"Of {len(inputs)} inputs the network gives {list(logits.shape)}; it must give logits, a row an input."
        )
    return torch.full((len(inputs), 1), torch.nan), logits


def _whole(columns: list[np.ndarray], weight: Tensor | None, bias: Tensor | None, without: str) -> Features:
    found, logits, labels = columns
    classes = logits.shape[1]
    check_finite(torch.from_numpy(logits))
    check_classes(torch.from_numpy(labels), classes)
    rows = torch.full((classes, 1), torch.nan) if weight is None else weight
    shifts = torch.full((classes,), torch.nan) if bias is None else bias
    return Features(found, logits, labels, rows.float().cpu().numpy(), shifts.float().cpu().numpy(), without)
