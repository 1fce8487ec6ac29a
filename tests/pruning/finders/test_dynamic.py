"""Dynamic sparse training: what is dropped, what grows, when, and that nothing else moves."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from pruning import Recipe, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Start
from pruning.data import load_data, normalise
from pruning.finders.base import Trainer
from pruning.finders.dynamic import DropAndGrow, DynamicOptions, drop_and_grow, share_dropped, update_iterations
from pruning.finders.scoring import prune_by_score
from pruning.masks import Masks
from pruning.models import build_model, prunable
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.training.seeds import generator

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=2, batch_size=128, warmup_epochs=0),
    "sparsity": 0.9,
    "seed": 6,
}
TOTAL = 24  # iterations
FINDERS = ["set", "rigl"]


def test_the_share_falls_as_a_cosine() -> None:
    assert share_dropped(0, 100, 0.3) == 0.3
    assert share_dropped(50, 100, 0.3) == pytest.approx(0.15)
    assert share_dropped(25, 100, 0.4) == pytest.approx(0.2 * (1 + math.sqrt(0.5)))
    assert share_dropped(100, 100, 0.3) == pytest.approx(0.0)


def recipe_with(**fields: Any) -> Recipe:
    return Recipe(**COMMON, finder="rigl", **fields)


def test_when_weights_are_exchanged() -> None:
    """As in the paper: every so many iterations, not at the first, as long as the end is not reached."""
    assert update_iterations(recipe_with(steps=7, until=0.8), 1000) == list(range(100, 800, 100))
    assert update_iterations(recipe_with(steps=3, begin=0.2, until=0.6), 100) == [30, 40, 50]
    assert update_iterations(recipe_with(steps=1, until=1.0), 10) == [5]
    assert update_iterations(recipe_with(steps=50, until=0.5), 10) == [1, 2, 3, 4]
    assert update_iterations(recipe_with(steps=50, until=0.1), 10) == []
    assert len(update_iterations(recipe_with(), 7820)) == 50


@given(
    st.integers(1, 60),
    st.integers(0, 400),
    st.floats(0, 0.98),
    st.floats(0.01, 1.0),
)
def test_exchanges_are_spaced_evenly(steps: int, total: int, begin: float, width: float) -> None:
    until = min(1.0, begin + width)
    if begin >= until:
        return
    found = update_iterations(recipe_with(steps=steps, begin=begin, until=until), total)
    gaps = [after - before for before, after in pairwise(found)]
    assert all(round(begin * total) < step < round(until * total) for step in found)
    assert len(found) == max(0, min(steps, round(until * total) - round(begin * total) - 1))
    assert not gaps or (min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)


layers = st.lists(st.tuples(st.integers(-2, 2), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12)


@given(layers, st.integers(0, 12), st.booleans())
def test_an_exchange_by_brute_force(layer: list[tuple[int, bool, int]], asked: int, regrow: bool) -> None:
    """Many ties: of equal weights the later is dropped, of equal chances the earlier grows."""
    kept = [position for position, (_, keeps, _) in enumerate(layer) if keeps]
    free = [position for position, (_, keeps, _) in enumerate(layer) if not keeps]
    count = min(asked, len(kept)) if regrow else min(asked, len(kept), len(free))
    dropped = sorted(kept, key=lambda position: (abs(layer[position][0]), -position))[:count]
    free += dropped if regrow else []
    grown = sorted(free, key=lambda position: (-layer[position][2], position))[:count]
    weight = torch.tensor([float(value) for value, _, _ in layer])
    mask = torch.tensor([keeps for _, keeps, _ in layer])
    chances = torch.tensor([float(chance) for _, _, chance in layer])
    found = drop_and_grow(weight, mask, chances, count, regrow)
    assert found.nonzero().squeeze(1).tolist() == sorted(({*kept} - {*dropped}) | {*grown})


def test_a_dropped_weight_grows_again_where_its_gradient_is_largest() -> None:
    """Algorithm 1 of Evci et al. grows outside of what stays, and so do the paper's code and jaxpruner."""
    weight, mask = torch.tensor([3.0, 0.1, -2.0, 0.0, 0.0]), torch.tensor([True, True, True, False, False])
    slope = torch.tensor([9.0, 5.0, 9.0, 4.0, 1.0])
    assert drop_and_grow(weight, mask, slope, 1).tolist() == mask.tolist()
    assert drop_and_grow(weight, mask, torch.tensor([9.0, 5.0, 2.0, 4.0, 1.0]), 2).tolist() == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert drop_and_grow(weight, mask, slope, 1, regrow=False).tolist() == [True, False, True, True, False]


class Spy(DropAndGrow):
    """Looks at every exchange from both sides."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.steps: list[int] = []
        self.swapped: list[int] = []
        self.dropped: list[int] = []
        self.weights: dict[str, Tensor] = {}

    def state(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.named_parameters()}

    def before(self, step: int) -> Masks | None:
        for name, mask in self.masks.items():
            assert bool((self.model.get_parameter(name)[~mask] == 0).all())
        return super().before(step)

    def gradients(self, step: int) -> Masks | None:
        before, weights = dict(self.masks), self.state()
        slopes = {name: self.model.get_parameter(name).grad for name in before}
        masks = super().gradients(step)
        if masks is None:
            assert all(torch.equal(before[name], mask) for name, mask in self.masks.items())
            return None
        self.steps.append(step)
        swapped = back = 0
        for name, old in before.items():
            new, size, slope = masks[name], weights[name].abs(), slopes[name]
            assert slope is not None
            assert int(new.sum()) == int(old.sum())
            share = 0.3 / 2 * (1 + math.cos(math.pi * step / 18))  # until is 0.75 of 24 iterations
            regrow = DynamicOptions.read(self.recipe).regrow
            count = min(round(share * int(old.sum())), old.numel() if regrow else int((~old).sum()))
            dropped = torch.zeros_like(old)
            backwards = torch.where(old, size, math.inf).reshape(-1).flip(0).argsort(stable=True)
            dropped.view(-1)[old.numel() - 1 - backwards[:count]] = True
            assert not bool((old & ~new & ~dropped).any())
            assert regrow or not bool((dropped & new).any())
            grown, left = new & ~(old & ~dropped), ~new if regrow else ~new & ~dropped
            assert int(grown.sum()) == count
            if bool(grown.any()) and bool(left.any()) and self.recipe.finder == "rigl":
                assert float(slope[grown].abs().min()) >= float(slope[left].abs().max())
            swapped, back = swapped + int((old & ~new).sum()), back + int((dropped & new).sum())
        self.swapped.append(swapped)
        self.dropped.append(swapped + back)
        self.weights = weights
        return masks

    def after(self, step: int) -> bool:
        """The iteration of an exchange changes no weight but for what was dropped."""
        if self.steps[-1:] == [step]:
            for name, value in self.state().items():
                mask = self.masks.get(name)
                assert torch.equal(value, self.weights[name] if mask is None else self.weights[name] * mask)
        return super().after(step)


@pytest.mark.parametrize("regrow", [True, False])
@pytest.mark.parametrize("finder", FINDERS)
def test_every_exchange(finder: str, regrow: bool) -> None:
    recipe = Recipe(**COMMON, finder=finder, steps=8, regrow=regrow)
    trainer, model = Trainer(load_data("digits")), build_model("lenet300", 10, (1, 8, 8), 6)
    masks = prune_by_score(recipe, model, trainer, criterion="random")
    spy = Spy(recipe, model, dict(masks), trainer)
    trainer.train(model, recipe.training, recipe, masks, hook=spy)
    assert spy.steps == [2, 4, 6, 8, 10, 12, 14, 16]
    assert min(spy.swapped) > 0
    assert (sum(spy.swapped) < sum(spy.dropped)) == regrow
    ticket = find_ticket(recipe)
    for name, mask in spy.masks.items():
        assert torch.equal(mask, ticket.masks[name])
        assert int(mask.sum()) == int(masks[name].sum())
        assert bool((ticket.state[name][~mask] == 0).all())
    assert not torch.equal(masks["fc2.weight"], ticket.masks["fc2.weight"])
    expected = {"iteration": [step + 1.0 for step in spy.steps], "carried": spy.swapped, "possible": spy.dropped}
    assert ticket.info.recorded("swaps") == expected


@pytest.mark.parametrize("regrow", [True, False])
def test_training_by_hand(regrow: bool) -> None:
    """RigL in a plain loop: masked weights, momentum that is forgotten with its weight, updates in place of steps.

    A weight that is dropped and grown at once keeps both.
    """
    config = Training(epochs=2, batch_size=128, lr=0.05, warmup_epochs=0, schedule="constant", weight_decay=0.01)
    recipe = Recipe(**COMMON | {"training": config}, finder="rigl", steps=5, until=0.5, rate=0.4, regrow=regrow)
    data, model = load_data("digits"), build_model("lenet300", 10, (1, 8, 8), 6)
    masks = prune_by_score(recipe, model, Trainer(data), criterion="random")
    values = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    speed = {name: torch.zeros_like(p) for name, p in values.items()}
    for step in range(TOTAL):
        order = torch.randperm(len(data.train.labels), generator=generator(6, "order", step // 12))
        rows = order[128 * (step % 12) : 128 * (step % 12 + 1)]
        images = normalise(data.train.images[rows], data.mean, data.std)
        loss = F.cross_entropy(torch.func.functional_call(model, values, (images,)), data.train.labels[rows])
        slopes = dict(zip(values, torch.autograd.grad(loss, list(values.values())), strict=True))
        with torch.no_grad():
            if step in (2, 4, 6, 8, 10):
                for name, mask in masks.items():
                    share = 0.2 * (1 + math.cos(math.pi * step / 12))
                    count, old = round(share * int(mask.sum())), mask.clone()
                    gone = torch.where(mask, values[name].abs(), math.inf).reshape(-1).argsort(stable=True)[:count]
                    mask.view(-1)[gone] = False
                    barred = mask if regrow else old
                    grown = torch.where(barred, -1.0, slopes[name].abs()).reshape(-1).argsort(descending=True)[:count]
                    mask.view(-1)[grown] = True
                    values[name] *= mask
                    speed[name] *= mask
                continue
            for name, value in values.items():
                decay = 0.01 * value if value.ndim > 1 else 0.0
                speed[name] = 0.9 * speed[name] + (slopes[name] + decay) * masks.get(name, torch.tensor(True))
                value -= 0.05 * speed[name]
    ticket = find_ticket(recipe)
    for name, value in values.items():
        torch.testing.assert_close(ticket.state[name], value.detach(), rtol=1e-4, atol=1e-6)
    for name, mask in masks.items():
        assert torch.equal(ticket.masks[name], mask)


@pytest.mark.parametrize("finder", FINDERS)
def test_the_first_mask_is_that_of_random_pruning_and_counts_are_exact(finder: str) -> None:
    common = COMMON | {"training": Training(epochs=1, batch_size=256)}
    for more in ({"allocation": "erk"}, {"allocation": "global", "prune_classifier": False}):
        ticket = find_ticket(Recipe(**common | more, finder=finder, until=0.01))
        static = find_ticket(Recipe(**common | more, criterion="random"))
        assert ticket.kept == ticket.total - round(0.9 * ticket.total)
        assert ticket.info.recorded("swaps") == {"iteration": [], "carried": [], "possible": []}
        # nothing was exchanged, so nothing differs
        assert all(torch.equal(ticket.state[name], value) for name, value in static.state.items())


@pytest.mark.parametrize("finder", FINDERS)
def test_found_again_it_is_the_same(finder: str) -> None:
    recipe = Recipe(**COMMON, finder=finder)
    again = Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True))
    assert again == recipe
    assert recipe.options == DynamicOptions(allocation="erk", rate=0.3, begin=0.0, until=0.75, steps=50, regrow=True)
    torch.manual_seed(1)
    one = find_ticket(recipe)
    torch.manual_seed(2)
    two = find_ticket(again)
    other = find_ticket(recipe.with_seed(7))
    assert all(torch.equal(one.state[name], two.state[name]) for name in one.state)
    assert not torch.equal(one.masks["fc1.weight"], other.masks["fc1.weight"])


def test_a_dense_layer_stays_dense() -> None:
    """Under ERK the classifier keeps everything; all that it drops grows again, with its value."""
    ticket = find_ticket(Recipe(**COMMON | {"sparsity": 0.5}, finder="rigl", steps=4))
    full = [name for name, mask in ticket.masks.items() if bool(mask.all())]
    assert full == ["fc3.weight"]
    assert len(prunable(ticket.model())) == 3
    assert bool((ticket.state["fc3.weight"] != 0).all())


def test_a_network_with_convolutions_and_norms() -> None:
    recipe = Recipe(model="resnet20", data="digits", training=Training(epochs=0.5, batch_size=128), finder="rigl",
                    sparsity=0.8, steps=2, until=1.0)  # fmt: skip
    ticket = find_ticket(recipe)
    assert ticket.kept == ticket.total - round(0.8 * ticket.total)


def test_only_barred_regrowth_enters_the_id() -> None:
    """So that a recipe from before there was the option is the same recipe."""
    usual = Recipe(**COMMON, finder="rigl")
    assert usual.id == usual.but(regrow=True).id == "e307163e320a"
    assert usual.but(regrow=False).id != usual.id
    assert "regrow" not in usual.canonical()
    assert Recipe.model_validate(usual.but(regrow=False).canonical()) == usual.but(regrow=False)


def test_imported_weights_are_refused() -> None:
    with pytest.raises(UserError, match="'gmp' or 'movement'"):
        Recipe(**COMMON, finder="set", start=Start(weights="0" * 12, mean=(0.5,), std=(0.5,)))


def test_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'title = "Moving"\nmodel = "lenet300"\ndata = "digits"\nsparsities = [0.8]\n'
        "[training]\nepochs = 1\nbatch_size = 128\n"
        '[[method]]\nfinder = "set"\nsteps = 3\nrate = 0.5\n[[method]]\nfinder = "rigl"\nallocation = "layer"\n'
    )
    study = Study.open(tmp_path)
    assert not run(study, RunOptions(jobs=1)).failed
    assert [entry.recipe.label for entry in study.entries()] == ["Dense", "SET 80 %", "RigL 80 %"]
    assert len(study.entries()[1].info.recorded("swaps")["carried"]) == 3
