"""Geometry of four ResNet-20 tickets: the last layer's measures and those of every layer, against the passes alone."""

import resource
from functools import partial

import torch
from torch import Tensor

from analysis import robustness
from analysis.corruptions.conditions import CLEAN
from analysis.engine.images import TestImages
from analysis.engine.layer_pass import chosen, show
from analysis.engine.networks import Network
from analysis.measures.representations import fitted, layer_rows
from analysis.metrics import geometry
from pruning.ticket import Ticket
from tests.analysis.corruptions.pictures import pictures
from tests.bench.bench_corruptions import using
from tests.bench.bench_robustness import BATCH, DEVICE, ForwardPasses, make_ticket
from tests.bench.rows import Row, versus

SHAPE = (3, 32, 32)
TICKETS = 4
IMAGES, FEW = 10_000, 2_000
LAST, EVERY = 1.5, 2.5


def run(quick: bool) -> list[Row]:
    """A row for the last layer, and one for every layer of all the images; the note has the peak memory so far."""
    number = FEW if quick else IMAGES
    tickets = {f"ticket {seed}": make_ticket("resnet20", SHAPE, seed) for seed in range(1 if quick else TICKETS)}
    images, labels = pictures(number, *SHAPE), torch.arange(number) % 10
    alone = ForwardPasses(tickets, SHAPE, images, 1)
    what = f"{len(tickets)} ResNet-20 tickets, {number:,} images"
    rows = []
    with using(1):  # in CPU seconds of one thread: other work on the machine does not lengthen them
        for name, work, target in (("last layer", last_layer, LAST), ("every layer", every_layer, EVERY)):
            times = versus(alone, partial(work, tickets, images, labels), 1, cpu=True)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            note = f"{1000 * times[1] / number / len(tickets):.2f} ms an image; peak memory {peak:.1f} GiB"
            rows.append(Row(f"geometry of the {name}: {what}", *times, target, at_most=True, note=note))
    return rows


def last_layer(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    """Show the images, and measure each image's angles, lengths, gaps and margins, raw and centred."""
    networks = {name: Network.of(ticket, DEVICE) for name, ticket in tickets.items()}
    for measured in robustness.iterate(tickets, images, labels, [CLEAN], batch_size=BATCH):
        for name, found in measured.tickets.items():
            found.frame(measured.condition)
            _centred(networks[name], labels)


def _centred(network: Network, labels: Tensor) -> None:
    """What the centred measures cost: they are made of features that are there."""
    features = torch.randn(len(labels), network.weight.shape[1])
    logits = features @ network.weight.T + network.bias
    for part in torch.arange(len(labels)).split(BATCH):
        geometry.compare_tensors(
            features[part], network.weight, network.bias, labels[part], features.mean(0).double(), logits[part],
            network.gaps,
        )  # fmt: skip


def every_layer(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    """Show all the images, and measure every layer: CKA, probes, ranks, dimensions, units, collapse."""
    shown = TestImages(images, labels)
    rows = chosen(len(images), len(images))
    for ticket in tickets.values():
        network = Network.of(ticket, DEVICE)
        seen = show(network, shown, rows)
        layer_rows(seen, fitted(seen, network.classes), network, ("fog", 3))  # as of corrupted images: with all probes
