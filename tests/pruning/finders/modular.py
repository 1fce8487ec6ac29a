"""Small studies of modular arithmetic for tests: seven numbers, learnt by heart within sixty iterations."""

from collections.abc import Iterable
from typing import Any

from pruning import Recipe, Ticket, Training
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage

DATA = "modular:add:7:0.7"
TRAINING = Training(
    epochs=60,
    batch_size=64,
    optimizer="adamw",
    lr=0.01,
    betas=(0.9, 0.98),
    weight_decay=1.0,
    warmup_epochs=0,
    schedule="constant",
    log_every=4,
)
SHORT = TRAINING.but(epochs=8)


def modular(finder: str, **fields: Any) -> Recipe:
    """A recipe of seed 3; short trainings unless said."""
    common = {"model": "modular_mlp", "data": DATA, "task": "modular", "training": SHORT, "seed": 3}
    return Recipe(**{**common, "finder": finder, **fields})


def find_all(recipes: Iterable[Recipe]) -> dict[str, Ticket]:
    """The tickets of the recipes and of all they descend from, by id."""
    known: dict[str, Ticket] = {}
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, Trainer(load_data(DATA)))
    return known
