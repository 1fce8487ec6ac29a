"""Early-bird tickets: when the mask is drawn, on which weights, and what is on record."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning import Recipe, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Start
from pruning.data import Dataset, Split, load_data
from pruning.finders import early_bird
from pruning.finders.base import Trainer
from pruning.finders.early_bird import EarlyBirdDetector, has_settled
from pruning.finders.mask_distance import pack_masks
from pruning.masks import Masks, make_masks
from pruning.models import build_model, prunable
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.training.loop import train

TRAINING = Training(epochs=4, batch_size=128, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINING}
PER_EPOCH = 12


def cut(model: nn.Module, sparsity: float) -> Masks:
    """The global magnitude mask of a network."""
    return make_masks({name: weight.detach().abs() for name, weight in prunable(model).items()}, sparsity)


def apart(one: Masks, other: Masks) -> float:
    """The share of positions in which two masks differ."""
    different = sum(int((one[name] != other[name]).sum()) for name in one)
    return different / sum(mask.numel() for mask in one.values())


def dense_after(epochs: int, seed: int = 0) -> nn.Module:
    """The dense network after so many epochs, trained by itself."""
    model = build_model("lenet300", 10, (1, 8, 8), seed)
    train(model, load_data("digits"), TRAINING, seed, stop=PER_EPOCH * epochs)
    return model


@given(
    st.lists(st.lists(st.booleans(), min_size=10, max_size=10), min_size=1, max_size=8),
    st.sampled_from([0.1, 0.2, 0.35, 0.5]),
    st.integers(1, 5),
)
def test_the_rule_by_brute_force(rows: list[list[bool]], distance: float, patience: int) -> None:
    """Some distances lie exactly at the limit: there the mask has not settled."""
    drawn = [pack_masks({"a": torch.tensor(row[:3]), "b": torch.tensor(row[3:])}) for row in rows]
    newest, before = rows[-1], rows[-patience:-1]
    close = [sum(a != b for a, b in zip(newest, row, strict=True)) < 10 * distance for row in before]
    expected = len(rows) >= patience and all(close)
    assert has_settled(drawn, 10, distance, patience) == expected


def test_the_rule_waits_for_all_of_its_masks() -> None:
    far, close, here = (pack_masks({"w": torch.arange(20) < kept}) for kept in (9, 10, 11))
    assert not has_settled([here] * 4, 20, 0.1, 5)
    assert has_settled([here] * 5, 20, 0.1, 5)
    assert has_settled([close, here, here, here, here], 20, 0.1, 5)
    assert not has_settled([far, here, here, here, here], 20, 0.1, 5)
    assert has_settled([far, here, here, here, here, here], 20, 0.1, 5)


def first_settled(distance: float, patience: int, seed: int) -> int | None:
    """The epoch of the draw, from dense networks that were trained epoch by epoch."""
    masks = [cut(dense_after(epochs, seed), 0.8) for epochs in range(1, 5)]
    for newest in range(patience - 1, 4):
        if all(apart(masks[newest], masks[old]) < distance for old in range(newest - patience + 1, newest)):
            return newest + 1
    return None


@pytest.mark.parametrize(
    ("distance", "patience", "drawn"), [(0.03, 2, 2), (0.02, 2, 3), (0.03, 3, 4), (0.001, 2, None)]
)
def test_the_epoch_of_the_draw(distance: float, patience: int, drawn: int | None) -> None:
    assert first_settled(distance, patience, 0) == drawn
    recipe = Recipe(**COMMON, finder="early_bird", sparsity=0.8, distance=distance, patience=patience,
                    finetune=Training(epochs=0))  # fmt: skip
    ticket = find_ticket(recipe)
    assert ticket.info.recorded("bird") == {"epoch": [drawn or 4], "found": [float(drawn is not None)]}


def test_the_ticket_is_the_dense_network_at_the_draw_and_its_record() -> None:
    """Not trained after the draw, it is the dense network's beginning under its own magnitude mask, bit for bit."""
    recipe = Recipe(**COMMON, finder="early_bird", sparsity=0.8, distance=0.032, patience=3, seed=5,
                    finetune=Training(epochs=0))  # fmt: skip
    ticket = find_ticket(recipe)
    (epoch,) = ticket.info.recorded("bird")["epoch"]
    dense = dense_after(int(epoch), seed=5)
    mask = cut(dense, 0.8)
    assert ticket.kept == 50_200 - round(0.8 * 50_200)
    for name, value in dense.state_dict().items():
        assert torch.equal(ticket.state[name], value * mask[name] if name in mask else value)
    for name, kept in mask.items():
        assert torch.equal(ticket.masks[name], kept)
    masks = [cut(dense_after(epochs, seed=5), 0.8) for epochs in range(int(epoch) + 1)]
    table = [round(apart(one, other), 4) for one, other in product(masks, masks)]
    assert ticket.info.recorded("mask distance 0.8") == {"d": table}
    assert ticket.info.recorded("masks") == {"epoch": [float(number) for number in range(int(epoch) + 1)]}


def test_it_is_trained_again_with_the_whole_schedule() -> None:
    short = {**COMMON, "training": Training(epochs=1, batch_size=128, warmup_epochs=0.5)}
    recipe = Recipe(**short, finder="early_bird", sparsity=0.9, seed=2)
    ticket = find_ticket(recipe)
    model, data = build_model("lenet300", 10, (1, 8, 8), 2), load_data("digits")
    train(model, data, recipe.training, 2)
    masks = cut(model, 0.9)
    trained = train(model, data, recipe.training, 2, masks)
    for name, value in model.state_dict().items():
        assert torch.equal(ticket.state[name], value)
    assert ticket.info.accuracy == trained.accuracy
    assert ticket.info.history == trained.history
    assert ticket.info.recorded("bird") == {"epoch": [1], "found": [0]}
    assert early_bird.cost(recipe) == 2
    assert early_bird.cost(recipe.but(finetune=Training(epochs=0.5))) == 1.5


def test_found_again_it_is_the_same_and_nothing_else_is_drawn_at_random() -> None:
    recipe = Recipe(**COMMON, finder="early_bird", sparsity=0.8, distance=0.03, patience=2, allocation="layer",
                    prune_classifier=False, finetune=Training(epochs=0.5, lr=0.01))  # fmt: skip
    torch.manual_seed(1)
    one = find_ticket(recipe)
    torch.manual_seed(2)
    two = find_ticket(Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True)))
    assert one.id == two.id
    assert one.info.record == two.info.record
    assert all(torch.equal(one.state[name], two.state[name]) for name in one.state)
    assert list(one.masks) == ["fc1.weight", "fc2.weight"]


def few(images: int) -> Dataset:
    whole = load_data("digits")
    return replace(whole, train=Split(whole.train.images[:images], whole.train.labels[:images]))


@pytest.mark.parametrize(("images", "epochs", "expected"), [
    (64, 2.0, [0, 1, 2]),
    (65, 2.0, [0, 1, 2]),  # the last image of an epoch is passed over
    (64, 1.5, [0, 1, 1.5]),
    (1, 2.0, [0, 1, 2]),
    (64, 0.0, [0]),
])  # fmt: skip
def test_a_mask_at_each_epochs_end(images: int, epochs: float, expected: Sequence[float]) -> None:
    config = Training(epochs=epochs, batch_size=32, precision="float32")
    recipe = Recipe(model="lenet300", data="digits", training=config, finder="early_bird", sparsity=0.5)
    model, trainer = build_model("lenet300", 10, (1, 8, 8), 0), Trainer(few(images))
    lookout = EarlyBirdDetector(recipe, model, trainer)
    trained = trainer.train(model, config, recipe, hook=lookout)
    masks = lookout.finish(trained.history[-1].epoch)
    assert lookout.epochs == list(expected)
    assert apart(masks, cut(model, 0.5)) == 0


def test_a_training_that_a_condition_ends_has_no_later_mask() -> None:
    config = Training(epochs=6, batch_size=128, warmup_epochs=0, until="test accuracy > 0.3")
    recipe = Recipe(model="lenet300", data="digits", training=config, finder="early_bird", sparsity=0.5)
    record = find_ticket(recipe).info.record
    (drawn,) = record["bird/epoch"]
    assert drawn == record["masks/epoch"][-1] < 6
    assert len(set(record["masks/epoch"])) == drawn + 1  # the initialisation and each epoch, once


def test_a_bird_of_filters() -> None:
    """Whole filters stay silent while it is trained again."""
    config = Training(epochs=0.5, batch_size=128)
    recipe = Recipe(model="conv2", data="digits", training=config, finder="early_bird", structure="filter",
                    sparsity=0.3)  # fmt: skip
    ticket = find_ticket(recipe)
    mask: Tensor = ticket.masks["conv2.weight"].flatten(1)
    gone = ~mask.any(1)
    assert bool((mask.all(1) | gone).all())
    assert bool(gone.any())
    assert bool((ticket.state["conv2.bias"][gone] == 0).all())


def test_progress_rises_over_both_trainings() -> None:
    told: list[float] = []
    recipe = Recipe(**COMMON, finder="early_bird", sparsity=0.8, distance=0.03, patience=2,
                    finetune=Training(epochs=1))  # fmt: skip
    find_ticket(recipe, progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_imported_weights_have_no_early_training() -> None:
    start = Start(weights="0" * 12, mean=(0.5,), std=(0.5,))
    with pytest.raises(UserError, match="early_bird"):
        Recipe(**COMMON, finder="early_bird", sparsity=0.5, start=start)


def test_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'title = "Birds"\nmodel = "lenet300"\ndata = "digits"\nsparsities = [0.5, 0.9]\n'
        "[training]\nepochs = 1\nbatch_size = 128\n"
        '[[method]]\nfinder = "early_bird"\ndistance = 0.2\npatience = 2\nfinetune = { epochs = 0.5 }\n'
    )
    study = Study.open(tmp_path)
    assert not run(study, RunOptions(jobs=1)).failed
    assert [entry.recipe.label for entry in study.entries()] == ["Dense", "Early bird 50 %", "Early bird 90 %"]
    for entry in study.entries()[1:]:
        assert entry.recipe.option("finetune") is not None
        assert entry.recipe.option("finetune").epochs == 0.5
        assert entry.info.seconds == entry.info.own_seconds
