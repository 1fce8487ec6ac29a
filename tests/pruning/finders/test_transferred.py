"""A ticket in a second task: what goes along and what is new, against the steps done by hand; what does not fit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pruning import Recipe, Study, Ticket, Training, UserError, find_ticket
from pruning.data import DATASETS, EmbeddedData, Split, load_data, make_dataset
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.masks import apply_masks
from pruning.models import build_model
from pruning.study.runner import RunOptions, run
from pruning.training.loop import train

TRAINING = Training(epochs=0.5, batch_size=64, warmup_epochs=0)
COMMON: dict[str, Any] = {"training": TRAINING, "seed": 3}
FIRST, SECOND = "digits[0-3]", "digits[4-9]"  # four classes, then six
LENET = Recipe(**COMMON, model="lenet300", data=FIRST, finder="imp", rate=0.5, sparsity=0.75)
SUPER = Recipe(**COMMON, model="supernet_small", data=FIRST, finder="supernet", sparsity=0.8, steps=2)
HEADS = {"lenet300": ["fc3.weight", "fc3.bias"], "supernet_small": ["linear.weight", "linear.bias"]}
_KNOWN: dict[str, Ticket] = {}


def found(recipe: Recipe) -> Ticket:
    """The ticket, found once for all tests."""
    for step in lineage([recipe]):
        if step.id not in _KNOWN:
            _KNOWN[step.id] = find_step(step, _KNOWN, Trainer(load_data(step.data)))
    return _KNOWN[recipe.id]


def moved(of: Recipe, **options: Any) -> Recipe:
    """The original in the second task."""
    return Recipe(**COMMON, **{"model": of.model, "data": SECOND, "finder": "transferred", "of": of, **options})


@pytest.mark.parametrize("weights", ["found", "rewound"])
@pytest.mark.parametrize("of", [LENET, LENET.but(rewind=2), SUPER], ids=["imp", "imp rewound", "supernet"])
def test_by_hand(of: Recipe, weights: str) -> None:
    ticket, original, head = found(moved(of, weights=weights)), found(of), HEADS[of.model]
    model, second = build_model(of.model, 6, (1, 8, 8), 3), load_data(SECOND)
    start = original.state
    if weights == "rewound":
        start = build_model(of.model, 4, (1, 8, 8), 3).state_dict()
        if of.option("rewind"):
            start = _KNOWN[parents_of(of)[1].id].state
    fresh = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict({name: fresh[name] if name in head else value for name, value in start.items()})
    masks = {name: mask for name, mask in original.masks.items() if name != head[0]}
    apply_masks(model, masks)
    trained = train(model, second, TRAINING, 3, masks=masks)
    assert list(ticket.masks) == list(masks)
    assert all(torch.equal(ticket.masks[name], mask) for name, mask in masks.items())
    assert all(torch.equal(ticket.state[name], value) for name, value in model.state_dict().items())
    assert ticket.info.accuracy == trained.accuracy
    assert ticket.info.classes == list("456789")
    assert (ticket.recipe.sparsity, ticket.recipe.prune_classifier) == (of.sparsity, False)
    assert bool((ticket.state[head[0]] != 0).all())


def test_the_random_mask_keeps_as_many_weights_of_each_layer() -> None:
    mixed, same = (found(moved(LENET, weights="rewound", mask=mask)) for mask in ("shuffled", "ticket"))
    assert mixed.info.layers == same.info.layers
    for name, mask in same.masks.items():
        assert not torch.equal(mixed.masks[name], mask)
        both, kept = int((mixed.masks[name] & mask).sum()), int(mask.sum())
        chance = kept / mask.numel()
        assert both / kept == pytest.approx(chance, abs=5 * (chance / kept) ** 0.5)


def test_a_dense_network_goes_along_whole() -> None:
    dense = Recipe(**COMMON, model="lenet300", data=FIRST, finder="dense")
    ticket = found(moved(dense))
    assert ticket.kept == ticket.total == 64 * 300 + 300 * 100
    assert ticket.recipe.label == "Dense transferred"


def test_find_ticket_reads_the_data_of_each_step() -> None:
    recipe = moved(LENET)
    ticket = find_ticket(recipe)
    assert all(torch.equal(ticket.state[name], value) for name, value in found(recipe).state.items())


def test_what_cannot_be_transferred() -> None:
    dense = Recipe(**COMMON, model="lenet300", data=FIRST, finder="dense")
    trained = Recipe(**COMMON, model="lenet300", data=FIRST, criterion="magnitude", score_on="trained", sparsity=0.5)
    for of, options, said in (
        (SUPER, {"model": "lenet300"}, "'supernet' is one of 'supernet_small', not of 'lenet300'"),
        (dense, {"weights": "rewound", "mask": "shuffled"}, "The dense network has no mask to shuffle"),
        (LENET, {"mask": "shuffled"}, 'give it weights = "rewound"'),
        (trained, {"weights": "rewound"}, "has no first weights of its own to go back to"),
        (moved(LENET), {"weights": "rewound"}, "has no first weights of its own to go back to"),
        (LENET, {"finder": "shuffled"}, "'imp' is on 'digits\\[0-3\\]', not on 'digits\\[4-9\\]'"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            moved(of, **options)
        assert str(caught.value).count(". ") == 0


@pytest.fixture
def larger() -> Iterator[str]:
    """Two classes of larger images."""
    split = Split(torch.zeros(8, 1, 12, 12, dtype=torch.uint8), torch.arange(8) % 2)
    DATASETS.register(EmbeddedData("larger", lambda: make_dataset("larger", ("a", "b"), split, split)))
    yield "larger"
    DATASETS.unregister("larger")


def test_networks_that_differ_in_more_than_the_head(larger: str) -> None:
    found(LENET)
    recipe = moved(LENET, data=larger)
    with pytest.raises(
        UserError, match=r"does not fit 'larger': the networks differ in fc1\.weight, and only the head"
    ):
        find_step(recipe, _KNOWN, Trainer(load_data(larger)))


def test_a_head_that_is_not_found() -> None:
    found(LENET)
    recipe = moved(LENET, classifier="none")
    with pytest.raises(UserError, match="a new head, and finds none: The network has no classifier"):
        find_step(recipe, _KNOWN, Trainer(load_data(SECOND)))


STUDY = """\
title = "Two tasks"
model = "lenet300"
data = "digits"

[training]
epochs = 0.2
batch_size = 128
warmup_epochs = 0

[[method]]
name = "first"
data = "digits[0-4]"
criterion = "magnitude"
sparsities = [0.5]

[[method]]
name = "second"
finder = "transferred"
of = "first"
data = "{second}"
sparsities = [0.5]
"""


def study_of(folder: Path, second: str) -> Study:
    """A study of the digits with a first and a second task beside it."""
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY.format(second=second))
    return Study.open(folder)


def test_a_study_finds_both_tasks_beside_its_own(tmp_path: Path) -> None:
    study = study_of(tmp_path / "two", "digits[5-9]")
    assert not run(study, RunOptions(jobs=1)).failed
    assert [entry.recipe.method for entry in study.entries()] == ["dense"]
    first, second = study.elsewhere()
    assert (first.info.classes, second.info.classes) == (list("01234"), list("56789"))
    assert second.recipe.of == first.recipe
    assert study.size == 3


def test_a_second_task_with_an_unknown_class(tmp_path: Path) -> None:
    study = study_of(tmp_path / "two", "digits[5-12]")
    with pytest.raises(UserError, match="'digits' has no class '5-12'"):
        run(study, RunOptions(jobs=1))
    assert not study.entries() + study.elsewhere()
