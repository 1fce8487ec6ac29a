"""Structures in recipes and study files, and tickets that keep removed filters silent through training."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pruning.api import find_ticket
from pruning.cli.tables import ticket_view
from pruning.errors import UserError
from pruning.granularity.dead_channels import dead_channel_masks
from pruning.models import build_model
from pruning.recipe import Recipe
from pruning.shrink import shrink
from pruning.study.config import StudyConfig, expand
from pruning.validation import validate

COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits"}


def test_a_pattern_fills_in_its_sparsity() -> None:
    recipe = Recipe(**COMMON, criterion="magnitude", structure="1:4")
    assert recipe.sparsity == 0.75
    assert recipe.option("allocation") is None
    assert Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True)).id == recipe.id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"criterion": "snip", "structure": "2:4", "sparsity": 0.9}, "always has sparsity 0.5"),
        ({"criterion": "snip", "structure": "2:4", "allocation": "erk"}, "leaves nothing to allocate"),
        ({"finder": "imp", "structure": "2:4"}, "take the finder 'one_shot'"),
    ],
)
def test_what_a_structure_rules_out(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        validate(Recipe, {**COMMON, **fields}, "here")


def test_a_study_gives_a_pattern_its_own_sparsity() -> None:
    plain = {
        "title": "t",
        **COMMON,
        "sparsities": [0.8, 0.9],
        "method": [
            {"criterion": "magnitude", "structure": "2:4"},
            {"criterion": "snip"},
            {"finder": "random_reinit", "of": "magnitude"},
        ],
    }
    found = expand(StudyConfig.model_validate(plain), "here").values()
    assert [(r.method, r.sparsity) for r in found] == [
        ("dense", 0.0), ("magnitude", 0.5), ("snip", 0.8), ("snip", 0.9), ("random_reinit", 0.5),
    ]  # fmt: skip


def test_block_has_one_name() -> None:
    first, second = (Recipe(**COMMON, criterion="snip", sparsity=0.5, structure=s) for s in ("block", "block:4x4"))
    assert first.id == second.id


def test_silence_finds_the_norm_that_reads_a_layer() -> None:
    model = build_model("resnet20", 10, (3, 8, 8), 0)
    mask = torch.ones(16, 16, 3, 3, dtype=torch.bool)
    mask[3] = False
    found = dead_channel_masks(model, {"layer1.0.conv1.weight": mask}, (3, 8, 8))
    assert set(found) == {"layer1.0.bn1.weight", "layer1.0.bn1.bias"}
    assert all((~kept).nonzero().flatten().tolist() == [3] for kept in found.values())


def test_show_names_the_blocks_that_went(tmp_path: Path) -> None:
    training: Any = {"epochs": 0, "lr": 0.05}
    recipe = Recipe(
        model="resnet20", data="digits", criterion="cka", score_on="init", structure="layer", sparsity=0.28,
        score_per_class=2, training=training,
    )  # fmt: skip
    find_ticket(recipe).save(tmp_path / "ticket.safetensors")
    head = ticket_view(tmp_path / "ticket.safetensors").renderables[0]
    assert str(head).splitlines()[-1] == "without 1 of 7 residual blocks: layer3.2"


def test_a_removed_filter_stays_silent_and_the_network_shrinks() -> None:
    training: Any = {"epochs": 1, "lr": 0.05, "warmup_epochs": 0}
    recipe = Recipe(**COMMON, criterion="snip", sparsity=0.6, structure="filter", training=training)
    ticket = find_ticket(recipe)
    dead = ~ticket.masks["fc1.weight"].any(dim=1)
    assert 0 < int(dead.sum()) < 300
    assert bool((ticket.state["fc1.bias"][dead] == 0).all())
    assert bool((ticket.state["fc1.bias"][~dead] != 0).any())
    smaller = shrink(ticket.model(), ticket.masks, ticket.info.shape)
    assert smaller is not None
    assert smaller.get_submodule("fc1").out_features == 300 - int(dead.sum())
