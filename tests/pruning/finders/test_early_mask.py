"""Masks drawn on the dense network's way: against the same done by hand with one training loop."""

import pytest
import torch
from torch import Tensor

from pruning import Ticket, UserError
from pruning.data import load_data
from pruning.finders.base import apply_masks
from pruning.finders.lineage import parents_of
from pruning.models import build_model, prunable
from pruning.tasks import get_task
from pruning.training.loop import train
from tests.pruning.finders.modular import DATA, SHORT, TRAINING, find_all, modular


def magnitudes_at(iteration: int) -> dict[str, Tensor]:
    """Of the dense network of seed 3 after so many iterations."""
    model = build_model("modular_mlp", 7, (1, 2, 7), 3)
    train(model, load_data(DATA), TRAINING, 3, stop=iteration, task=get_task("modular"))
    return {name: weight.detach().abs() for name, weight in prunable(model).items()}


def largest(sizes: dict[str, Tensor], keep: int) -> dict[str, Tensor]:
    """Masks of the `keep` largest of all layers together, by sorting."""
    order = torch.cat([size.flatten() for size in sizes.values()]).argsort(descending=True, stable=True)
    flat = torch.zeros(len(order), dtype=torch.bool)
    flat[order[:keep]] = True
    parts = flat.split([size.numel() for size in sizes.values()])
    return {name: part.view(size.shape) for (name, size), part in zip(sizes.items(), parts, strict=True)}


def check_by_hand(ticket: Ticket, drawn: int) -> None:
    """The mask of that iteration on the initial weights, trained from the beginning."""
    total = sum(mask.numel() for mask in ticket.masks.values())
    masks = largest(magnitudes_at(drawn), total - round(0.6 * total))
    for name, mask in masks.items():
        assert torch.equal(ticket.masks[name], mask), name
    model = build_model("modular_mlp", 7, (1, 2, 7), 3)
    apply_masks(model, masks)
    train(model, load_data(DATA), ticket.recipe.training, 3, masks, task=get_task("modular"))
    for name, value in model.state_dict().items():
        assert torch.equal(ticket.state[name], value), name


def test_drawn_at_an_iteration() -> None:
    recipe = modular("early_mask", drawn_at=5, sparsity=0.6)
    check_by_hand(find_all([recipe])[recipe.id], 5)


def test_drawn_where_a_condition_holds_first() -> None:
    recipe = modular("early_mask", drawn_at="train accuracy > 0.95 then 2 points", sparsity=0.6, training=TRAINING)
    known = find_all([recipe])
    dense = known[parents_of(recipe)[0].id]
    held = [point.epoch for point in dense.info.history if point.train_accuracy > 0.95]
    assert dense.info.history[-1].epoch == held[0] + 8  # two points later, four iterations each
    assert held[0] > 4
    check_by_hand(known[recipe.id], round(dense.info.history[-1].epoch))


def test_the_studys_dense_network_is_the_one_where_it_ends_so() -> None:
    training = TRAINING.but(until="test accuracy > 0.95 then 2 points")
    recipe = modular("early_mask", drawn_at="test accuracy>0.95 then 2 points", training=training, sparsity=0.6)
    assert parents_of(recipe) == [modular("dense", training=training, name="dense")]
    imp = modular("imp", rate=0.6, training=training, sparsity=0.6)
    assert parents_of(recipe) == parents_of(imp)


def test_a_point_that_never_comes_ends_in_a_sentence() -> None:
    with pytest.raises(UserError, match="dense network of seed 3 never came to 'test accuracy > 2' in 8 epochs"):
        find_all([modular("early_mask", drawn_at="test accuracy > 2", sparsity=0.6)])


@pytest.mark.parametrize(
    ("drawn_at", "words"),
    [
        (-1, "drawn_at: an iteration is 0 or more"),
        ("tomorrow", "no condition on a training curve"),
    ],
)
def test_what_is_no_point(drawn_at: int | str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        modular("early_mask", drawn_at=drawn_at, sparsity=0.6)


def test_by_default_it_is_drawn_once_the_training_pairs_are_known() -> None:
    assert modular("early_mask", sparsity=0.6) == modular("early_mask", drawn_at="train accuracy > 0.95", sparsity=0.6)


def test_edge_popup_over_memorised_weights() -> None:
    recipe = modular("edge_popup", drawn_at=6, sparsity=0.5, allocation="global")
    assert recipe.option("frozen") == "trained"
    ticket = find_all([recipe])[recipe.id]
    weights = build_model("modular_mlp", 7, (1, 2, 7), 3)
    train(weights, load_data(DATA), SHORT, 3, stop=6, task=get_task("modular"))
    for name, weight in weights.state_dict().items():
        assert torch.equal(ticket.state[name], torch.where(ticket.masks[name], weight, 0.0)), name
    assert ticket.sparsity == pytest.approx(0.5, abs=1e-4)
    noted = ticket.info.recorded("norms")["l2"]
    kept = torch.cat([ticket.state[name].flatten() for name in ticket.masks])
    assert noted[-1] == pytest.approx(float(kept.norm()), rel=1e-3)  # of the network as it is found, not of the scores
    assert noted[0] != noted[-1]


def test_edge_popup_without_it_has_the_id_that_it_had() -> None:
    plain = modular("edge_popup", sparsity=0.5)
    assert "drawn_at" not in plain.canonical()
    with pytest.raises(UserError, match='give frozen = "trained"'):
        modular("edge_popup", drawn_at=6, frozen="initial", sparsity=0.5)
