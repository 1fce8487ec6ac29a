"""What must hold exactly: flows are conserved, levels have the counts they say, rewinding is to the bit.

SNIP, Taylor and GraSP are held against finite differences in `tests/pruning/criteria/test_formulas.py`, removed blocks
against networks without them in `shrink`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.data import load_data
from pruning.finders import base
from pruning.finders.base import Trainer
from pruning.finders.imp import previous_level
from pruning.finders.lineage import find_step, lineage
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import train

untimed = settings(deadline=None, max_examples=30)
CLOSE = 1e-9  # scores are in double precision

# --- SynFlow: what flows into a unit flows out of it (Tanaka et al. 2020, theorems 1 and 2) --------------------------


def synflow(model: nn.Module, *shape: int) -> dict[str, Tensor]:
    """The scores of a network for images of that shape."""
    return CRITERIA["synflow"].score(model, Context([(torch.zeros(1, *shape), torch.zeros(1))], torch.Generator()))


def layers(kinds: Sequence[nn.Module]) -> nn.Sequential:
    """Layers with ReLU between them, their weights drawn anew, none of them zero."""
    with torch.no_grad():
        for weight in (layer.get_parameter("weight") for layer in kinds):
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel())) + 1e-3)
    return nn.Sequential(*[part for layer in kinds for part in (layer, nn.ReLU())][:-1])


@untimed
@given(st.lists(st.integers(1, 9), min_size=2, max_size=7))
def test_every_layer_of_a_perceptron_carries_the_whole_flow(widths: list[int]) -> None:
    model = layers([nn.Linear(i, o, bias=False) for i, o in pairwise(widths)])
    found = synflow(nn.Sequential(nn.Flatten(), model), 1, 1, widths[0])
    flow = np.ones(widths[0])
    for weight in prunable(model).values():
        flow = np.abs(weight.detach().double().numpy()) @ flow
    for score in found.values():
        assert float(score.sum()) == pytest.approx(float(flow.sum()), rel=CLOSE)
    for before, after in pairwise(found.values()):
        np.testing.assert_allclose(before.sum(1), after.sum(0), rtol=CLOSE)  # unit by unit


@untimed
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 1), st.integers(1, 2))
def test_every_layer_of_a_convolutional_network_carries_the_whole_flow(
    widths: list[int], padding: int, stride: int
) -> None:
    first = [nn.Conv2d(i, o, 2, stride, padding, bias=False) for i, o in pairwise(widths)]
    side = 9
    for _ in first:
        side = (side + 2 * padding - 2) // stride + 1
    model = nn.Sequential(layers(first), nn.ReLU(), nn.Flatten(), layers([nn.Linear(widths[-1] * side**2, 3)]))
    found = synflow(model, widths[0], 9, 9)
    flow = torch.ones(1, widths[0], 9, 9, dtype=torch.float64)
    *convolutions, last = [weight.detach().abs().double() for weight in prunable(model).values()]
    for weight in convolutions:
        flow = F.conv2d(flow, weight, stride=stride, padding=padding)
    whole = float((last @ flow.flatten()).sum())
    for score in found.values():
        assert float(score.sum()) == pytest.approx(whole, rel=CLOSE)


@pytest.mark.parametrize("name", ["lenet300", "lenet5", "conv2", "conv4"])
def test_biases_are_no_part_of_the_flow(name: str) -> None:
    model = build_model(name, 10, (1, 12, 12), 0)
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter)
    flows = [float(score.sum()) for score in synflow(model, 1, 12, 12).values()]
    with torch.no_grad():
        for parameter in model.double().parameters():
            parameter.copy_(parameter.abs() if parameter.ndim > 1 else torch.zeros_like(parameter))
        expected = float(model(torch.ones(1, 1, 12, 12, dtype=torch.float64)).sum())
    assert flows == pytest.approx([expected] * len(flows), rel=CLOSE)


class Residual(nn.Module):
    """Blocks of two linear layers beside shortcuts, without norms."""

    def __init__(self, width: int, inner: list[int]) -> None:
        super().__init__()
        self.stem = nn.Linear(4, width, bias=False)
        self.up = nn.ModuleList(nn.Linear(width, each, bias=False) for each in inner)
        self.down = nn.ModuleList(nn.Linear(each, width, bias=False) for each in inner)
        self.last = nn.Linear(width, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.stem(x.flatten(1))
        for up, down in zip(self.up, self.down, strict=True):
            x = x + down(F.relu(up(x)))
        return self.last(x)


@untimed
@given(st.integers(1, 5), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_a_block_carries_what_its_shortcut_does_not(width: int, inner: list[int]) -> None:
    """Both layers of a block carry the same; without the block the network loses exactly that."""
    torch.manual_seed(width)
    model = Residual(width, inner)
    sums = {name: float(score.sum()) for name, score in synflow(model, 1, 2, 2).items()}
    weights = {name: np.abs(weight.detach().double().numpy()) for name, weight in prunable(model).items()}

    def flow(without: int | None = None) -> float:
        passed = weights["stem.weight"] @ np.ones(4)
        for number in range(len(inner)):
            if number != without:
                passed = passed + weights[f"down.{number}.weight"] @ weights[f"up.{number}.weight"] @ passed
        return float((weights["last.weight"] @ passed).sum())

    assert [sums["stem.weight"], sums["last.weight"]] == pytest.approx([flow()] * 2, rel=CLOSE)
    for number in range(len(inner)):
        lost = flow() - flow(without=number)
        found = [sums[f"{layer}.{number}.weight"] for layer in ("up", "down")]
        assert found == pytest.approx([lost] * 2, rel=1e-6)


# --- IMP: levels and rewinding ---------------------------------------------------------------------------------------

SHORT = Training(epochs=0.5, batch_size=128, warmup_epochs=0)  # 6 iterations


def levels(recipe: Recipe) -> list[Recipe]:
    """The levels of iterative pruning down to the recipe's own, the first one first."""
    before = previous_level(recipe)
    return [*(levels(before) if before else []), recipe]


@untimed
@given(st.floats(0.05, 0.9), st.floats(0.01, 0.99))
def test_levels_remove_the_rate_of_what_is_left(rate: float, sparsity: float) -> None:
    recipe = Recipe(model="lenet300", data="digits", finder="imp", rate=rate, sparsity=sparsity)
    found = [level.sparsity for level in levels(recipe)]
    assume(min(abs(sparsity - (1 - (1 - rate) ** j)) for j in range(1, 200)) > 1e-8)
    steps = [1 - (1 - rate) ** j for j in range(1, 200)]
    assert found == pytest.approx([*(step for step in steps if step < sparsity), sparsity], abs=1e-11)


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    """The tickets of the recipes and of all they descend from, by id."""
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


@pytest.mark.parametrize("allocation", ["global", "layer", "erk"])
def test_each_level_removes_exactly_as_many_and_within_the_level_before(allocation: str) -> None:
    recipe = Recipe(
        model="lenet300",
        data="digits",
        finder="imp",
        rate=0.37,
        sparsity=0.9,
        allocation=allocation,
        training=SHORT.but(epochs=0.1),
    )
    known, total = find_all(recipe), 64 * 300 + 300 * 100 + 100 * 10
    found = [known[level.id] for level in levels(recipe)]
    removed = [sum(int((~mask).sum()) for mask in ticket.masks.values()) for ticket in found]
    assert removed == [*(round((1 - 0.63**level) * total) for level in range(1, 5)), round(0.9 * total)]
    for before, after in pairwise(found):
        assert all(bool((before.masks[name] | ~mask).all()) for name, mask in after.masks.items())
    for ticket in found:
        assert all(not bool(ticket.state[name][~mask].any()) for name, mask in ticket.masks.items())


@pytest.mark.parametrize(("model", "rewind"), [("lenet300", 0), ("lenet300", 4), ("resnet20", 0), ("resnet20", 3)])
def test_training_starts_from_the_dense_network_of_that_iteration(
    model: str, rewind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: the weights that are kept, and all that is not pruned, batch statistics included."""
    common: dict[str, Any] = {"model": model, "data": "digits", "training": SHORT, "seed": 3}
    imp = Recipe(**common, finder="imp", rate=0.5, sparsity=0.75, rewind=rewind)
    mixed = Recipe(**common, finder="shuffled", of=imp)
    started: list[tuple[dict[str, Tensor], int]] = []
    real = train

    def watched(network: nn.Module, *args: Any, **rest: Any) -> object:
        started.append(({name: value.clone() for name, value in network.state_dict().items()}, rest["start"]))
        return real(network, *args, **rest)

    monkeypatch.setattr(base, "train", watched)
    known = find_all(mixed)
    data = load_data("digits")
    dense = build_model(model, 10, data.shape, 3)
    if rewind:
        train(dense, data, SHORT, 3, stop=rewind)
    tickets = [known[recipe.id] for recipe in (*levels(imp), mixed)]
    assert len(started) == len(known)
    for ticket, (state, iteration) in zip(tickets, started[-3:], strict=True):
        assert iteration == rewind
        assert set(state) == set(dense.state_dict())
        for name, value in dense.state_dict().items():
            mask = ticket.masks.get(name)
            assert torch.equal(state[name], value if mask is None else value * mask)
