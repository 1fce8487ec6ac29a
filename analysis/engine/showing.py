"""Shows images to networks: each batch is made once, and each network is run once on it for all that look at it.

All networks see the same images, down to the noise, so that differences between them can be tested in pairs;
adversarial attacks alone are made for each network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Shown
from analysis.engine.images import TestImages
from analysis.engine.networks import Network, largest
from analysis.engine.replay import Replayed
from pruning.data.lazy import whole
from pruning.progress import Progress, quiet
from pruning.training.precision import settled

BATCH = 500
"""Images shown at once."""


@dataclass(frozen=True)
class Viewer:
    """Who looks at what a network makes of a batch.

    Attributes:
        update: takes in a batch.
        layers: modules whose outputs it wants. gradients: whether it wants those of the parameters.
        partner: the name of another network, which is shown the same batch for it; "" for none.
    """

    update: Callable[[Shown], None]
    layers: frozenset[str] = frozenset()
    gradients: bool = False
    partner: str = ""


def show(
    networks: Mapping[str, Network],
    images: TestImages,
    condition: Condition,
    viewers: Mapping[str, Sequence[Viewer]],
    progress: Progress = quiet,
    batch_size: int = BATCH,
) -> None:
    """Show all images under a condition to the networks that have viewers; the text of the progress is the condition.

    Raises:
        UserError: a network cannot be attacked, or what was recorded of one cannot be read.
    """
    device, macs = next(iter(networks.values())).device, largest({name: networks[name] for name in viewers})
    name, severity = condition
    text = f"{name} {severity}" if severity else name
    attacks = images.attacks(condition)
    count = -(-len(images) // batch_size)
    for place in range(count):
        part = slice(place * batch_size, (place + 1) * batch_size)
        batch = whole(images.images[part]).to(device) if attacks else images.batch(condition, part, device, macs)
        index = torch.arange(len(images))[part]
        shared = _Batch(networks, condition, batch, images.labels[part].to(device), index)
        for ticket, each in viewers.items():
            if attacks:
                seen = networks[ticket].attacked(batch, shared.labels, *condition, seed=images.seed, index=index)
                _Batch(networks, condition, seen, shared.labels, index).show(ticket, each)
            else:
                shared.show(ticket, each)
        progress((place + 1) / count, text)


class _Batch:
    """One batch, as it is shown to one network after the other."""

    def __init__(
        self, networks: Mapping[str, Network], condition: Condition, images: Tensor, labels: Tensor, index: Tensor
    ) -> None:
        self.networks, self.condition = networks, condition
        self.images, self.labels, self.index = images, labels, index
        self.inputs: dict[object, Tensor] = {}
        self.partners: dict[tuple[object, ...], Shown] = {}

    def show(self, ticket: str, viewers: Sequence[Viewer]) -> None:
        layers = frozenset[str]().union(*(viewer.layers for viewer in viewers))
        own = self._seen(ticket, layers, any(viewer.gradients for viewer in viewers))
        pairs = [replace(own, partner=self._partner(viewer)) if viewer.partner else own for viewer in viewers]
        with torch.inference_mode(), settled(self.networks[ticket].macs):
            for viewer, shown in zip(viewers, pairs, strict=True):
                viewer.update(shown)

    def _partner(self, viewer: Viewer) -> Shown:
        """The batch as a partner sees it, which many tickets may have in common."""
        asked = viewer.partner, viewer.layers, viewer.gradients
        if asked not in self.partners:
            self.partners[asked] = self._seen(*asked)
        return self.partners[asked]

    def _seen(self, ticket: str, layers: frozenset[str], gradients: bool) -> Shown:
        network = self.networks[ticket]
        if isinstance(network, Replayed):
            output = network.replay(self.condition, self.index)
        else:
            output = network.show(self.images, self.labels, self.inputs, layers, gradients)
        return Shown(
            self.images,
            self.labels,
            self.index,
            output.features,
            output.logits,
            output.activations,
            output.gradients,
        )
