"""How the images were normalised for a network that was trained elsewhere: the known ways are tried."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset, normalise
from pruning.errors import unknown
from pruning.models import count_macs
from pruning.recognition.class_order import class_order, in_words
from pruning.recognition.layers import is_normaliser

IMAGES, FEWEST = 512, 100
WORK = 300 * 10**9
"""Multiply-adds that the trials may take in all; large networks see fewer images."""
BATCH = 128
STUDY = "study"
NOISE = 2.0
"""Standard errors within which two accuracies on the same images count as equal."""

Values = tuple[float, ...]
_COLOUR: dict[str, tuple[Values, Values]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar10-common": ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
}
_GREY: dict[str, tuple[Values, Values]] = {"mnist": ((0.1307,), (0.3081,))}


@dataclass(frozen=True)
class Normalisation:
    """A network's input is (x / 255 - mean) / std, a value a channel.

    Attributes:
        name: what it is known as, such as "cifar10".
        mean, std: a value a channel, on the scale 0-1.
        accuracies: those on the training images tried, in [0, 1], by the names of the normalisations.
        losses: their cross-entropies in nats.
        doubtful: whether the accuracy is within noise of guessing.
        sentence: how the choice was made.
    """

    name: str
    mean: Values
    std: Values
    accuracies: dict[str, float]
    losses: dict[str, float]
    doubtful: bool
    sentence: str


def choose_normalisation(
    module: nn.Module,
    data: Dataset,
    given: str | tuple[Values, Values] | None = None,
    state: Mapping[str, Tensor] | None = None,
    first: tuple[Values, Values] | None = None,
) -> Normalisation:
    """The normalisation under which the network is right most often on up to 512 training images (large ones: 100).

    As many images are taken of each class as of the others, the same ones always. Accuracies that differ within noise
    (paired, two standard errors) are told apart by the cross-entropy, after `first`. Where the network
    is right in another order of the classes (`class_order`), that decides. Its mode is left as it was.

    Args:
        module: the network.
        data: what it was trained on.
        given: the name of a known normalisation or (mean, std); it is then only measured.
        state: the checkpoint; buffers in which a wrapper kept its mean and deviation are tried too.
        first: the (mean, std) of the study, which stay unless another is better beyond noise.

    Raises:
        UserError: the name that is given is unknown.
    """
    ways = known_ways(data, state)
    if isinstance(given, str):
        if given not in ways:
            raise unknown("normalisation", given, ways)
        ways = {given: ways[given]}
    elif given is not None:
        ways = {"given": given}
    elif first is not None:
        ways = {STUDY: first, **ways}
    affordable = WORK // (len(ways) * max(1, count_macs(module, data.shape)))
    rows = balanced_rows(data.train.labels, min(IMAGES, max(FEWEST, affordable)))
    labels = data.train.labels[rows]
    right, losses, orders = {}, {}, {}
    for name, (mean, std) in ways.items():
        logits = _logits(module, data.train.images[rows], mean, std)
        predicted = logits.argmax(1)
        right[name] = predicted == labels
        orders[name] = class_order(predicted, labels, data.num_classes)
        loss = float(F.cross_entropy(logits, labels))
        losses[name] = loss if math.isfinite(loss) else math.inf
    accuracies = {name: float(hits.double().mean()) for name, hits in right.items()}
    best = max(accuracies, key=lambda name: accuracies[name])
    tied = [name for name, hits in right.items() if _within_noise(right[best], hits)]
    chosen = STUDY if STUDY in tied else min(tied, key=lambda name: losses[name])
    doubtful = _is_chance(accuracies[chosen], len(rows), labels)
    sorted_otherwise = {name: order.accuracy for name, order in orders.items() if order}
    if sorted_otherwise and max(sorted_otherwise.values()) > accuracies[best]:
        chosen = max(sorted_otherwise, key=lambda name: sorted_otherwise[name])
    order = orders[chosen]
    sentence = _sentence(chosen, accuracies, len(rows), tied, doubtful and order is None)
    if order is not None:
        sentence += f" {in_words(order, data.classes)}"
    return Normalisation(chosen, *ways[chosen], accuracies, losses, doubtful, sentence)


def known_ways(data: Dataset, state: Mapping[str, Tensor] | None = None) -> dict[str, tuple[Values, Values]]:
    """Names and (mean, std) of what is tried for a data set, what a wrapper kept in the checkpoint first."""
    channels = data.shape[0]
    found = _kept(state or {}, channels)
    found |= {3: _COLOUR, 1: _GREY}.get(channels, {})
    found["data"] = data.mean, data.std
    found["half"] = (0.5,) * channels, (0.5,) * channels
    found["none"] = (0.0,) * channels, (1.0,) * channels
    return found


def _kept(state: Mapping[str, Tensor], channels: int) -> dict[str, tuple[Values, Values]]:
    values = [tensor.flatten().tolist() for name, tensor in state.items() if is_normaliser(name, tensor)]
    if len(values) != 2:
        return {}
    mean, std = (tuple(v) * channels if len(v) == 1 else tuple(v) for v in values)
    usable = len(mean) == len(std) == channels and all(s > 0 for s in std)
    return {"checkpoint": (mean, std)} if usable else {}


def balanced_rows(labels: Tensor, most: int) -> Tensor:
    """Up to `most` rows, equally many of each class as far as there are, spread over the data, sorted."""
    classes = torch.unique(labels)
    each = max(1, most // len(classes))
    chosen = []
    for label in classes[:most]:
        rows = (labels == label).nonzero().flatten()
        count = min(each, len(rows))
        chosen.append(rows[torch.arange(count) * len(rows) // count])
    return torch.cat(chosen).sort().values


def _logits(module: nn.Module, images: Tensor, mean: Values, std: Values) -> Tensor:
    modes = {part: part.training for part in module.modules()}
    device = next(module.parameters()).device
    module.eval()
    try:
        with torch.inference_mode():
            batches = [module(normalise(batch, mean, std).to(device)) for batch in torch.split(images, BATCH)]
            return torch.cat(batches).float().cpu()
    finally:
        for part, mode in modes.items():
            part.training = mode


def _within_noise(best: Tensor, other: Tensor) -> bool:
    """Whether two networks' hits on the same images differ by no more than chance (only disagreements count)."""
    wins, losses = int((best & ~other).sum()), int((other & ~best).sum())
    return wins - losses <= NOISE * math.sqrt(wins + losses)


def _is_chance(accuracy: float, images: int, labels: Tensor) -> bool:
    chance = float(labels.bincount().max()) / images
    return accuracy <= chance + 3 * math.sqrt(chance * (1 - chance) / images)


def _sentence(chosen: str, accuracies: dict[str, float], images: int, tied: list[str], doubtful: bool) -> str:
    figures = ", ".join(f"{name} {value:.1%}" for name, value in sorted(accuracies.items(), key=lambda x: -x[1]))
    how = (
        "given"
        if len(accuracies) == 1
        else "the study's own, within noise of the best"
        if chosen == STUDY
        else "right most often in another order of the classes"
        if chosen not in tied
        else "the lowest cross-entropy of those within noise"
        if len(tied) > 1
        else "best"
    )
    text = f"Normalisation '{chosen}' ({how}) by accuracy on {images} training images: {figures}."
    if doubtful:
        text += " This is hardly better than guessing: normalisation, architecture or data are likely to be others."
    return text
