"""Controls from a ticket's start with one thing changed: each done by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning import Recipe, Ticket, UserError
from pruning.data import load_data
from pruning.finders.base import apply_masks
from pruning.finders.lineage import parents_of
from pruning.finders.restarts import between_live
from pruning.masks import Masks, full_masks
from pruning.models import build_model, prunable
from pruning.study.config import Method, StudyConfig, expand
from pruning.tasks import get_task
from pruning.training.config import Training
from pruning.training.loop import train
from tests.pruning.finders.modular import DATA, SHORT, find_all, modular

EARLY = modular("early_mask", drawn_at=5, sparsity=0.6)
REWOUND = modular("imp", rate=0.6, rewind=2, sparsity=0.6)


def initial() -> nn.Module:
    """The network as it was initialised."""
    return build_model("modular_mlp", 7, (1, 2, 7), 3)


def check_trained(ticket: Ticket, model: nn.Module, masks: Masks, training: Training = SHORT, start: int = 0) -> None:
    """The ticket is this network, trained with these masks."""
    apply_masks(model, masks)
    train(model, load_data(DATA), training, 3, masks, start=start, task=get_task("modular"))
    for name, mask in masks.items():
        assert torch.equal(ticket.masks[name], mask), name
        assert torch.equal(ticket.state[name], model.state_dict()[name]), name


def found(finder: str, of: Recipe = EARLY, **fields: Any) -> tuple[Ticket, Ticket, dict[str, Ticket]]:
    """The control's ticket, its original's, and all."""
    recipe = modular(finder, of=of, **fields)
    known = find_all([recipe])
    return known[recipe.id], known[of.id], known


def test_the_same_start_trained_otherwise() -> None:
    training = SHORT.but(weight_decay=0)
    ticket, original, known = found("retrained", training=training)
    check_trained(ticket, initial(), original.masks, training)
    (mask_from,) = parents_of(EARLY)
    assert known[mask_from.id].recipe.training.weight_decay == 1  # which the mask still comes from


def test_the_dense_network_trained_otherwise() -> None:
    training = SHORT.but(weight_decay=0)
    ticket, _, _ = found("retrained", of=modular("dense", name="dense"), training=training, name="dense_no_decay")
    model = initial()
    check_trained(ticket, model, full_masks(prunable(model)), training)
    assert ticket.recipe.label == "dense no decay"


def test_from_a_rewinding_point_where_the_original_has_one() -> None:
    training = SHORT.but(weight_decay=0)
    ticket, original, _ = found("retrained", of=REWOUND, training=training)
    model = initial()
    train(model, load_data(DATA), SHORT, 3, stop=2, task=get_task("modular"))
    check_trained(ticket, model, original.masks, training, start=2)


@pytest.mark.parametrize("order", [1, 2])
def test_the_dense_network_at_the_tickets_norm(order: int) -> None:
    """The norm of the whole vector; not the mean over the matrices, which the published code has."""
    ticket, original, _ = found("norm_matched", order=order)
    model = initial()
    weights = {name: weight.detach().double().numpy() for name, weight in prunable(model).items()}
    kept = np.concatenate([weights[name][original.masks[name].numpy()] for name in weights])
    everything = np.concatenate([weight.ravel() for weight in weights.values()])
    ratio = np.linalg.norm(kept, order) / np.linalg.norm(everything, order)
    assert 0.3 < ratio < 0.99
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(float(ratio))
    check_trained(ticket, model, full_masks(prunable(model)))
    assert ticket.sparsity == ticket.recipe.sparsity == 0


def test_final_signs_on_the_first_magnitudes() -> None:
    ticket, original, known = found("signed")
    (dense,) = parents_of(EARLY)
    model, flipped = initial(), 0
    for name, weight in model.named_parameters():
        signs = torch.where(known[dense.id].state[name] >= 0, 1.0, -1.0)
        flipped += int((signs * weight < 0).sum())
        with torch.no_grad():
            weight.copy_(weight.abs() * signs)
    assert flipped > 0
    check_trained(ticket, model, original.masks)


def test_signs_by_chance() -> None:
    ticket, original, _ = found("signed", signs="random", training=SHORT.but(epochs=0))
    agree, magnitudes = [], initial().state_dict()
    for name, mask in original.masks.items():
        assert torch.equal(ticket.state[name].abs(), (magnitudes[name] * mask).abs())
        agree.append((ticket.state[name].sign() == magnitudes[name].sign())[mask])
    share, count = float(torch.cat(agree).double().mean()), len(torch.cat(agree))
    assert share == pytest.approx(0.5, abs=5 / math.sqrt(4 * count))
    again, _, _ = found("signed", signs="random", training=SHORT.but(epochs=0))
    assert all(torch.equal(again.state[name], ticket.state[name]) for name in original.masks)


def test_what_the_ticket_uses_is_left_dense_inside() -> None:
    ticket, original, _ = found("width_matched", of=modular("early_mask", drawn_at=5, sparsity=0.97))
    masks = {name: between_live(mask) for name, mask in original.masks.items()}
    assert 0 < ticket.sparsity < original.sparsity
    check_trained(ticket, initial(), masks)


@st.composite
def layer_masks(draw: st.DrawFn) -> Tensor:
    """Masks of linear and convolutional layers."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 4)), *draw(st.sampled_from([(), (2, 1)])))
    size = math.prod(shape)
    return torch.tensor(draw(st.lists(st.booleans(), min_size=size, max_size=size))).view(shape)


@given(layer_masks())
def test_between_live_by_its_definition(mask: Tensor) -> None:
    found = between_live(mask)
    for out in range(mask.shape[0]):
        for into in range(mask.shape[1]):
            live = bool(mask[out].any()) and bool(mask[:, into].any())
            assert found[out, into].all() if live else not found[out, into].any()


@pytest.mark.parametrize(
    ("finder", "fields", "words"),
    [
        ("retrained", {}, "would repeat 'early_mask' as it was"),
        ("norm_matched", {"of": modular("dense", name="dense")}, "The dense network has no mask"),
        ("signed", {"of": modular("one_shot", criterion="snip", sparsity=0.6)}, "cut from no trained network"),
        ("signed", {"of": modular("one_shot", criterion="magnitude", sparsity=0.6)}, "has none of its own"),
        ("norm_matched", {"of": modular("edge_popup", sparsity=0.6)}, "has none of its own"),
        ("norm_matched", {"of": modular("shuffled", of=EARLY)}, "has none of its own"),
        ("norm_matched", {"order": 3}, "order"),
    ],
)
def test_what_makes_no_sense_ends_in_a_sentence(finder: str, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        modular(finder, **{"of": EARLY, **fields})


def test_a_study_of_them() -> None:
    own = {"training": {"weight_decay": 0.0}}
    methods = [
        Method(name="ticket", finder="imp", rate=0.6),
        Method(name="no_decay", finder="retrained", of="ticket", **own),
        Method(name="dense_no_decay", finder="retrained", of="dense", **own),
        Method(name="L1", finder="norm_matched", of="ticket", order=1),
        Method(finder="signed", of="ticket"),
    ]
    config = StudyConfig(
        title="", model="modular_mlp", data=DATA, task="modular", training=SHORT, sparsities=[0.6], methods=methods
    )
    found = {recipe.method: recipe for recipe in expand(config, "here").values()}
    assert [recipe.label for recipe in found.values()] == [
        "Dense", "ticket 60 %", "no decay 60 %", "dense no decay", "L1", "ticket signed 60 %"
    ]  # fmt: skip
    for name in ("no_decay", "L1", "signed"):
        assert parents_of(found[name])[0] == found["ticket"]
    assert parents_of(found["signed"])[1] == found["dense"]
    assert found["no_decay"].training == SHORT.but(weight_decay=0.0)
    assert {recipe.task for recipe in found.values()} == {"modular"}


@pytest.mark.parametrize("criterion", ["random", "snip", "grasp", "synflow"])
def test_pruned_at_initialisation(criterion: str) -> None:
    ticket = find_all([recipe := modular("one_shot", criterion=criterion, sparsity=0.6, score_on="init")])[recipe.id]
    assert ticket.sparsity == pytest.approx(0.6, abs=1e-4)
    assert ticket.info.recorded("milestones")["resolution"] == [4]
    assert len(ticket.info.recorded("observed")["iteration"]) == len(ticket.info.recorded("norms")["l2"])
    kept = torch.cat([ticket.state[name][mask] for name, mask in ticket.masks.items()])
    assert ticket.info.recorded("norms")["l2"][-1] == pytest.approx(float(kept.norm()), rel=1e-3)  # none of what went


def test_synflow_is_not_defined_for_attention() -> None:
    with pytest.raises(UserError, match="a softmax"):
        find_all([modular("one_shot", criterion="synflow", model="modular_transformer", sparsity=0.6)])


@pytest.mark.parametrize("finder", ["shuffled", "random_reinit"])
def test_older_controls_of_an_early_mask(finder: str) -> None:
    ticket, original, _ = found(finder)
    assert ticket.kept == original.kept
