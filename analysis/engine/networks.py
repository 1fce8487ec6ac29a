"""Tickets' networks, ready to be shown images: what is measured of a batch, and attacks on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from analysis.corruptions.attacks import attack
from analysis.metrics import calibration, geometry
from pruning.data import normalise
from pruning.models import count_macs, features_and_logits
from pruning.ticket import Ticket
from pruning.training.precision import SMALL_NETWORK, Precision, as_input, autocast, pick_precision, prepare, settled


@dataclass(frozen=True)
class Network:
    """A ticket's network, with what its geometry needs worked out once. `macs` are multiply-adds an image."""

    module: nn.Module
    weight: Tensor
    bias: Tensor
    gaps: Tensor
    macs: int
    precision: Precision
    device: torch.device
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, ticket: Ticket, device: torch.device, precision: str = "auto") -> Self:
        """Build the ticket's network on the device, in the precision asked for (as for `pick_precision`)."""
        module = ticket.model().eval()
        macs = count_macs(module, ticket.info.shape)
        module = prepare(module, device, macs)
        weight, bias = geometry.class_directions(module)
        gaps, chosen = geometry.class_gaps(weight), pick_precision(precision, macs, device)
        return cls(module, weight, bias, gaps, macs, chosen, device, tuple(ticket.info.mean), tuple(ticket.info.std))

    @property
    def classes(self) -> int:
        """How many classes it knows."""
        return len(self.bias)

    @torch.inference_mode()
    def show(self, images: Tensor, labels: Tensor, inputs: dict[object, Tensor]) -> dict[str, Tensor]:
        """Measure a batch: images uint8 [N, C, H, W], labels int64 [N], both on the device.

        `inputs` keeps the normalised batch for the networks that want it in the same form. Returns the columns that
        `Measured.values` holds, tensors [N].
        """
        form = (self.mean, self.std, self.macs >= SMALL_NETWORK)
        if form not in inputs:
            inputs[form] = as_input(normalise(images, self.mean, self.std), self.device, self.macs)
        with settled(self.macs):
            with autocast(self.precision, self.device):
                features, logits = features_and_logits(self.module, inputs[form])
            measured = geometry.measure_tensors(features, self.weight, self.bias, labels, logits, self.gaps)
            return measured | {"nll": calibration.nll(logits, labels), "brier": calibration.brier(logits, labels)}

    def attacked(self, images: Tensor, labels: Tensor, name: str, severity: int, *, seed: int, index: Tensor) -> Tensor:
        """The images as this network minds them most; arguments and errors as for `attacks.attack`."""
        return attack(self.module, images, labels, name, severity, mean=self.mean, std=self.std, seed=seed, index=index)


def largest(networks: Mapping[str, Network]) -> int:
    """Multiply-adds an image of the largest of them; 0 where there is none."""
    return max((network.macs for network in networks.values()), default=0)
