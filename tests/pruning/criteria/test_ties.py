"""Scores that say nothing are refused; equal scores that do no harm are not."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruning.criteria.ties import refuse_ties
from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.granularity import get_granularity
from pruning.masks import Masks, full_masks, make_masks
from pruning.models import MODELS, Architecture, prunable
from pruning.recipe import Recipe


def decide(scores: Tensor, sparsity: float, structure: str = "weight", weights: Tensor | None = None,
           before: Masks | None = None, ties: torch.Generator | None = None) -> Masks:  # fmt: skip
    """Masks of one layer by its scores, if these say anything."""
    layers = {"a": scores, "b": torch.rand(scores.shape, generator=torch.Generator().manual_seed(0)) + 5}
    before = before or full_masks(layers)
    granularity, model = get_granularity(structure), None
    masks = make_masks(layers, sparsity, "layer" if granularity.allocates else "global", structure, before, ties=ties)
    own = {"a": torch.ones_like(scores) if weights is None else weights, "b": torch.ones_like(scores)}
    if ties is None:
        refuse_ties("Toy", layers, before, masks, own, granularity, model)
    return masks


def tied(share: float, value: float = 0.0, shape: tuple[int, int] = (20, 20)) -> Tensor:
    """Scores above `value`, but for a share of them that are equal to it, spread evenly."""
    scores = 1 + torch.rand(shape, generator=torch.Generator().manual_seed(1)) + abs(value)
    places = torch.randperm(scores.numel(), generator=torch.Generator().manual_seed(2))
    scores.view(-1)[places[: round(share * scores.numel())]] = value
    return scores


@pytest.mark.parametrize("structure", ["weight", "filter", "block:2x2", "2:4"])
@pytest.mark.parametrize("value", [0.0, 3.5, -1.0])
def test_constant_scores_are_refused_whatever_goes_as_one_piece(structure: str, value: float) -> None:
    with pytest.raises(UserError, match=f"The Toy scores say nothing of layer 'a': .* are {value:.3g}, more than half"):
        decide(torch.full((20, 20), value), 0.5, structure)


@pytest.mark.parametrize(
    ("share", "sparsity", "refused"),
    [
        (0.49, 0.3, False),  # not most
        (0.6, 0.3, True),  # position would say which half of them stays
        (0.6, 0.59, False),  # a few of them stay
        (0.6, 0.5, True),
        (0.6, 0.6, False),  # all of them go
        (0.6, 0.8, False),  # and more
        (0.99, 0.5, True),
        (0.0, 0.5, False),
    ],
)
def test_most_of_a_layer_equal_is_refused_where_position_decides(share: float, sparsity: float, refused: bool) -> None:
    if refused:
        with pytest.raises(UserError, match='ties = "random"'):
            decide(tied(share), sparsity)
    else:
        decide(tied(share), sparsity)


def test_filters_are_what_is_compared_where_filters_go() -> None:
    """Half of all weights equal, but no two filters."""
    scores = tied(0.6) + torch.arange(20.0)[:, None]
    scores[:, :12] = 0
    decide(scores, 0.5, "filter")
    with pytest.raises(UserError, match="layer 'a'"):
        decide(scores[:1].expand(20, 20).contiguous(), 0.5, "filter")


def test_weights_that_are_zero_are_worth_the_same() -> None:
    """A network that came pruned, without masks or with them."""
    scores = tied(0.9)
    decide(scores, 0.5, weights=scores)
    decide(scores, 0.95, before={"a": scores > 0, "b": torch.ones(20, 20, dtype=torch.bool)})


def test_ties_are_drawn_by_choice() -> None:
    """Every position wins as often, in every structure; the counts are exact, and what differs in score decides."""
    for structure, kept in (("weight", 200), ("filter", 200), ("2:4", 200)):
        total = torch.zeros(20, 20)
        for seed in range(60):
            mask = decide(torch.zeros(20, 20), 0.5, structure, ties=torch.Generator().manual_seed(seed))["a"]
            assert int(mask.sum()) == kept
            total += mask
        assert abs(float(total[:10].sum() - total[10:].sum())) < 60 * 200 * 0.1
        assert float(total.std()) < 6  # binomial of 60: 3.9, of pieces at most; by position it is 30
    scores = tied(0.6)
    mask = decide(scores, 0.3, ties=torch.Generator().manual_seed(0))["a"]
    assert bool(mask[scores > 0].all())


class ZeroHead(nn.Sequential):
    """No gradient reaches what lies before the head, which starts at zero."""

    def __init__(self, num_classes: int, size: int) -> None:
        head = nn.Linear(30, num_classes)
        nn.init.zeros_(head.weight)
        super().__init__(nn.Flatten(), nn.Linear(size, 30), nn.ReLU(), head)


class ZeroBranch(nn.Module):
    """A residual branch that starts at zero, as behind a norm with weight 0."""

    def __init__(self, num_classes: int, size: int) -> None:
        super().__init__()
        self.stem, self.first, self.last = nn.Linear(size, 20), nn.Linear(20, 20), nn.Linear(20, 20)
        self.gain, self.head = nn.Parameter(torch.zeros(20)), nn.Linear(20, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.stem(x.flatten(1)).relu()
        logits: Tensor = self.head(x + self.gain * self.last(self.first(x).relu()))
        return logits


class SameSize(nn.Sequential):
    """Weights of one size, as signed constants are."""

    def __init__(self, num_classes: int, size: int) -> None:
        first = nn.Linear(size, 30)
        first.weight = nn.Parameter(first.weight.detach().sign())
        super().__init__(nn.Flatten(), first, nn.ReLU(), nn.Linear(30, num_classes))


NETWORKS: tuple[Callable[[int, int], nn.Module], ...] = (ZeroHead, ZeroBranch, SameSize)


def _built(network: Callable[[int, int], nn.Module], size: int, classes: int, shape: tuple[int, int, int]) -> nn.Module:
    return network(classes, size)


@pytest.fixture
def trainer() -> Any:
    """For digits, with the networks above."""
    data = load_data("digits")
    size = data.shape[1] * data.shape[2]
    for network in NETWORKS:
        MODELS.register(Architecture(network.__name__, partial(_built, network, size)))
    yield Trainer(data)
    for network in NETWORKS:
        MODELS.unregister(network.__name__)


@pytest.mark.parametrize(
    ("network", "criterion", "layer"),
    [
        ("ZeroHead", "snip", "1.weight' [(]and 3.weight"),
        ("ZeroHead", "magnitude", "3.weight"),
        ("ZeroHead", "synflow", "1.weight"),
        ("ZeroBranch", "snip", "first.weight"),
        ("ZeroBranch", "grasp", "first.weight"),
        ("SameSize", "magnitude", "1.weight"),
    ],
)
def test_networks_of_which_a_criterion_says_nothing(trainer: Trainer, network: str, criterion: str, layer: str) -> None:
    recipe = Recipe(model=network, data="digits", criterion=criterion, sparsity=0.8)
    with pytest.raises(UserError, match=f'say nothing of layer \'{layer}.*ties = "random"'):
        prune_by_score(recipe, trainer.build(recipe), trainer)
    by_chance = recipe.but(ties="random")
    assert by_chance.id != recipe.id
    one, same, other = (
        prune_by_score(each, trainer.build(each), trainer) for each in (by_chance, by_chance, by_chance.with_seed(1))
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)
    assert sum(int((~mask).sum()) for mask in one.values()) == round(0.8 * sum(mask.numel() for mask in one.values()))


@pytest.mark.parametrize("criterion", ["random", "snip", "magnitude"])
def test_dead_units_and_layers_at_zero_are_no_obstacle(trainer: Trainer, criterion: str) -> None:
    """A third of the units of a layer never fires, and an imported network came half pruned."""
    recipe = Recipe(model="lenet300", data="digits", criterion=criterion, sparsity=0.2)
    model = trainer.build(recipe)
    with torch.no_grad():
        model.get_parameter("fc1.bias")[:100] = -1e3
    prune_by_score(recipe, model, trainer)
    model = trainer.build(recipe)
    with torch.no_grad():
        for weight in prunable(model).values():
            weight.mul_(torch.rand(weight.shape, generator=torch.Generator().manual_seed(0)) > 0.8)
    if criterion == "magnitude":
        prune_by_score(recipe, model, trainer)


def test_ties_leave_ids_as_before() -> None:
    assert "ties" not in Recipe(model="lenet300", data="digits", criterion="snip", sparsity=0.5).canonical()
