"""Networks of the leaderboard of common corruptions (RobustBench), by the names that its state dicts have."""

import re

import pytest
import torch
from torch import Tensor

from pruning.errors import UserError
from pruning.models import build_model
from pruning.recognition.known_networks import recognise

CIFAR = (3, 32, 32)
NAMES: dict[str, dict[str, str]] = {  # of ours -> what the public code calls its parts otherwise
    "wrn40_2": {},  # AugMix
    "resnext29_4x32": {},  # AugMix
    "preact_resnet18": {},  # RLAT
    "cifar_resnet18": {},  # PRIME
    "cifar_resnet18_2": {r"shortcut\.": "downsample.", r"^linear\.": "fc."},  # a CARD (LRR)
}


def made(name: str) -> dict[str, Tensor]:
    """A state dict in their layout: their names, and what its input is normalised by as buffers."""
    state = build_model(name, 10, CIFAR, 3).state_dict()
    for ours, theirs in NAMES[name].items():
        state = {re.sub(ours, theirs, key): value for key, value in state.items()}
    return state | {key: torch.full((1, 3, 1, 1), 0.3) for key in ("mu", "sigma")}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_recognised_and_computes_the_same(name: str) -> None:
    state = made(name)
    found = recognise(state, 10, CIFAR)
    assert found.model == name
    assert set(found.unused) <= {"mu", "sigma"}
    ours, theirs = build_model(name, 10, CIFAR, 4).eval(), build_model(name, 10, CIFAR, 3).eval()
    ours.load_state_dict(found.apply(state))
    images = torch.randn(2, *CIFAR, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))


def test_a_deck_is_no_network_and_its_cards_are() -> None:
    card = made("cifar_resnet18_2")
    deck = {f"models.{place}.{key}": value for place in range(2) for key, value in card.items()}
    with pytest.raises(UserError, match="give the network itself"):
        recognise(deck, 10, CIFAR)
    own = {key.removeprefix("models.1."): value for key, value in deck.items() if key.startswith("models.1.")}
    assert recognise(own, 10, CIFAR).model == "cifar_resnet18_2"
