"""A network that is at hand or behind a function, and what it makes of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Shown
from analysis.engine.images import TestImages
from analysis.engine.networks import AnyNetwork, Network, Normalisation
from analysis.engine.showing import Viewer, show
from analysis.metrics import geometry
from analysis.metrics.efficiency import disk_bytes
from analysis.recording.inputs import Form
from pruning.errors import UserError
from pruning.models import prunable
from pruning.models.classifier import LEFT_OUT
from pruning.models.inspection import Shape
from pruning.progress import Progress

PLAIN: Normalisation = ((0.0,), (1.0,))
LINEAR = 1e-2
"""How far, of their size, logits may be off from what the classifier makes of the features."""

Classifier = tuple[Any, Any]
"""Class directions [K, D] and biases [K]."""


class Outside(nn.Module):
    """A network that takes images in a form of its own, as one that takes float32 [N, C, H, W] in [0, 1]."""

    def __init__(self, model: AnyNetwork, of: Callable[[Tensor], Any], pairs: bool) -> None:
        super().__init__()
        self.model, self.of, self.pairs = model, of, pairs

    def both(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give logits float32 [n, K], and features [n, D] where the network gives pairs of the two."""
        made = self.model(self.of(images))
        if self.pairs:
            if not (isinstance(made, (tuple, list)) and len(made) == 2):
                raise UserError("With `classifier` the network is to give a pair of logits and features.")
            return tuple(_rows(part, images, what) for part, what in zip(made, ("logits", "features"), strict=True))  # type: ignore[return-value]
        if isinstance(made, (tuple, list)):
            raise UserError(
                "The network gives several things: give logits alone, or, with `classifier=(weight, bias)`, a pair of "
                "logits and features."
            )
        return (made if isinstance(made, Tensor) and made.requires_grad else _rows(made, images, "logits")), None

    def forward(self, images: Tensor) -> Tensor:
        """Give the logits."""
        return self.both(images)[0]


def _rows(made: Any, images: Tensor, what: str) -> Tensor:
    made = getattr(made, "logits", made)
    try:
        found = torch.as_tensor(made if isinstance(made, Tensor) else np.asarray(made))
        found = found.detach().to(images.device, torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise UserError(f"The network gives no numbers as {what} but {type(made).__name__}.") from None
    if found.ndim != 2 or len(found) != len(images):
        raise UserError(
            f"Of {len(images)} images the network gives {what} of shape {list(found.shape)}; a row an image is asked "
            "for."
        )
    return found


@dataclass(frozen=True)
class Paired(Network):
    """A network that gives its features itself."""

    def run(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits of images on the scale 0 to 1."""
        assert isinstance(self.module, Outside)
        logits, features = self.module.both(x)
        assert features is not None
        if features.shape[1] != self.weight.shape[1]:
            raise UserError(
                f"The network gives {features.shape[1]} features an image, and `classifier` is for "
                f"{self.weight.shape[1]}."
            )
        off = logits - features @ self.weight.T - self.bias
        spread = off - off.mean(dim=1, keepdim=True)  # what all logits of an image share changes nothing
        if len(x) and float(spread.abs().max()) > LINEAR * max(1.0, float(logits.abs().max())):
            raise UserError("`classifier` does not make the logits of the features: features @ weight.T + bias.")
        return features, logits


def placed(
    model: AnyNetwork, form: Form, shape: Shape, classes: int, classifier: Classifier | None, device: torch.device
) -> Network:
    """A network ready to be shown images of `shape` (C, H, W).

    Raises:
        UserError: it cannot read them, or gives no logits of so many classes.
    """
    if isinstance(model, nn.Module) and form.normalisation is not None and classifier is None:
        network = Network.around(model, shape, form.normalisation, device)
    else:
        if isinstance(model, nn.Module):
            model = model.eval()
        network = Network.around(Outside(model, form.of, classifier is not None), shape, PLAIN, device)
    if network.classes != classes:
        raise UserError(f"The network knows {network.classes} classes, and the study's data set has {classes}.")
    if classifier is not None:
        return _with_classifier(network, classifier)
    if network.without and not isinstance(model, nn.Module):
        return replace(network, without=f"It gives logits alone: {LEFT_OUT}.")
    return network


def _with_classifier(network: Network, classifier: Classifier) -> Paired:
    try:
        weight, bias = (torch.as_tensor(np.asarray(each), dtype=torch.float32) for each in classifier)
    except (TypeError, ValueError):
        raise UserError("`classifier` is to be a pair of arrays: weight [classes, features] and bias.") from None
    if weight.ndim != 2 or len(weight) != network.classes or bias.shape != (network.classes,):
        raise UserError(
            f"`classifier` is to be weight [{network.classes}, features] and bias [{network.classes}], not "
            f"{list(weight.shape)} and {list(bias.shape)}."
        )
    weight, bias = weight.to(network.device), bias.to(network.device)
    return Paired(
        network.module, weight, bias, geometry.class_gaps(weight), 0, "float32", network.device, *PLAIN, without=""
    )


def kept_weights(model: AnyNetwork) -> int:
    """How many prunable weights of a network are not zero; 0 where that is not known."""
    return sum(int((each != 0).sum()) for each in prunable(model).values()) if isinstance(model, nn.Module) else 0


def bytes_of(model: AnyNetwork) -> int:
    """Bytes of a network's state dict as a file; 0 where that is not known."""
    return disk_bytes(model.state_dict()) if isinstance(model, nn.Module) else 0


def outputs(network: Network, images: TestImages, condition: Condition, progress: Progress) -> tuple[Tensor, Tensor]:
    """Logits [N, K] and features [N, D] of images under a condition, as the engine shows them.

    Raises:
        UserError: they are not finite, or the network cannot be attacked.
    """
    seen: list[tuple[Tensor, Tensor]] = []

    def take(shown: Shown) -> None:
        seen.append((shown.logits.float().cpu(), shown.features.float().cpu()))

    show({"": network}, images, condition, {"": [Viewer(take)]}, progress)
    return joined(seen, condition)


def joined(seen: list[tuple[Tensor, Tensor]], condition: Condition) -> tuple[Tensor, Tensor]:
    """The batches' logits and features. Raises UserError where logits are not finite."""
    logits, features = (torch.cat(parts) for parts in zip(*seen, strict=True))
    bad = int((~logits.isfinite().all(dim=1)).sum())
    if bad:
        under = f" under {condition[0]} {condition[1]}" if condition[1] else ""
        raise UserError(f"The logits of {bad:,} of {len(logits):,} images{under} are not finite; nothing is recorded.")
    return logits, features
