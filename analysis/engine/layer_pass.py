"""One pass of some test images through a network, of which each inner layer leaves a few numbers an image.

The images come in an order of their own, drawn once and the same for all networks and conditions: the minibatches of
CKA have to hold all classes, and test images often lie class after class. One network is run at a time, and of its
activations there are never more than a batch's of one layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import torch
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.corruption import SEVERITIES
from analysis.engine.images import TestImages
from analysis.engine.inner import handing_on, inner_layers
from analysis.engine.networks import Network
from analysis.engine.settings import AnalysisConfig
from analysis.metrics.cka import FEWEST, grams, product
from analysis.metrics.sketch import Units, flat, pooled, sketch
from pruning.training.precision import settled

BATCH = 500
MINIBATCH = 50
"""Images of a Gram matrix."""
SEED = 7


class LayerOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        layer_samples: at most so many of the test images, evenly spaced, are shown to the inner layers.
        layer_severity: of each corruption they are shown the severity nearest to this, of those that are asked for.
    """

    layer_samples: Annotated[int, Field(ge=10)] = 1000
    layer_severity: Annotated[int, Field(ge=min(SEVERITIES), le=max(SEVERITIES))] = 3


@dataclass
class Layer:
    """What is kept of one layer: its images' sketches, its minibatches' Gram matrices, and what its units did."""

    sketches: list[Tensor] = field(default_factory=list)
    grams: list[Tensor] = field(default_factory=list)
    units: Units = field(default_factory=Units)

    def update(self, activations: Tensor) -> None:
        """Take in the activations of a batch, on their device.

        They are read once, a minibatch at a time, which stays in the processor's cache until all is made of it.
        """
        places, minibatches, products = [], [], []
        for part in activations.split(MINIBATCH):
            values = part.float()
            rows = flat(values)
            places.append(pooled(values))
            self.units.count_zeros(rows)
            if len(part) >= FEWEST:
                minibatches.append(part)
                products.append(product(rows))
        means = torch.cat(places)
        self.sketches.append(sketch(means).cpu())
        self.units.update(means)
        self.grams.append(grams(minibatches, products).cpu() if minibatches else torch.zeros(0))

    @property
    def sketch(self) -> Tensor:
        """Of all images, float32 [n, at most 128]."""
        return torch.cat(self.sketches)


@dataclass(frozen=True)
class Pass:
    """What came of a pass: by layer, and at the end, of n images with their labels; all on the CPU.

    Attributes:
        layers: name -> what is kept of it, in the order in which they run.
        grams: float32 [layers, entries], as for `metrics.cka.cka`.
        features: [n, D]. logits: [n, K]. labels: int64 [n].
    """

    layers: dict[str, Layer]
    grams: Tensor
    features: Tensor
    logits: Tensor
    labels: Tensor


def chosen(images: int, most: int) -> Tensor:
    """Which of the test images are shown: at most so many, evenly spaced, in a fixed random order; int64."""
    places = torch.linspace(0, images - 1, min(images, most), dtype=torch.float64).round().long()
    return places[torch.randperm(len(places), generator=torch.Generator().manual_seed(SEED))]


def used(settings: AnalysisConfig, images: int) -> Tensor:
    """Which of so many test images a study's settings ask for, as of `chosen`."""
    assert isinstance(settings, LayerOptions)
    return chosen(images, settings.layer_samples)


def show(network: Network, images: TestImages, rows: Tensor, condition: Condition = CLEAN) -> Pass:
    """Show a network the images of `rows` under a condition that is no attack."""
    _, channels, height, width = images.images.shape
    names = inner_layers(network.module, (channels, height, width))
    layers = {name: Layer() for name in names.values()}
    features, logits = [], []
    shown, labels = images.some(condition, rows, network.device, network.macs), images.labels[rows]
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        batch = _Batch(layers, len(rows[part]))
        with torch.inference_mode(), settled(network.macs), handing_on(network.module, names, batch.take):
            found = network.show(shown[part].to(network.device), labels[part].to(network.device), {})
        features.append(found.features.float().cpu())
        logits.append(found.logits.float().cpu())
    layers = {name: layer for name, layer in layers.items() if layer.sketches}
    vectors = torch.stack([torch.cat(layer.grams) for layer in layers.values()]) if layers else torch.zeros(0, 0)
    return Pass(layers, vectors, torch.cat(features), torch.cat(logits), labels)


@dataclass
class _Batch:
    """A batch of `size` images on its way; of a module that runs several times the first run counts."""

    layers: dict[str, Layer]
    size: int
    taken: set[str] = field(default_factory=set)

    def take(self, name: str, value: Tensor) -> None:
        if name in self.taken or len(value) % self.size:
            return
        self.taken.add(name)
        # windows of an image lie one after the other
        self.layers[name].update(value if len(value) == self.size else value.reshape(self.size, -1))
