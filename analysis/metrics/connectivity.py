"""Whether two trainings of one network end in one minimum: accuracy along the line between them, and their distance.

Linear mode connectivity (Frankle et al. 2020, arXiv 1912.05671) and stability (Frankle et al. 2019, arXiv 1903.01611).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.statistics.bootstrap import resampled_means
from pruning.data import Dataset, Split, normalise
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.progress import Progress, quiet
from pruning.ticket import Ticket
from pruning.training.batch_norm import recalibrate
from pruning.training.precision import as_input, autocast, pick_device, pick_precision, prepare, settled

ALPHAS = 11
TRAINING_IMAGES = 10_000
"""At most so many training images are shown to a network, evenly spaced."""

BATCH = 500
RESAMPLES = 2000

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Line:
    """Networks on the way from one ticket to another, A of them.

    `alphas` float64 [A], 0 to 1; `right` bool [A, N], whether each of N test images is classified right; `loss`,
    `train_accuracy`, `train_loss` float64 [A]: losses are mean cross-entropies in nats, accuracies fractions.
    """

    alphas: np.ndarray
    right: np.ndarray
    loss: np.ndarray
    train_accuracy: np.ndarray
    train_loss: np.ndarray

    def frame(self, other: str) -> pd.DataFrame:
        """Rows of the table `lines`; `other` is the id of the ticket at alpha 0."""
        correct = self.right.sum(axis=1)
        return pd.DataFrame(
            {
                "other": other,
                "alpha": self.alphas,
                "n": self.right.shape[1],
                "correct": correct,
                "accuracy": correct / self.right.shape[1],
                "loss": self.loss,
                "train_accuracy": self.train_accuracy,
                "train_loss": self.train_loss,
            }
        )


@dataclass(frozen=True)
class Barrier:
    """The error barrier along a line, a fraction of the images, and its 95 % interval over test images."""

    value: float
    low: float
    high: float


def line(
    one: Ticket,
    other: Ticket,
    data: Dataset,
    alphas: int = ALPHAS,
    seed: int = 0,
    progress: Progress = quiet,
    precision: str = "auto",
) -> Line:
    """Accuracy and loss along (1 - alpha) W_one + alpha W_other.

    All floating-point tensors are interpolated, so that weights which both prune stay zero. The statistics of batch
    normalisation, which describe neither network in between, are measured anew at each alpha, the ends included.

    Args:
        one: a ticket.
        other: one of the same network with the same masks.
        data: test images, all of which are used, and training images, of which `TRAINING_IMAGES` are. They are
            normalised as the tickets expect it.
        alphas: points, evenly spaced from 0 to 1; at least 2.
        seed: draws the training images that batch statistics are measured on.
        progress: told how far it is, a point at a time.
        precision: of the forward passes, as for `pick_precision`.

    Raises:
        UserError: the tickets are of different networks, or keep different weights.
    """
    check_joinable(one, other)
    data = data.normalised_by(one.info.mean, one.info.std)
    rows = used_rows(len(data.train.labels), TRAINING_IMAGES)
    train = Split(data.train.images[rows], data.train.labels[rows])
    model = one.model()
    macs, device = count_macs(model, data.shape), pick_device()
    precision = pick_precision(precision, macs, device)
    places = np.linspace(0, 1, alphas)
    tested, trained = [], []
    with settled(macs):
        for done, alpha in enumerate(places):
            model.load_state_dict(between(one.state, other.state, float(alpha)))
            recalibrate(model, data, seed, device, precision)
            model = prepare(model.eval(), device, macs)
            tested.append(_outcomes(model, data, data.test, device, precision, macs))
            trained.append(_outcomes(model, data, train, device, precision, macs))
            progress((done + 1) / alphas, f"alpha {alpha:g}")
    return Line(
        places,
        np.stack([right for right, _ in tested]),
        np.array([loss for _, loss in tested]),
        np.array([right.mean() for right, _ in trained]),
        np.array([loss for _, loss in trained]),
    )


def check_joinable(one: Ticket, other: Ticket) -> None:
    """Raises UserError unless the tickets are of one network and have the same masks."""
    shapes = [{name: value.shape for name, value in ticket.state.items()} for ticket in (one, other)]
    if one.recipe.model != other.recipe.model or shapes[0] != shapes[1]:
        raise UserError(f"Tickets {one.id} and {other.id} are of different networks; no line joins them.")
    masks = one.masks.keys() == other.masks.keys()
    if not masks or any(not torch.equal(mask, other.masks[name]) for name, mask in one.masks.items()):
        raise UserError(f"Tickets {one.id} and {other.id} keep different weights; no line joins them.")


def between(one: State, other: State, alpha: float) -> dict[str, Tensor]:
    """(1 - alpha) times the one state plus alpha times the other; what is no floating-point tensor is the one's."""
    return {
        name: (1 - alpha) * value + alpha * other[name] if value.is_floating_point() else value
        for name, value in one.items()
    }


@torch.inference_mode()
def _outcomes(
    model: nn.Module, data: Dataset, split: Split, device: torch.device, precision: str, macs: int
) -> tuple[np.ndarray, float]:
    """Which images of a split are classified right, bool [N], and the mean cross-entropy."""
    right, loss = [], 0.0
    for images, labels in zip(torch.split(split.images, BATCH), torch.split(split.labels, BATCH), strict=True):
        with autocast(precision, device):
            logits = model(as_input(normalise(images, data.mean, data.std), device, macs))
        logits = logits.float().cpu()
        right.append(logits.argmax(1) == labels)
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
    return torch.cat(right).numpy(), loss / len(split.labels)


def barrier(right: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> Barrier:
    """The largest error along a line minus the mean of the errors at its ends: 0 or more (Frankle et al. 2020).

    The largest of several numbers known roughly is too large on average, and so is what resampling it gives. The
    interval is therefore that of all points at once: by a paired bootstrap over images, no point's excess error lies
    further below its true one than the largest such fall in 97.5 % of the samples, nor further above (the bootstrapped
    maximum of the deviations, as in Romano & Wolf 2005). It takes the two networks as they are.

    Args:
        right: bool [A, N], as `Line` has it.
        resamples: bootstrap samples.
        seed: same seed, same interval.
    """
    correct = right.astype(np.float64)
    excess = _excess(correct.mean(axis=1))
    moved = _excess(resampled_means(correct, resamples, seed)) - excess[:, None]
    value = float(excess.max())
    down, up = np.quantile(moved.max(axis=0), 0.975), np.quantile((-moved).max(axis=0), 0.975)
    return Barrier(value, max(0.0, value - float(down)), min(1.0, value + float(up)))


def _excess(accuracy: np.ndarray) -> np.ndarray:
    """How much the error at each point, the first axis, is above the mean of the ends."""
    result: np.ndarray = (accuracy[0] + accuracy[-1]) / 2 - accuracy
    return result


def distance(one: State, other: State, masks: Masks) -> tuple[float, float]:
    """How far apart two networks' weights are under a mask.

    Returns the L2 norm of the difference of the kept weights, and its ratio to the norm of the other network's (NaN
    where that is 0).
    """
    gap = length = 0.0
    for name, mask in masks.items():
        first, second = one[name][mask].double(), other[name][mask].double()
        gap += float((first - second).square().sum())
        length += float(second.square().sum())
    return gap**0.5, (gap / length) ** 0.5 if length else float("nan")
