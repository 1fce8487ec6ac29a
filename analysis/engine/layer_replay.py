"""What inner layers hand on, of networks that are not here: as much of it as a pass keeps, in files like their outputs.

A file holds, of each layer, the sketches of its images, its minibatches' Gram matrices, and what its units did.
"""

from __future__ import annotations

import json

import torch
from torch import Tensor

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.layer_pass import Layer, Pass, show
from analysis.engine.networks import Network
from analysis.engine.replay import OF_LAYERS, Replayed, written_under
from analysis.metrics.sketch import Units
from pruning.errors import UserError

NAMES = "names"
SKETCH, GRAMS, LOW, HIGH, ZEROS = "sketch", "grams", "low", "high", "zeros"


def looked_into(network: Network, images: TestImages, rows: Tensor, condition: Condition = CLEAN) -> Pass:
    """What came of a pass of the images of `rows`: made now, or when the network was recorded.

    Raises:
        UserError: that was not recorded, of other images, or the file is damaged.
    """
    if not isinstance(network, Replayed):
        return show(network, images, rows, condition)
    network.check(images)
    written = written_under(condition)
    digest = network.recording.layers.get(written)
    if digest is None:
        raise UserError(f"What the inner layers of '{network.label}' hand on was not recorded under {written}.")
    layers = _layers(network.read(OF_LAYERS + written, digest))
    if any(len(layer.sketch) != len(rows) for layer in layers.values()):
        raise UserError(
            f"The inner layers of '{network.label}' were shown another number of images than the study's "
            f"`layer_samples` asks for, {len(rows):,}; record it again."
        )
    found = network.replay(condition, rows)
    vectors = torch.stack([layer.grams[0] for layer in layers.values()])
    return Pass(layers, vectors, found.features.float().cpu(), found.logits.float().cpu(), images.labels[rows])


def look_into(
    network: Network, images: TestImages, rows: Tensor, condition: Condition, within: str = ""
) -> dict[str, Tensor]:
    """Show a network the images of `rows`, and give what its inner layers leave as a file holds it; {} of none.

    Names of layers are those of the module that lies `within` the network's.
    """
    if not any(True for _ in network.module.parameters()):
        return {}  # a function has no layers that could be caught
    found = show(network, images, rows, condition)
    tensors: dict[str, Tensor] = {}
    for place, (layer, vector) in enumerate(zip(found.layers.values(), found.grams, strict=True)):
        units = layer.units
        assert units.low is not None  # as of each that was shown an image
        assert units.high is not None
        counts = torch.tensor([int(units.zeros), units.total])
        each = {SKETCH: layer.sketch, GRAMS: vector, LOW: units.low.cpu(), HIGH: units.high.cpu(), ZEROS: counts}
        tensors |= {f"{place} {name}": tensor.clone() for name, tensor in each.items()}
    if not tensors:
        return {}
    return tensors | {NAMES: _written([name.removeprefix(within) for name in found.layers])}


def _written(names: list[str]) -> Tensor:
    return torch.frombuffer(bytearray(json.dumps(names).encode()), dtype=torch.uint8)


def _layers(tensors: dict[str, Tensor]) -> dict[str, Layer]:
    names: list[str] = json.loads(tensors[NAMES].numpy().tobytes())
    found = {}
    for place, name in enumerate(names):
        sketch, grams, low, high, zeros = (tensors[f"{place} {each}"] for each in (SKETCH, GRAMS, LOW, HIGH, ZEROS))
        units = Units(low, high, *map(int, zeros.tolist()))
        found[name] = Layer([sketch], [grams], units)
    return found
