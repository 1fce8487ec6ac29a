"""SuperTickets: what is cut is gone, budgets are kept, rules of re-activation differ, the optimiser stays in step."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning import Recipe, Ticket, Training, UserError
from pruning.data import load_data
from pruning.finders.architecture import by_turns, filled, left_in
from pruning.finders.base import Trainer
from pruning.finders.branch_search import Plan, Supersearch, events
from pruning.finders.lineage import find_step, lineage
from pruning.finders.supernet import SupernetOptions
from pruning.masks import full_masks
from pruning.models import prunable
from pruning.training import loop
from pruning.training.adamw import AdamW

TRAINING = Training(epochs=1, batch_size=128, lr=0.1, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "supernet_small", "data": "digits", "training": TRAINING, "seed": 5}
SUPER = Recipe(**COMMON, finder="supernet", sparsity=0.85, steps=4)
WHOLE = 4936
_KNOWN: dict[str, Ticket] = {}


def found(recipe: Recipe) -> Ticket:
    """The ticket, found once for all tests."""
    for step in lineage([recipe]):
        if step.id not in _KNOWN:
            _KNOWN[step.id] = find_step(step, _KNOWN, Trainer(load_data("digits")))
    return _KNOWN[recipe.id]


def searching(
    rule: str = "keep", macs: float | None = None, sparsity: float = 0.9, penalty: float = 0.0
) -> Supersearch:
    """A supernet at its initialisation, and what cuts and prunes it."""
    recipe = SUPER.but(sparsity=sparsity)
    trainer = Trainer(load_data("digits"))
    plan = Plan(TRAINING, 10, {}, macs, macs is None, penalty, 0, rule)  # type: ignore[arg-type]
    return Supersearch(recipe, trainer.build(recipe), trainer, plan)


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_exactly_as_many_weights_go_as_asked_and_none_leaves_zero() -> None:
    for recipe in (
        SUPER,
        SUPER.but(reactivation="reset"),
        SUPER.but(reactivation="monotone"),
        SUPER.but(weights="after"),
    ):
        ticket = found(recipe)
        assert ticket.total == WHOLE
        assert ticket.kept == WHOLE - round(0.85 * WHOLE)
        assert all(not bool(ticket.state[name][~mask].any()) for name, mask in ticket.masks.items())
        assert ticket.info.recorded("supernet")["density"][-1] == ticket.kept / ticket.total


def test_the_multiply_adds_of_the_channels_left_are_the_budget() -> None:
    record = found(SUPER).info
    widths, price = record.recorded("branches")["channels"], record.recorded("branches")["macs"]
    whole = sum(width * each for width, each in zip(widths, price, strict=True))
    left = [columns[-1] for columns in record.recorded("channels").values()]
    spent = sum(width * each for width, each in zip(left, price, strict=True))
    assert 0.4 * whole - max(price) < spent <= 0.4 * whole


def test_a_channel_that_is_cut_is_gone_for_good() -> None:
    ticket = found(SUPER)
    left = left_in(ticket)
    columns = ticket.info.recorded("channels")
    assert {name: int(each.sum()) for name, each in left.items()} == {
        name: int(own[-1]) for name, own in columns.items()
    }
    for name, each in left.items():
        assert all(a >= b for a, b in zip(columns[name], columns[name][1:], strict=False))
        for key, axis in (("expand", 0), ("depthwise", 0), ("project", 1)):
            assert not bool(ticket.masks[f"{name}.{key}.weight"].index_select(axis, (~each).nonzero().flatten()).any())
        assert not bool(ticket.state[f"{name}.gate.bias"][~each].any())


def test_the_history_goes_over_both_parts() -> None:
    epochs = [point.epoch for point in found(SUPER).info.history]
    assert epochs == sorted(set(epochs))
    assert epochs[-1] == 1


def test_events_lie_evenly() -> None:
    assert events(10, 50, 4) == {20: 0.25, 30: 0.5, 40: 0.75}
    assert events(3, 4, 8) == {}
    options = SupernetOptions.read(SUPER)
    assert found(SUPER).info.recorded("supernet")["iteration"][-1] == round(options.until * 12)


# --- rules of re-activation ------------------------------------------------------------------------------------------


def pruned_twice(rule: str) -> tuple[Supersearch, Tensor, Tensor]:
    """Prune, make the weights of what is left in one layer tiny, prune again: the masks of that layer."""
    search, name = searching(rule), "linear.weight"
    weight = search.model.get_parameter(name)
    with torch.no_grad():
        weight.copy_(torch.linspace(1, 2, weight.numel()).view(weight.shape))
    search.masks = full_masks({name: each.detach() for name, each in prunable(search.model).items()})
    with torch.no_grad():
        for other in (each for key, each in prunable(search.model).items() if key != name):
            other.zero_()
    search.recipe = search.recipe.but(sparsity=1 - 80 / WHOLE)  # 80 of the classifier's 160 weights are left
    first = search.event(0, 1.0)[name].clone()
    with torch.no_grad():
        weight.mul_(first)
        weight[first] *= 0.1
    return search, first, search.event(1, 1.0)[name]


def test_kept_values_return_when_others_have_become_smaller() -> None:
    search, first, second = pruned_twice("keep")
    assert int((second & ~first).sum()) == 80
    assert int(second.sum()) == 80
    weight = search.model.get_parameter("linear.weight")
    assert torch.equal(weight[second].detach(), torch.linspace(1, 2, 160).view(weight.shape)[second])
    assert search.rows[-1]["returned"] == 1.0


def test_nothing_returns_under_the_monotone_rule() -> None:
    search, first, second = pruned_twice("monotone")
    assert torch.equal(first, second)
    assert search.rows[-1]["returned"] == 0.0


def test_all_weights_are_trained_between_prunings_under_reset() -> None:
    search = searching("reset")
    between = search.event(0, 0.5)
    assert all(bool(mask.all()) for mask in between.values())
    assert not all(bool(mask.all()) for mask in search.masks.values())
    assert search.event(1, 1.0)["linear.weight"] is search.masks["linear.weight"]


def test_rules_are_told_apart_in_the_id_and_in_the_masks() -> None:
    recipes = [SUPER, SUPER.but(reactivation="reset"), SUPER.but(reactivation="monotone")]
    assert len({recipe.id for recipe in recipes}) == 3
    returned = [sum(found(recipe).info.recorded("supernet")["returned"]) for recipe in recipes]
    assert returned[1] > 0
    assert returned[2] == 0


# --- the optimiser, the gates ----------------------------------------------------------------------------------------


def test_the_optimiser_has_the_networks_parameters_and_forgets_what_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[nn.Module, torch.optim.Optimizer | AdamW]] = []
    make = loop.make_optimizer

    def noted(model: nn.Module, *rest: Any) -> torch.optim.Optimizer | AdamW:
        made.append((model, make(model, *rest)))
        return made[-1][1]

    monkeypatch.setattr(loop, "make_optimizer", noted)
    ticket = find_step(SUPER, {}, Trainer(load_data("digits")))
    assert len(made) == 2  # the rate, and the momentum, start anew
    for model, optimizer in made:
        own = {id(parameter): parameter.shape for parameter in model.parameters()}
        held = {id(each): each.shape for group in optimizer.param_groups for each in group["params"]}
        assert held == own
        for parameter, state in optimizer.state.items():
            assert all(value.shape == parameter.shape for value in state.values() if isinstance(value, Tensor))
    model, optimizer = made[-1]
    for name, mask in ticket.masks.items():
        assert not bool(optimizer.state[model.get_parameter(name)]["momentum_buffer"][~mask].any())


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-0.2, 0.2), min_size=16, max_size=16), st.floats(0, 0.1))
def test_the_proximal_step_by_its_definition(gates: list[float], reach: float) -> None:
    """It is the minimiser of (x - gate)^2 / 2 + step |x|, dearer channels taking larger steps."""
    search = searching()
    name, branch = next(iter(search.branches.items()))
    with torch.no_grad():
        branch.gate.weight.copy_(torch.tensor(gates))
    search.shrink_gates(reach)
    mean = sum(search.prices[key] for key in search.branches) / len(search.branches)  # all are equally wide
    step, grid = reach * search.prices[name] / mean, torch.linspace(-0.3, 0.3, 6001, dtype=torch.float64)
    for before, after in zip(gates, branch.gate.weight.tolist(), strict=True):
        best = grid[((grid - before) ** 2 / 2 + step * grid.abs()).argmin()]
        assert after == pytest.approx(float(best), abs=2e-4)
    assert max(search.prices.values()) > min(search.prices.values())


# --- controls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", ["even", "random"])
def test_another_architecture_costs_no_more_and_a_channel_less_at_most(channels: str) -> None:
    ticket, control = found(SUPER), found(Recipe(**COMMON, finder="architecture", of=SUPER, channels=channels))
    price = dict(zip(left_in(ticket), ticket.info.recorded("branches")["macs"], strict=True))

    def spent(one: Ticket) -> float:
        return sum(price[name] * int(left.sum()) for name, left in left_in(one).items())

    assert spent(ticket) - min(price.values()) < spent(control) <= spent(ticket)
    assert control.kept == ticket.kept
    widths = [int(left.sum()) for left in left_in(control).values()]
    assert (max(widths) - min(widths) <= 2) == (channels == "even")


def test_the_found_architecture_is_the_tickets() -> None:
    ticket, control = found(SUPER), found(Recipe(**COMMON, finder="architecture", of=SUPER, channels="found"))
    assert all(torch.equal(left, left_in(control)[name]) for name, left in left_in(ticket).items())


def test_channels_are_filled_in_order_while_they_fit() -> None:
    like = {"a": torch.zeros(3, dtype=torch.bool), "b": torch.zeros(2, dtype=torch.bool)}
    order = by_turns({"a": 3, "b": 2})
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]
    left = filled(order, {"a": 5.0, "b": 3.0}, 12.0, like)
    assert left["a"].tolist() == [True, False, False]
    assert left["b"].tolist() == [True, True]


def test_a_super_ticket_may_be_retrained_from_its_first_weights() -> None:
    recipe = Recipe(**COMMON, finder="retrained", of=SUPER)
    assert all(torch.equal(found(recipe).masks[name], mask) for name, mask in found(SUPER).masks.items())


# --- what the user can mend ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"penalty": 1e6, "begin": 0.0}, "brought every gate of the supernet to zero"),
        ({"macs": 0.01, "sparsity": 0.1}, "fewer than sparsity 0.1 keeps; give the method a larger `macs`"),
        ({"model": "lenet300"}, "searches among parallel branches, and 'lenet300' has none"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as told:
        find_step(SUPER.but(**fields), {}, Trainer(load_data("digits")))
    assert words in str(told.value)
    assert str(told.value).count(". ") == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"begin": 0.6}, "begin earlier"),
        ({"scope": "stages"}, "leave `scope` out"),
        ({"training": TRAINING.but(until="test accuracy > 0.9")}, "leave `until` out"),
    ],
)
def test_what_a_recipe_cannot_say(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        SUPER.but(**fields)


def test_an_architecture_needs_a_super_ticket() -> None:
    with pytest.raises(UserError, match="make it of a ticket of the finder 'supernet'"):
        Recipe(**COMMON, finder="architecture", of=Recipe(**COMMON, finder="gmp", sparsity=0.5))
