"""Modular arithmetic, in which networks grok: they know the training pairs long before the rule (Power et al. 2022)."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.models import prunable
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score, Task
from pruning.tasks.spectrum import spectrum

SHOWN = 6  # neurons whose weights are noted
DIGITS, SHOWN_DIGITS = 4, 3


class Modular(Task):
    """Cross-entropy in double precision, as in Grokking Tickets (arXiv 2310.19470).

    In single precision the loss of a memorised pair rounds to zero long before the training is over.
    """

    name = "modular"
    label = "Modular arithmetic"
    score = Score("accuracy", "%", meaning="Share of the test pairs whose result is predicted rightly.")
    milestones: ClassVar[Mapping[str, str]] = {"t_mem": "train accuracy > 0.95", "t_gen": "test accuracy > 0.95"}

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the mean cross-entropy in nats, and how many pairs are predicted rightly."""
        pairs, results = batch
        logits = model(pairs)
        loss = F.cross_entropy(logits.double(), results, label_smoothing=smoothing)
        return Lost(loss, (logits.detach().argmax(1) == results).sum())

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the accuracy, in [0, 1], and the mean cross-entropy in nats."""
        right, loss, count = 0, 0.0, 0
        for pairs, results in batches:
            logits = model(pairs).double()
            right += int((logits.argmax(1) == results).sum())
            loss += float(F.cross_entropy(logits, results, reduction="sum"))
            count += len(results)
        return right / count, loss / count

    def summed_loss(self, model: nn.Module, batch: Batch, draws: Draws, temperature: float = 1.0) -> Tensor:
        """Give the summed cross-entropy of the logits divided by `temperature`."""
        pairs, results = batch
        return F.cross_entropy(model(pairs).double() / temperature, results, reduction="sum")

    @torch.no_grad()
    def observe(self, model: nn.Module) -> dict[str, list[float]]:
        """Note the spectrum of the weights over the token, a few of them, and the norms of the network.

        Table `spectrum`: `entropy` (nats, the mean over live neurons), `strongest` (share of the strongest frequency,
        likewise) and `dead` (neurons without any weight). `neurons/weight`: row by row the weights over the token of
        the first six neurons, by their place, so that it is the same six all along. `norms/l1` and `norms/l2`: of all
        prunable weights together; pruned ones are zero, so they are of what is kept.
        """
        rows = token_weights(model)
        found = spectrum(rows)
        weights = torch.cat([weight.detach().double().flatten() for weight in prunable(model).values()])
        return {
            "spectrum/entropy": [round(found.entropy, DIGITS)],
            "spectrum/strongest": [round(found.strongest, DIGITS)],
            "spectrum/dead": [float(found.dead)],
            "neurons/weight": [round(weight, SHOWN_DIGITS) for weight in rows[:SHOWN].flatten().tolist()],
            "norms/l1": [round(float(weights.abs().sum()), DIGITS)],
            "norms/l2": [round(float(weights.norm()), DIGITS)],
        }


def token_weights(model: nn.Module) -> Tensor:
    """The weight of each hidden neuron over the token, [neurons, P]: what `token_weights` of the network gives.

    A network without such a method is taken by its first prunable matrix, which holds its embedding.
    """
    own = getattr(model, "token_weights", None)
    if own is not None:
        found: Tensor = own()
        return found.detach()
    return next(iter(prunable(model).values())).detach().flatten(1)


TASK = Modular()
