"""What a network is trained for: its loss, its optimisers, and the score that stands for accuracy.

A task is a file in `pruning.tasks`, is added with ``TASKS.register(...)``, or is a file of the user's own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.tasks.score import Score

__all__ = ["Batch", "Draws", "Lost", "Phase", "Score", "Task"]

Draws = Callable[..., torch.Generator]
"""Gives a CPU generator for a purpose, such as ``draws("noise")``: the same one whenever the same iteration is run."""

Batch = tuple[Tensor, Tensor]
"""Inputs as `normalise` makes them, float32 [N, C, H, W], and labels int64 [N], on the network's device."""


@dataclass(frozen=True)
class Phase:
    """One optimiser's part of an iteration.

    Attributes:
        name: what it is called.
        parts: it trains the parameters whose names begin with one of these and a dot; all where there are none.
    """

    name: str = "all"
    parts: tuple[str, ...] = ()

    def owns(self, parameter: str) -> bool:
        """Whether it trains the parameter of that name."""
        return not self.parts or parameter.startswith(tuple(f"{part}." for part in self.parts))


@dataclass(frozen=True)
class Lost:
    """What a network made of a batch.

    Attributes:
        value: the mean loss, a scalar with a graph.
        right: how many of the batch count as right, a scalar; None where nothing of the kind is known.
    """

    value: Tensor
    right: Tensor | None = None


class Task:
    """What a network is trained for. A task of one's own is a subclass with at least `loss` and `evaluate`.

    Attributes:
        name: the key in `TASKS`, and the value of `task` in a recipe. label: the name for people.
        score: what `evaluate` gives first.
        phases: the optimisers of an iteration, each with its part of the loss, one after another.
        parts: submodules whose sparsity is told apart, by name -> their words for people.
        milestones: name -> a condition on the training curve, such as "test accuracy > 0.95"; when each held first
            is noted in the ticket.
        feed_forward: whether the loss is one of what a network gives for a batch, its parts one behind the other, as
            SynFlow and searched masks need it.
        classifies_images: whether networks turn images into logits of classes, so that what is known of classifiers
            (corruptions, features, margins) can be measured.
        by_image: whether the loss of a batch is the mean of its images', without chance, so that several devices can
            share a batch.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    score: ClassVar[Score]
    phases: ClassVar[tuple[Phase, ...]] = (Phase(),)
    parts: ClassVar[Mapping[str, str]] = {}
    milestones: ClassVar[Mapping[str, str]] = {}
    feed_forward: ClassVar[bool] = True
    classifies_images: ClassVar[bool] = False
    by_image: ClassVar[bool] = False

    def check(self, model: nn.Module) -> None:
        """Raise UserError when a network cannot do this task."""

    def dataset(self, data: Dataset) -> Dataset:
        """Give the data set as networks see it, for one that normalises in another way."""
        return data

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the loss of a phase on a batch; whatever chance it has comes from `draws`.

        Args:
            phase: one of `phases`.
            model: in training mode while it is trained, in evaluation mode while it is scored.
            batch: inputs and labels.
            draws: seeded for this iteration.
            smoothing: of labels, as the training asks for it.
        """
        raise NotImplementedError

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the score on the batches of a split, and the mean loss; the network is in evaluation mode.

        Args:
            model: the network.
            data: what it is trained on.
            batches: the split, in its order.
            draws: seeded for this evaluation, the same for every network.
        """
        raise NotImplementedError

    def observe(self, model: nn.Module) -> dict[str, list[float]]:
        """Give what is noted of the network on its way, by "TABLE/COLUMN", as many numbers at every look.

        It is asked at the beginning, at points of the training curve ever farther apart, and at the end; the ticket's
        record has the numbers of all looks one after another, and their iterations in "observed/iteration".
        """
        return {}

    def summed_loss(self, model: nn.Module, batch: Batch, draws: Draws, temperature: float = 1.0) -> Tensor:
        """Give the loss over all phases, summed over a batch, which criteria differentiate.

        Args:
            model: the network.
            batch: inputs and labels.
            draws: seeded for the purpose.
            temperature: logits are divided by it, where there are any.
        """
        means = [self.loss(phase, model, batch, draws).value for phase in self.phases]
        return torch.stack(means).sum() * len(batch[1])
