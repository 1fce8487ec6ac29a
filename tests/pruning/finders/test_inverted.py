"""The control `inverted`: the worst weights kept, and all else as in its original."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pruning import Recipe, Ticket, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Start
from pruning.criteria import CRITERIA as KNOWN
from pruning.criteria.base import Context, Criterion
from pruning.data import load_data
from pruning.finders import inverted as inverting
from pruning.finders import one_shot
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.finders.scoring import prune_by_score, scoring_batches
from pruning.masks import counts
from pruning.models import build_model
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.training.loop import train
from pruning.training.seeds import generator

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
    "seed": 3,
}
CRITERIA = ["random", "magnitude", "snip", "grasp", "taylor"]


def inverted(of: Recipe) -> Recipe:
    return Recipe(model=of.model, data=of.data, training=of.training, seed=of.seed, finder="inverted", of=of)


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


def scores_of(recipe: Recipe) -> dict[str, Tensor]:
    """The criterion's scores of the initial weights."""
    model = build_model(recipe.model, 10, (1, 8, 8), recipe.seed)
    batches = scoring_batches(recipe, Trainer(load_data("digits")))
    chance = generator(recipe.seed, "criterion", recipe.criterion)
    return KNOWN[recipe.criterion or ""].score(model, Context(batches, chance))


@pytest.mark.parametrize("allocation", ["lamp", "owl"])
def test_layers_keep_as_many_as_in_the_original_where_scores_share_out(allocation: str) -> None:
    """The worst of each layer, as many as the original keeps of the best."""
    recipe = Recipe(**COMMON, criterion="magnitude", score_on="init", allocation=allocation, sparsity=0.9)
    model, trainer = build_model("lenet300", 10, (1, 8, 8), 3), Trainer(load_data("digits"))
    whole = {name: value.clone() for name, value in model.state_dict().items()}
    best = prune_by_score(recipe, model, trainer)
    model.load_state_dict(whole)
    worst = prune_by_score(recipe, model, trainer, invert=True)
    for name, mask in best.items():
        assert 0 < int(mask.sum()) == int(worst[name].sum()) < mask.numel()
        assert whole[name][worst[name]].abs().max() <= whole[name][~worst[name]].abs().min()


def lowest(scores: list[float], keep: int) -> list[bool]:
    """Brute force: the `keep` lowest, of equal ones the earlier."""
    order = sorted(range(len(scores)), key=lambda position: (scores[position], position))[:keep]
    kept = [False] * len(scores)
    for position in order:
        kept[position] = True
    return kept


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_worst_are_kept(criterion: str) -> None:
    of = Recipe(**COMMON, criterion=criterion, score_on="init", sparsity=0.9, score_per_class=5)
    ticket = find_ticket(inverted(of))
    flat = torch.cat([score.reshape(-1) for score in scores_of(of).values()]).tolist()
    expected = lowest(flat, 50_200 - round(0.9 * 50_200))
    assert torch.cat([mask.reshape(-1) for mask in ticket.masks.values()]).tolist() == expected


def test_ties_are_broken_by_position() -> None:
    """Scores of three values only, so that both borders run through ties."""

    def coarse(model: Any, context: Context) -> dict[str, Tensor]:
        return {
            name: torch.arange(w.numel()).remainder(3).float().view(w.shape)
            for name, w in context.weights(model).items()
        }

    model, trainer = build_model("lenet300", 10, (1, 8, 8), 3), Trainer(load_data("digits"))
    flat = torch.cat([score.reshape(-1) for score in coarse(model, Context([], torch.Generator())).values()]).tolist()
    KNOWN.register(Criterion("coarse", "Coarse", "", coarse, needs_data=False))
    try:
        masks = prune_by_score(Recipe(**COMMON, criterion="coarse", sparsity=0.8), model, trainer, invert=True)
    finally:
        KNOWN.unregister("coarse")
    assert torch.cat([mask.reshape(-1) for mask in masks.values()]).tolist() == lowest(flat, 10_040)


@pytest.mark.parametrize("criterion", [*CRITERIA, "synflow"])
@pytest.mark.parametrize(
    "more", [{}, {"allocation": "erk"}, {"allocation": "layer", "prune_classifier": False}], ids=str
)
def test_exactly_as_many_are_kept_and_others(criterion: str, more: dict[str, Any]) -> None:
    of = Recipe(**COMMON, criterion=criterion, score_on="init", sparsity=0.8, score_per_class=3, **more)
    trainer = Trainer(load_data("digits"))
    plain, turned = (
        prune_by_score(of, build_model("lenet300", 10, (1, 8, 8), 3), trainer, invert=invert)
        for invert in (False, True)
    )
    assert counts(plain) == counts(turned)
    if more:
        assert [int(mask.sum()) for mask in plain.values()] == [int(mask.sum()) for mask in turned.values()]
    both = sum(int((plain[name] & turned[name]).sum()) for name in plain)
    if criterion != "synflow":  # in later rounds its worst weights are others than at first
        sure = [2 * int(mask.sum()) - mask.numel() for mask in plain.values()] if more else [0]
        assert both == sum(max(0, each) for each in sure)
    assert both < counts(plain)[0]


def test_each_round_prunes_its_best() -> None:
    """SynFlow's first round, by hand."""
    of = Recipe(**COMMON, criterion="synflow", sparsity=0.8)
    turned = prune_by_score(of, build_model("lenet300", 10, (1, 8, 8), 3), Trainer(load_data("digits")), invert=True)
    flat = torch.cat([score.reshape(-1) for score in scores_of(of).values()])
    first = torch.tensor(lowest(flat.tolist(), 50_200 - round((1 - 0.2**0.01) * 50_200)))
    assert not bool((torch.cat([mask.reshape(-1) for mask in turned.values()]) & ~first).any())


def test_patterns_and_filters() -> None:
    trainer = Trainer(load_data("digits"))
    for structure in ("2:4", "filter", "block"):
        sparsity: dict[str, Any] = {} if structure == "2:4" else {"sparsity": 0.4}
        of = Recipe(
            **COMMON | {"model": "conv2"}, criterion="magnitude", score_on="init", structure=structure, **sparsity
        )
        plain, turned = (
            prune_by_score(of, build_model("conv2", 10, (1, 8, 8), 3), trainer, invert=invert)
            for invert in (False, True)
        )
        weights = build_model("conv2", 10, (1, 8, 8), 3).state_dict()
        kept = [sum(float(weights[n][mask].abs().sum()) for n, mask in masks.items()) for masks in (plain, turned)]
        assert kept[1] < kept[0]
        if structure == "2:4":
            groups = turned["fc1.weight"].reshape(-1, 4)
            assert bool((groups.sum(1) == 2).all())
            assert torch.equal(groups, ~plain["fc1.weight"].reshape(-1, 4))
        if structure == "filter":
            whole = turned["conv2.weight"].flatten(1)
            assert bool((whole.all(1) | ~whole.any(1)).all())
        # units are of different sizes, so the counts differ by less than the largest of them
        assert abs(counts(plain)[0] - counts(turned)[0]) <= 1024


def test_at_initialisation_it_is_trained_as_its_original() -> None:
    of = Recipe(**COMMON, criterion="snip", sparsity=0.8)
    ticket = find_ticket(inverted(of))
    model, data = build_model("lenet300", 10, (1, 8, 8), 3), load_data("digits")
    trained = train(model, data, of.training, 3, ticket.masks)
    assert ticket.info.history == trained.history
    for name, value in model.state_dict().items():
        assert torch.equal(ticket.state[name], value)


def test_a_trained_network_is_fine_tuned_as_its_original() -> None:
    fine = Training(epochs=0.5, lr=0.01, warmup_epochs=0)
    of = Recipe(**COMMON, criterion="magnitude", sparsity=0.5, finetune=fine)
    recipe = inverted(of)
    assert parents_of(recipe) == parents_of(of)
    assert inverting.FINDER.cost(recipe) == one_shot.cost(of) == 0.5
    known = find_all(of, recipe)
    (dense,) = parents_of(recipe)
    sizes = torch.cat([known[dense.id].state[name].abs().reshape(-1) for name in known[dense.id].masks])
    masks = known[recipe.id].masks
    assert torch.cat([mask.reshape(-1) for mask in masks.values()]).tolist() == lowest(sizes.tolist(), 25_100)
    model = known[dense.id].model()
    train(model, load_data("digits"), fine, 3, masks)
    for name, value in model.state_dict().items():
        assert torch.equal(known[recipe.id].state[name], value)
    assert known[recipe.id].recipe == recipe
    for name, mask in known[of.id].masks.items():
        assert torch.equal(mask, ~masks[name])


def test_what_came_pruned_stays_pruned() -> None:
    trained = find_ticket(Recipe(**COMMON, finder="dense"))
    of = find_ticket(
        Recipe(**COMMON, criterion="random", sparsity=0.5, finetune=Training(epochs=0)), weights=trained.state
    )
    again = find_ticket(
        Recipe(**COMMON, criterion="magnitude", sparsity=0.7, finetune=Training(epochs=0)), weights=of.state
    ).recipe
    assert again.start is not None
    ticket = find_ticket(Recipe(**COMMON, finder="inverted", of=again, start=again.start), weights=of.state)
    assert ticket.kept == 50_200 - round(0.7 * 50_200)


def test_what_a_recipe_says() -> None:
    of = Recipe(**COMMON, criterion="snip", sparsity=0.8)
    recipe = inverted(of)
    assert recipe.label == "SNIP inverted 80 %"
    assert Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True)) == recipe
    for name, value in find_ticket(recipe).state.items():
        assert torch.equal(find_ticket(recipe).state[name], value)
    start = Start(weights="0" * 12, mean=(0.5,), std=(0.5,))
    for other in (
        Recipe(**COMMON, finder="imp", sparsity=0.5),
        Recipe(**COMMON, finder="lrr", sparsity=0.5, start=start),
    ):
        with pytest.raises(UserError, match=f"of a 'one_shot' ticket upside down, not those of '{other.finder}'"):
            inverted(other)
    with pytest.raises(UserError, match="the same `training`"):
        Recipe(**COMMON | {"training": Training()}, finder="inverted", of=of)


def test_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'title = "Upside down"\nmodel = "lenet300"\ndata = "digits"\nsparsities = [0.5, 0.8]\n'
        "[training]\nepochs = 0.5\nbatch_size = 128\n"
        '[[method]]\ncriterion = "snip"\n[[method]]\nfinder = "inverted"\nof = "snip"\n'
        '[[method]]\nname = "half"\ncriterion = "magnitude"\nstructure = "2:4"\n'
        '[[method]]\nname = "half inverted"\nfinder = "inverted"\nof = "half"\n'
    )
    study = Study.open(tmp_path)
    assert not run(study, RunOptions(jobs=1)).failed
    assert [entry.recipe.label for entry in study.entries()][-4:] == [
        "SNIP inverted 50 %", "SNIP inverted 80 %", "half 50 %", "half inverted 50 %",
    ]  # fmt: skip
