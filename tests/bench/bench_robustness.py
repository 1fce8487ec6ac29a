"""Robustness of several tickets: the whole evaluation, with the rows it stores, against the forward passes alone."""

from functools import partial

import torch
from torch import Tensor, nn

from analysis import robustness
from analysis.measures.conditions import row
from analysis.measures.reliability import bins
from pruning.data import normalise
from pruning.models import build_model, count_macs, prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket, TicketInfo
from pruning.training.precision import as_input, autocast, pick_device, pick_precision, prepare, settled
from tests.analysis.corruptions.pictures import pictures
from tests.bench.bench_corruptions import using
from tests.bench.rows import Row, versus

TARGET = 1.2
BATCH = 500
DEVICE = pick_device("cpu")
# Model, shape, tickets, images, severities.
SETTINGS = (("lenet5", (1, 28, 28), 10, 500, (3,)), ("resnet20", (3, 32, 32), 3, 100, (3,)))
QUICK = ("lenet5", (1, 28, 28), 4, 500, (3,))


def run(quick: bool) -> list[Row]:
    """A row for each of two networks."""
    rows = []
    for model, shape, count, number, severities in [QUICK] if quick else SETTINGS:
        tickets = {f"ticket {seed}": make_ticket(model, shape, seed) for seed in range(count)}
        images = pictures(number, *shape)
        labels = torch.arange(number) % 10
        conditions = len(robustness.all_conditions(severities=severities))
        # On one thread, in CPU seconds: other work on the machine does not lengthen them.
        with using(1):
            times = versus(
                ForwardPasses(tickets, shape, images, conditions),
                partial(evaluated, tickets, images, labels, severities),
                1 if quick else 2,
                cpu=True,
            )
        what = f"robustness of {count} {model} tickets, {conditions} conditions of {number} images"
        rate = conditions * number * count / times[1]
        rows.append(
            Row(what, *times, TARGET, at_most=True, note=f"{rate:,.0f} images/s shown and measured, one thread")
        )
    return rows


def evaluated(tickets: dict[str, Ticket], images: Tensor, labels: Tensor, severities: tuple[int, ...]) -> None:
    """What a run over a study does with each condition, but for writing it down."""
    conditions = robustness.all_conditions(severities=severities)
    for measured in robustness.iterate(tickets, images, labels, conditions, batch_size=BATCH):
        for found in measured.tickets.values():
            row(measured.condition, found)
            bins(measured.condition, found)
            found.frame(measured.condition)


def make_ticket(model: str, shape: tuple[int, int, int], seed: int) -> Ticket:
    """A dense ticket as it was initialised: the time does not depend on the values."""
    network = build_model(model, 10, shape, seed)
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(network).items()}
    channels = shape[0]
    info = TicketInfo(shape=shape, classes=[*"0123456789"], mean=[0.5] * channels, std=[0.25] * channels)
    return Ticket(Recipe(model=model, data="digits", finder="dense", seed=seed), masks, network.state_dict(), info)


class ForwardPasses:
    """The networks alone on batches that are there already, in the same layout, precision and number of threads."""

    def __init__(
        self, tickets: dict[str, Ticket], shape: tuple[int, int, int], images: Tensor, conditions: int
    ) -> None:
        networks: list[nn.Module] = [ticket.model() for ticket in tickets.values()]
        self.macs = count_macs(networks[0], shape)
        self.networks = [prepare(network, DEVICE, self.macs) for network in networks]
        self.precision = pick_precision("auto", self.macs, DEVICE)
        info = next(iter(tickets.values())).info
        self.batches = [as_input(normalise(b, info.mean, info.std), DEVICE, self.macs) for b in images.split(BATCH)]
        self.conditions = conditions

    @torch.inference_mode()
    def __call__(self) -> None:
        with settled(self.macs), autocast(self.precision, DEVICE):
            for _ in range(self.conditions):
                for batch in self.batches:
                    for network in self.networks:
                        network(batch)
