"""Finders that search for a mask, or for signs, over frozen weights."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pruning import Recipe, Ticket, Training, find_ticket
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import load_data, normalise
from pruning.finders.base import Trainer, dense_recipe
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.finders.mask_search import scaled
from pruning.masks import counts
from pruning.models import build_model, prunable
from pruning.training.batch_norm import recalibrate
from pruning.training.evaluation import evaluate
from pruning.training.precision import settled
from pruning.training.seeds import generator

SHAPE = (1, 8, 8)
TOTAL = 50_200
TRAINED = Training(epochs=3, batch_size=64, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINED}
FINDERS = ("jackpot", "edge_popup", "biprop", "sign_supermask")
FROZEN = ("initial", "scaled", "signed", "trained")

_known: dict[str, Ticket] = {}


def find(recipe: Recipe) -> Ticket:
    """The recipe's ticket; what was found before is not found again."""
    for step in lineage([recipe]):
        if step.id not in _known:
            _known[step.id] = find_step(step, _known, Trainer(load_data("digits")))
    return _known[recipe.id]


def initial(seed: int = 0, model: str = "lenet300") -> dict[str, Tensor]:
    """The state of the network before any training."""
    return build_model(model, 10, SHAPE, seed).state_dict()


def frozen(recipe: Recipe) -> dict[str, Tensor]:
    """The weights that the search may not change, straight from where they come."""
    if recipe.option("frozen") == "trained":
        return find(parents_of(recipe)[0]).state
    state = initial(recipe.seed, recipe.model)
    if recipe.option("frozen") == "signed":
        for name in prunable(build_model(recipe.model, 10, SHAPE, 0), recipe.prune_classifier):
            weight = state[name]
            fan_in = weight.shape[1] * int(torch.tensor(weight.shape[2:]).prod())
            state[name] = torch.where(weight < 0, -1.0, 1.0) * (2 / fan_in) ** 0.5
    if recipe.option("frozen") == "scaled":
        weights = {name: state[name] for name in prunable(build_model(recipe.model, 10, SHAPE, 0), True)}
        state |= {name: scaled(weight, 1 - recipe.sparsity) for name, weight in weights.items()}
    return state


def measured_again(ticket: Ticket) -> float:
    """The accuracy of what the ticket holds."""
    data = load_data("digits")
    with settled(0):
        return evaluate(ticket.model(), data, data.test, torch.device("cpu"), ticket.info.precision, 0)[0]


@pytest.mark.parametrize("frozen_as", FROZEN)
@pytest.mark.parametrize("finder", FINDERS)
def test_nothing_but_masks_and_signs_is_searched(finder: str, frozen_as: str) -> None:
    """Every kept weight is the frozen one to the bit (for signs, its size), every pruned one zero, and all other
    tensors are as they were."""
    recipe = Recipe.model_validate({**COMMON, "finder": finder, "frozen": frozen_as, "sparsity": 0.8, "seed": 1})
    assert [parent.finder for parent in parents_of(recipe)] == (["dense"] if frozen_as == "trained" else [])
    ticket, weights = find(recipe), frozen(recipe)
    assert counts(ticket.masks) == (TOTAL - round(0.8 * TOTAL), TOTAL)
    for name, value in ticket.state.items():
        mask = ticket.masks.get(name)
        if mask is None:
            assert torch.equal(value, weights[name])
            continue
        expected = weights[name][mask]
        if finder == "sign_supermask":
            assert torch.equal(value[mask].abs(), expected.abs())
            assert torch.equal(value[mask].sign(), expected.sign()) is False  # some sign was learnt
        elif finder == "biprop":
            mean = float(expected.double().abs().mean())
            assert value[mask].abs().unique().tolist() == pytest.approx([mean], rel=1e-5)
            assert torch.equal(value[mask].sign(), expected.sign())
        else:
            assert torch.equal(value[mask], expected)
        assert torch.equal(value[~mask], torch.zeros_like(value[~mask]))
    assert ticket.info.accuracy == ticket.info.history[-1].test_accuracy == measured_again(ticket)
    assert sum(ticket.info.record["swaps/carried"]) > 0


@pytest.mark.parametrize("criterion", ["magnitude", "random"])
def test_a_jackpot_keeps_as_many_in_each_layer_as_its_first_mask(criterion: str) -> None:
    cut = find(
        Recipe(**COMMON, criterion=criterion, score_on="trained", sparsity=0.9, finetune=TRAINED.model_copy(
            update={"epochs": 0}))
    )  # fmt: skip
    ticket = find(Recipe(**COMMON, finder="jackpot", criterion=criterion, sparsity=0.9))
    assert ticket.info.layers == cut.info.layers
    moved = sum(int((ticket.masks[name] & ~mask).sum()) for name, mask in cut.masks.items())
    assert 0 < moved <= sum(ticket.info.record["swaps/carried"])
    unsearched = find(Recipe(**COMMON, finder="jackpot", criterion=criterion, sparsity=0.9, search=Training(epochs=0)))
    for name, value in cut.state.items():
        assert torch.equal(unsearched.state[name], value)
    assert unsearched.info.accuracy == cut.info.accuracy


def test_a_jackpot_beats_the_mask_it_starts_from() -> None:
    """Without any weight trained; at 95 % the mask of the largest weights alone is far behind the dense network."""
    twenty = {**COMMON, "training": Training(epochs=20, batch_size=128, warmup_epochs=0)}
    start = find(Recipe(**twenty, finder="jackpot", sparsity=0.95, search=Training(epochs=0)))
    ticket = find(Recipe(**twenty, finder="jackpot", sparsity=0.95))
    assert start.info.accuracy < 0.88
    assert ticket.info.accuracy > 0.92


@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_ties_at_the_start_do_not_stall(margin: float) -> None:
    """One constant or two are where every score starts, and each iteration sees swaps nevertheless."""
    recipe = Recipe(**COMMON, finder="jackpot", sparsity=0.9, margin=margin, restrict="none")
    ticket = find(recipe)
    table = ticket.info.recorded("swaps")
    assert table["carried"] == table["possible"]
    assert sum(count > 0 for count in table["carried"][:20]) >= 15
    assert ticket.kept == TOTAL - round(0.9 * TOTAL)


@pytest.mark.parametrize("restrict", ["cosine", "quartic"])
def test_a_restricted_search_carries_out_fewer_swaps_than_it_could(restrict: str) -> None:
    ticket = find(Recipe.model_validate({**COMMON, "finder": "jackpot", "sparsity": 0.9, "restrict": restrict}))
    table = ticket.info.recorded("swaps")
    assert all(done <= could for done, could in zip(table["carried"], table["possible"], strict=True))
    assert sum(table["carried"]) < sum(table["possible"])
    iterations = round(1.5 * 23)  # half the training's three epochs of 23 batches
    assert table["iteration"] == [float(step) for step in range(1, iterations + 1)]


def test_a_jackpot_step_by_step() -> None:
    """Three iterations done anew with numpy's sort and plain autograd, momentum and decay by hand."""
    search = Training(epochs=3 / 23, batch_size=64, warmup_epochs=0, lr=2.0)
    recipe = Recipe(**COMMON, finder="jackpot", frozen="initial", sparsity=0.9, margin=1e-3, search=search, seed=5)
    ticket, weights = find(recipe), frozen(recipe)
    names = [name for name in weights if weights[name].ndim > 1]
    flat = torch.cat([weights[name].abs().reshape(-1) for name in names])
    threshold = flat.sort(descending=True).values[round(0.1 * TOTAL) - 1]
    masks = {name: weights[name].abs() >= threshold for name in names}
    scores = {name: torch.where(mask, 1.0, 0.999) for name, mask in masks.items()}
    speed = {name: torch.zeros_like(score) for name, score in scores.items()}
    for step, (images, labels) in enumerate(first_batches(recipe, 3)):
        model = build_model("lenet300", 10, SHAPE, 5)
        with torch.no_grad():
            for name in names:
                model.get_parameter(name).copy_(weights[name] * masks[name])
        with settled(0):
            torch.nn.functional.cross_entropy(model(images), labels).backward()
        rate = 2.0 * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * step / 3)).item())
        share = [1.0, 0.75, 0.25][step]
        for name in names:
            gradient = model.get_parameter(name).grad
            assert gradient is not None
            push = gradient * weights[name] + 5e-4 * scores[name]
            speed[name] = push if step == 0 else 0.9 * speed[name] + push
            scores[name] = scores[name] - rate * speed[name]
            masks[name] = swapped(scores[name], masks[name], share)
    for name in names:
        differ = int((ticket.masks[name] ^ masks[name]).sum())
        assert differ <= 2  # a swap at most, where rounding orders two scores otherwise
    assert sum(ticket.info.record["swaps/carried"]) > 20


def first_batches(recipe: Recipe, count: int) -> list[tuple[Tensor, Tensor]]:
    """The batches of the first iterations, in the order of `pruning.training.loop`."""
    data = load_data("digits")
    order = torch.randperm(len(data.train.labels), generator=generator(recipe.seed, "order", 0))
    rows = order.split(64)[:count]
    return [(normalise(data.train.images[part], data.mean, data.std), data.train.labels[part]) for part in rows]


def swapped(scores: Tensor, mask: Tensor, share: float) -> Tensor:
    """One exchange, by sorting everything."""
    flat, kept = scores.reshape(-1).tolist(), mask.reshape(-1).tolist()
    best = set(sorted(range(len(flat)), key=lambda i: (-flat[i], not kept[i], i))[: sum(kept)])
    entering = sorted((i for i in best if not kept[i]), key=lambda i: (-flat[i], i))
    leaving = sorted((i for i in range(len(flat)) if kept[i] and i not in best), key=lambda i: (flat[i], -i))
    moving = math.ceil(round(share * len(entering), 9))
    result = mask.reshape(-1).clone()
    result[entering[:moving]] = True
    result[leaving[:moving]] = False
    return result.view(mask.shape)


@pytest.mark.parametrize("finder", ["edge_popup", "biprop"])
@pytest.mark.parametrize("allocation", ["layer", "erk", "global"])
def test_popup_shares_the_sparsity_out_as_told(finder: str, allocation: str) -> None:
    quick = Training(epochs=1, batch_size=64, warmup_epochs=0)
    ticket = find(Recipe(**COMMON, finder=finder, allocation=allocation, sparsity=0.85, search=quick))
    random = find(
        Recipe(**{**COMMON, "training": Training(epochs=0)}, criterion="random", allocation=allocation, sparsity=0.85)
    )
    assert ticket.kept == random.kept == TOTAL - round(0.85 * TOTAL)
    if allocation != "global":
        assert ticket.info.layers == random.info.layers
    assert not ticket.info.collapsed  # globally, the second layer would lose all were it not for equal ranges


def test_scaled_weights_have_the_size_that_the_kept_share_needs() -> None:
    """Their root mean square is sqrt(2 / (kept fan_in)), and their proportions are the initial ones."""
    for weight in initial().values():
        if weight.ndim > 1:
            found = scaled(weight, 0.1)
            assert float(found.square().mean()) == pytest.approx(2 / (0.1 * weight.shape[1]), rel=1e-5)
            torch.testing.assert_close(found / found[0, 0], weight / weight[0, 0])
    assert not bool(scaled(torch.zeros(3, 4), 0.5).any())


def test_the_signal_survives_binarising_without_batch_norm() -> None:
    """Of the initial weights as they are it would shrink with every layer, and little would be learnt."""
    found = {
        weights: find(Recipe(**COMMON, finder="biprop", frozen=weights, sparsity=0.9, search=Training(epochs=2)))
        for weights in ("initial", "scaled")
    }
    info = found["scaled"].info
    images = normalise(load_data("digits").test.images, tuple(info.mean), tuple(info.std))
    with torch.inference_mode():
        spread = {weights: float(ticket.model()(images).std()) for weights, ticket in found.items()}
    assert spread["scaled"] > 10 * spread["initial"]
    assert found["scaled"].info.accuracy > found["initial"].info.accuracy


def test_of_weights_of_one_size_biprop_is_edge_popup() -> None:
    """Their mean size is that one size, so that binarising changes nothing but rounding."""
    quick = Training(epochs=2 / 23, batch_size=64, warmup_epochs=0)
    binary, plain = (
        find(Recipe(**COMMON, finder=finder, frozen="signed", sparsity=0.6, search=quick))
        for finder in ("biprop", "edge_popup")
    )
    for name, value in plain.state.items():
        torch.testing.assert_close(binary.state[name], value)
    assert binary.id != plain.id


def test_the_sign_supermask_is_synflows() -> None:
    """The mask of SynFlow at initialisation, not changed by the search."""
    ticket = find(Recipe(**COMMON, finder="sign_supermask", sparsity=0.9))
    cut = find(Recipe(**{**COMMON, "training": Training(epochs=0)}, criterion="synflow", sparsity=0.9))
    for name, mask in cut.masks.items():
        assert torch.equal(ticket.masks[name], mask)
    weights = frozen(ticket.recipe)
    flipped = sum(int((ticket.state[name] * weights[name] < 0).sum()) for name in ticket.masks)
    # a sign that is learnt in the end has changed an odd number of times
    table = ticket.info.recorded("swaps")
    assert 0 < flipped <= sum(table["carried"])
    assert (sum(table["carried"]) - flipped) % 2 == 0
    assert table["carried"] == table["possible"]


@pytest.mark.parametrize("finder", FINDERS)
def test_found_twice_it_is_the_same(finder: str) -> None:
    quick = Training(epochs=1, batch_size=64, warmup_epochs=0)
    recipe = Recipe(**COMMON, finder=finder, frozen="initial", sparsity=0.8, search=quick, seed=2)
    a, b = find_ticket(recipe), find_ticket(recipe)
    assert all(torch.equal(value, b.state[name]) for name, value in a.state.items())
    assert a.info.record == b.info.record
    assert a.info.history == b.info.history
    other = find_ticket(recipe.with_seed(3))
    assert not all(torch.equal(mask, other.masks[name]) for name, mask in a.masks.items())


@pytest.mark.parametrize("finder", FINDERS)
def test_with_batch_norm(finder: str) -> None:
    """Factors and offsets are frozen too; the statistics are those of the masked network, and measured last."""
    quick = Training(epochs=0.25, batch_size=128, warmup_epochs=0)
    common: dict[str, Any] = {"model": "resnet20", "data": "digits", "training": quick, "search": quick}
    cut: dict[str, Any] = (
        {"criterion": "magnitude"} if finder == "sign_supermask" else {}
    )  # SynFlow's hundred rounds take long
    recipe = Recipe(**common, **cut, finder=finder, frozen="trained", sparsity=0.5, prune_classifier=False)
    ticket, weights = find(recipe), frozen(recipe)
    total = sum(value.numel() for name, value in weights.items() if value.ndim == 4)
    assert counts(ticket.masks) == (total - round(0.5 * total), total)
    for name, value in ticket.state.items():
        mask = ticket.masks.get(name)
        if "running" in name or "tracked" in name:
            assert torch.equal(value, weights[name]) is False
        elif mask is None:
            assert torch.equal(value, weights[name])
        elif finder in ("jackpot", "edge_popup"):
            assert torch.equal(value, torch.where(mask, weights[name], 0.0))
    assert ticket.info.accuracy == ticket.info.history[-1].test_accuracy == measured_again(ticket)
    model = ticket.model()
    recalibrate(model, load_data("digits"), recipe.seed, torch.device("cpu"))
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, ticket.state[name])


@pytest.mark.parametrize("finder", FINDERS)
def test_imported_weights_may_be_frozen(finder: str) -> None:
    """What came pruned stays pruned, and a kept weight is the imported one."""
    dense = find(Recipe(**COMMON, finder="dense"))
    gone = {"fc1.weight": torch.rand(300, 64, generator=torch.Generator().manual_seed(0)) < 0.6}
    state = dict(dense.state)
    state["fc1.weight"] = state["fc1.weight"] * gone["fc1.weight"]
    imported = Imported(state, gone)
    start = Start(
        weights=imported.digest,
        mean=(0.5,),
        std=(0.5,),
        sparsity=imported.sparsity(build_model("lenet300", 10, SHAPE, 0)),
    )
    trainer = Trainer(load_data("digits"), imports=imported)
    close: dict[str, Any] = (
        {"margin": 0.0} if finder == "jackpot" else {}
    )  # so that weights that stay as they are could overtake
    recipe = Recipe(**COMMON, **close, finder=finder, frozen="trained", sparsity=0.5, start=start)
    known: dict[str, Ticket] = {}
    for step in lineage([recipe]):
        known[step.id] = find_step(step, known, trainer)
    ticket = known[recipe.id]
    assert ticket.kept == TOTAL - round(0.5 * TOTAL)
    assert not bool((ticket.masks["fc1.weight"] & ~gone["fc1.weight"]).any())
    if finder in ("jackpot", "edge_popup"):
        for name, mask in ticket.masks.items():
            assert torch.equal(ticket.state[name], state[name] * mask)
    assert sum(ticket.info.record["swaps/carried"]) > 0
    # the first weights that an imported network is known with are trained ones
    assert Recipe(**COMMON, **close, finder=finder, frozen="initial", sparsity=0.5, start=start).id == recipe.id


def test_controls_of_a_jackpot_train_its_mask() -> None:
    """Shuffled, the mask lies on the trained weights that the jackpot has frozen; new weights are trained as those."""
    jackpot = Recipe(**COMMON, finder="jackpot", sparsity=0.9)
    for finder, start in (("random_reinit", []), ("shuffled", [dense_recipe(jackpot).id])):
        control = Recipe(**COMMON, finder=finder, of=jackpot)
        assert [parent.id for parent in parents_of(control)] == [jackpot.id, *start]
        ticket = find(control)
        assert ticket.info.layers == find(jackpot).info.layers
        assert not any(torch.equal(ticket.state[n][m], initial()[n][m]) for n, m in ticket.masks.items())
