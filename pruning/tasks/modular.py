"""Modular arithmetic, in which networks grok: they know the training pairs long before the rule (Power et al. 2022)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models import prunable
from pruning.tasks.base import Batch, Draws, Score
from pruning.tasks.classification import Classification
from pruning.tasks.spectrum import spectrum

SHOWN = 8  # neurons whose weights are noted


class Modular(Classification):
    """Cross-entropy in double precision, as in Grokking Tickets (arXiv 2310.19470).

    In single precision the loss of a memorised pair rounds to zero long before the training is over.
    """

    name = "modular"
    label = "Modular arithmetic"
    score = Score("accuracy", "%", meaning="Share of the test pairs whose result is predicted rightly.")
    classifies_images = False
    precision = torch.float64
    milestones: ClassVar[Mapping[str, str]] = {"t_mem": "train accuracy > 0.95", "t_gen": "test accuracy > 0.95"}

    def summed_loss(self, model: nn.Module, batch: Batch, draws: Draws, temperature: float = 1.0) -> Tensor:
        """Give the summed cross-entropy of the logits divided by `temperature`."""
        pairs, results = batch
        return F.cross_entropy(model(pairs).to(self.precision) / temperature, results, reduction="sum")

    @torch.no_grad()
    def observe(self, model: nn.Module) -> dict[str, list[float]]:
        """Note the norms of the network, and of one with `token_weights` its spectrum and a few of these weights.

        `norms/l1` and `norms/l2` are of all prunable weights together; pruned ones are zero, so they are of what is
        kept. `spectrum/entropy` (nats), `spectrum/strongest` (share of a neuron's strongest frequency) and
        `spectrum_mean/share` (of each frequency) are means over live neurons, NaN without any; `spectrum/dead` counts
        the others. `neurons/weight` has, neuron by neuron, the weights over the token of eight neurons, evenly spaced,
        so that they are the same eight in all tickets; `neuron_rows/row` says which.
        """
        weights = torch.cat([weight.cpu().double().flatten() for weight in prunable(model).values()])
        norms = {"norms/l1": [_brief(weights.abs().sum())], "norms/l2": [_brief(weights.norm())]}
        token_weights: Callable[[], Tensor] | None = getattr(model, "token_weights", None)
        if token_weights is None:
            return norms
        rows = token_weights()
        found = spectrum(rows)
        shown = [place * len(rows) // SHOWN for place in range(min(SHOWN, len(rows)))]
        return norms | {
            "spectrum/entropy": [_brief(found.entropy)],
            "spectrum/strongest": [_brief(found.strongest)],
            "spectrum/dead": [float(found.dead)],
            "spectrum_mean/share": [_brief(share) for share in found.share],
            "neuron_rows/row": [float(row) for row in shown],
            "neurons/weight": [_brief(weight, 3) for weight in rows[shown].flatten()],
        }


def _brief(value: Tensor | float, digits: int = 4) -> float:
    """The number in so many significant digits, as tickets hold many of them."""
    return float(f"{float(value):.{digits}g}")


TASK = Modular()
