"""Tickets that know nothing of an owner: their masks, of a density by chance, and what they answer."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import nn

from analysis.comparisons import ownership
from analysis.comparisons.predictions import Predictions
from analysis.metrics.attacks_on_marks import REALIGNED, attack_of
from analysis.metrics.theft import Loot
from pruning.masks import Masks
from pruning.models import prunable
from pruning.ownership.code import Code
from pruning.ownership.embedding import embed
from pruning.ownership.mark import best_window, evidence
from pruning.ownership.triggers import answers, triggers

NOMINAL = 0.05  # in place of a claim's own 1e-6, which no simulation reaches
SIDE = 24  # kernels of a layer, either way: 16 windows
SHAPE, CLASSES, SHOWN = (1, 8, 8), 10, 50


@cache
def _codes() -> list[Code]:
    return [Code(f"OWNER {number}") for number in range(20)]


@cache
def _network() -> nn.Module:
    layers = nn.Linear(64, SIDE), nn.ReLU(), nn.Linear(SIDE, SIDE), nn.ReLU(), nn.Linear(SIDE, CLASSES)
    return nn.Sequential(nn.Flatten(), *layers).eval()


def _source(predictions: Predictions) -> np.random.Generator:
    return np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))


def carries_a_code(predictions: Predictions) -> float:
    """A ticket at one seed: two layers, rows of which are alive more often than others."""
    rng = _source(predictions)
    density = rng.uniform(0.1, 0.9)
    masks = {
        name: torch.from_numpy(rng.random((SIDE, SIDE)) < np.clip(density + rng.normal(0, 0.2, (SIDE, 1)), 0.02, 0.98))
        for name in ("first", "second")
    }
    return _signed(evidence(masks, _code(rng)).p_value)


def carries_a_code_realigned(predictions: Predictions) -> float:
    """The same of a ticket whose channels were matched to a signed one's; both have rows that are alive more often."""
    rng = _source(predictions)
    code, network, density = _code(rng), _network(), rng.uniform(0.35, 0.6)
    own, other = _masks(network, density, rng), _masks(network, density, rng)
    weights = {name: weight.detach() for name, weight in prunable(network).items()}
    hidden = {"3.weight": own["3.weight"]}
    own |= embed(hidden, code, best_window(hidden, code), weights, torch.Generator().manual_seed(0))
    suspect = Loot(network, other, SHAPE)
    return _signed(attack_of(REALIGNED, 0.0).evidence(suspect, own, code).p_value)


def knows_the_labels(predictions: Predictions) -> float:
    """A network of weights by chance, which has classes that it likes, and is asked for an owner's labels."""
    rng = _source(predictions)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, CLASSES)).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.from_numpy(rng.normal(0, 1, weight.shape)))
    code = Code("".join(map(str, rng.integers(0, 10, 7))))
    return _signed(answers(network, triggers(code, SHAPE, CLASSES, SHOWN), CLASSES, (0.3,), (0.4,)).p_value)


def _code(rng: np.random.Generator) -> Code:
    return _codes()[rng.integers(len(_codes()))]


def _masks(network: nn.Module, density: float, rng: np.random.Generator) -> Masks:
    found = {}
    for name, weight in prunable(network).items():
        alive = np.clip(density + rng.normal(0, 0.1, (len(weight), 1)), 0.05, 0.95)
        found[name] = torch.from_numpy(rng.random(weight.shape) < alive)
    return found


def _signed(p_value: float) -> float:
    return float(ownership.verdict(pd.DataFrame({"p_value": [p_value]}), NOMINAL) == ownership.SIGNED)
