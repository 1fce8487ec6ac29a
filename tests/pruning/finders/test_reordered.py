"""The control `reordered`: the original's start and masks, another order of the data."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruning import Recipe, Ticket, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Start
from pruning.data import Dataset, load_data
from pruning.finders import base, reordered
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.models import build_model
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.training.loop import Trained, train

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
    "seed": 4,
}
DENSE = Recipe(**COMMON, finder="dense")
IMP = Recipe(**COMMON, finder="imp", rate=0.5, sparsity=0.75)
REWOUND = Recipe(**COMMON, finder="imp", rate=0.5, sparsity=0.5, rewind=5)
SNIP = Recipe(**COMMON, criterion="snip", sparsity=0.8)
FILTERS = Recipe(
    **COMMON | {"model": "conv2"}, criterion="magnitude", score_on="init", structure="filter", sparsity=0.4
)
ORIGINALS = {
    "dense": DENSE,
    "imp": IMP,
    "imp rewound": REWOUND,
    "one shot": SNIP,
    "filters": FILTERS,
    "shuffled": Recipe(**COMMON, finder="shuffled", of=IMP),
    "shuffled rewound": Recipe(**COMMON, finder="shuffled", of=REWOUND),
    "reinitialised": Recipe(**COMMON, finder="random_reinit", of=SNIP),
    "dense reinitialised": Recipe(**COMMON, finder="random_reinit", of=DENSE),
}


def again(of: Recipe, **fields: Any) -> Recipe:
    """The control of a recipe, as it is written down."""
    return Recipe(model=of.model, data=of.data, training=of.training, seed=of.seed, finder="reordered", of=of, **fields)


class Spy:
    """Notes the weights that every training starts from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[tuple[int, int, dict[str, Tensor]]] = []

        def noting(model: nn.Module, data: Dataset, config: Training, seed: int, **options: Any) -> Trained:
            state = {name: value.clone() for name, value in model.state_dict().items()}
            for name, mask in (options["masks"] or {}).items():
                state[name] *= mask
            self.started.append((seed, options["start"], state))
            return train(model, data, config, seed, **options)

        monkeypatch.setattr(base, "train", noting)


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


@pytest.mark.parametrize("of", ORIGINALS.values(), ids=ORIGINALS)
def test_it_starts_as_its_original_did_and_then_differs(of: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    known = find_all(of)
    seed, start, state = spy.started[-1]
    recipe = again(of)
    trainer = Trainer(load_data("digits"))
    point = [find_step(parent, known, trainer) for parent in parents_of(recipe) if parent.id not in known]
    known |= {ticket.id: ticket for ticket in point}
    ticket, original = find_step(recipe, known, trainer), known[of.id]
    other_seed, other_start, other_state = spy.started[-1]
    assert (seed, start) == (4, other_start)
    assert other_seed != seed
    assert state.keys() == other_state.keys()
    for name, value in state.items():
        assert torch.equal(value, other_state[name])
    for name, mask in original.masks.items():
        assert torch.equal(ticket.masks[name], mask)
        assert not torch.equal(ticket.state[name], original.state[name])


@pytest.mark.parametrize("of", ORIGINALS.values(), ids=ORIGINALS)
def test_with_the_order_of_its_original_it_is_the_original(of: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else decides a training is the original's: its schedule, its masks, what removed filters still say."""
    monkeypatch.setattr(reordered, "order_seed", lambda seed, order: seed)
    known = find_all(of, again(of))
    original, repeated = known[of.id], known[again(of).id]
    for name, value in original.state.items():
        assert torch.equal(value, repeated.state[name])
    assert repeated.info.history == original.info.history


def test_orders_differ_and_each_is_always_the_same() -> None:
    first, second = again(SNIP), again(SNIP, order=2)
    assert first.option("order") == 1
    assert first.id == again(SNIP, order=1).id != second.id
    known, repeated = find_all(first, second), find_all(first)
    assert not torch.equal(known[first.id].state["fc1.weight"], known[second.id].state["fc1.weight"])
    for name, value in known[first.id].state.items():
        assert torch.equal(value, repeated[first.id].state[name])


def test_the_dense_network_parts_at_an_iteration() -> None:
    """By hand: five iterations in one order, the others in another."""
    recipe = again(DENSE, rewind=5)
    (point,) = parents_of(recipe)
    assert (point.finder, point.option("rewind")) == ("dense", 5)
    assert parents_of(again(DENSE)) == []
    ticket = find_ticket(recipe)
    model, data = build_model("lenet300", 10, (1, 8, 8), 4), load_data("digits")
    train(model, data, DENSE.training, 4, stop=5)
    train(model, data, DENSE.training, reordered.order_seed(4, 1), start=5)
    for name, value in model.state_dict().items():
        assert torch.equal(ticket.state[name], value)
    assert ticket.sparsity == 0


def test_what_a_recipe_says() -> None:
    for of in ORIGINALS.values():
        recipe = again(of, order=2)
        assert Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True)) == recipe
        assert Recipe.model_validate(recipe.model_dump()).id == recipe.id
        assert recipe.with_seed(9).of.seed == 9  # type: ignore[union-attr]
    assert again(REWOUND).option("rewind") == again(ORIGINALS["shuffled rewound"]).option("rewind") == 5
    assert again(IMP).option("rewind") == again(DENSE).option("rewind") == 0
    assert again(DENSE).label == "Dense reordered"
    assert again(IMP).label == "IMP reordered 75 %"
    assert ORIGINALS["dense reinitialised"].label == "Dense reinitialised"


IMPORTED = Start(weights="0" * 12, mean=(0.5,), std=(0.5,))


@pytest.mark.parametrize("of", [
    Recipe(**COMMON, criterion="magnitude", sparsity=0.5),
    Recipe(**COMMON, finder="lrr", sparsity=0.5),
    Recipe(**COMMON, finder="iterative", sparsity=0.5),
    Recipe(**COMMON, finder="gmp", sparsity=0.5),
    Recipe(**COMMON, finder="dense", rewind=5),
    Recipe(**COMMON, finder="dense", start=IMPORTED),
    Recipe(**COMMON, finder="shuffled", of=Recipe(**COMMON, finder="lrr", sparsity=0.5, start=IMPORTED)),
    again(SNIP),
], ids=lambda of: of.finder)  # fmt: skip
def test_originals_that_cannot_be_repeated(of: Recipe) -> None:
    with pytest.raises(UserError, match=r"^Control 'reordered' starts where .* make it of the dense network"):
        again(of)


def test_another_start_or_training_than_the_originals_is_refused() -> None:
    with pytest.raises(UserError, match="at iteration 0, not at 5; leave `rewind` out"):
        again(IMP, rewind=5)
    with pytest.raises(UserError, match="at iteration 5, not at 0"):
        again(REWOUND, rewind=0)
    longer = COMMON | {"training": Training(epochs=2)}
    with pytest.raises(UserError, match="give both the same `training`"):
        Recipe(**longer, finder="reordered", of=SNIP)
    with pytest.raises(UserError, match="needs 'of'"):
        Recipe(**COMMON, finder="reordered")
    with pytest.raises(UserError, match="no mask to shuffle"):
        Recipe(**COMMON, finder="shuffled", of=DENSE)


STUDY = """\
title = "Orders"
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.5, 0.8]
[training]
epochs = 1
batch_size = 128
[[method]]
finder = "reordered"
of = "dense"
[[method]]
name = "later"
finder = "reordered"
of = "dense"
rewind = 6
order = 2
[[method]]
criterion = "snip"
[[method]]
name = "snip again"
finder = "reordered"
of = "snip"
"""


def test_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY)
    study = Study.open(tmp_path)
    labels = [recipe.label for recipe in study.recipes() if recipe.seed == 1]
    assert labels == [
        "Dense",
        "Dense reordered",
        "later",
        "SNIP 50 %",
        "SNIP 80 %",
        "snip again 50 %",
        "snip again 80 %",
    ]
    assert [recipe.of.seed for recipe in study.recipes() if recipe.of] == [0] * 4 + [1] * 4
    assert not run(study, RunOptions(jobs=1)).failed
    entries = study.entries()
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    assert entries[2].recipe.of == entries[0].recipe


def test_a_control_of_the_dense_network_has_no_sparsities(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY.replace('of = "dense"\n', 'of = "dense"\nsparsities = [0.5]\n', 1))
    with pytest.raises(UserError, match=r"'dense' is not pruned to 0\.5"):
        Study.open(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY.replace('of = "snip"', 'of = "snipp"'))
    with pytest.raises(UserError, match="Did you mean 'snip'"):
        Study.open(tmp_path)
