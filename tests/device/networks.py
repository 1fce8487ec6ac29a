"""Criteria, training and search on a device: the same twice, and what the CPU gives."""

from collections.abc import Iterator

import torch

from pruning import Recipe, Training
from pruning.criteria import CRITERIA
from pruning.criteria.base import Scores
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage
from pruning.finders.scoring import scoring_context
from pruning.masks import Masks
from pruning.models import build_model
from pruning.ticket import Ticket
from pruning.training.precision import settled
from tests.device.results import Result

CPU = torch.device("cpu")
DATA = "digits"
# What rounding may do on another device to scores, some of which are differences, and to a loss in training.
NEAR, LOSS = 1e-2, 2e-2
FINDERS: dict[str, dict[str, object]] = {
    "imp": {"criterion": "magnitude"},
    "gmp": {"criterion": "magnitude"},
    "set": {},
    "rigl": {},
    "edge_popup": {},
    "sign_supermask": {"criterion": "snip"},
    "movement": {},
    "jackpot": {"criterion": "magnitude"},
}
QUICK = ("set", "rigl")


def recipe(finder: str, **fields: object) -> Recipe:
    """A recipe that takes a second."""
    training = Training(epochs=0.1, batch_size=64, warmup_epochs=0, precision="float32")
    return Recipe(**{"model": "conv2", "data": DATA, "finder": finder, "sparsity": 0.7, "training": training, **fields})


def criteria(device: torch.device, quick: bool) -> Iterator[Result]:
    """By every criterion for single weights, how far scores are off the CPU's, in the largest score of their layer."""
    most = 0.0 if device == CPU else NEAR
    for name, criterion in CRITERIA.items():
        if criterion.structure is None:
            here, there = (scores(name, each) for each in (CPU, device))
            off = max(
                float((there[layer].cpu() - score).abs().max() / score.abs().max().clamp(min=1e-30))
                for layer, score in here.items()
            )
            yield Result("criteria", f"{name}: scores off the CPU's", off, most)


def scores(name: str, device: torch.device) -> Scores:
    """What a criterion gives for a network that is not trained."""
    made, data = recipe("one_shot", criterion=name), load_data(DATA)
    model = build_model(made.model, data.num_classes, data.shape, 0).to(device)
    context = scoring_context(made, model, Trainer(data, device), CRITERIA[name])
    with settled(0):
        return CRITERIA[name].score(model, context)


def apart(one: Masks, other: Masks) -> float:
    """The share of entries in which masks differ."""
    unlike = sum(int((mask.cpu() ^ other[name].cpu()).sum()) for name, mask in one.items())
    return unlike / sum(mask.numel() for mask in one.values())


def training(device: torch.device, quick: bool) -> Iterator[Result]:
    """A network trained twice on the device, and once on the CPU."""
    made = recipe("dense", sparsity=0.0)
    first, second, near = (found([made], each)[made.id] for each in (device, device, CPU))
    yield Result("training", "weights that differ between two trainings", _unlike(first, second), 0.0)
    losses = [ticket.info.history[-1].loss for ticket in (first, near)]
    off = abs(losses[0] - losses[1]) / losses[1]
    yield Result("training", "loss off the CPU's, as a share", off, 0.0 if device == CPU else LOSS)


def search(device: torch.device, quick: bool) -> Iterator[Result]:
    """Tickets found twice on the device, by a finder of each kind."""
    for name in QUICK if quick else FINDERS:
        made = recipe(name, **FINDERS[name])
        first, second = (found([made], device)[made.id] for _ in range(2))
        yield Result("search", f"{name}: entries that differ, found twice", apart(first.masks, second.masks), 0.0)
        total = sum(mask.numel() for mask in first.masks.values())
        kept = sum(int(mask.sum()) for mask in first.masks.values())
        yield Result(
            "search", f"{name}: weights kept off the exact number", abs(total - round(0.7 * total) - kept), 0.0
        )


def found(recipes: list[Recipe], device: torch.device) -> dict[str, Ticket]:
    """The tickets of recipes and of all they descend from, by id."""
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data(DATA), device)
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


def _unlike(one: Ticket, other: Ticket) -> float:
    return float(sum(int((value != other.state[name]).sum()) for name, value in one.state.items()))
