"""docs/recipes.md, run as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from typer.main import get_command

from analysis.cli.commands import app as analysis_cli
from pruning import Study
from pruning.cli.commands import app as pruning_cli
from tests import ROOT
from tests.docs.snippets import Missing, readers, run, sections

FILE = ROOT / "docs" / "recipes.md"
RECIPES = sections(FILE.read_text(encoding="utf-8"))


def result(heading: str) -> dict[str, Any]:
    try:
        return run(RECIPES[heading], readers(), FILE.name)
    except Missing as missing:
        pytest.skip(str(missing))


def sparsity(network: nn.Module, names: list[str]) -> float:
    weights = [dict(network.named_parameters())[name] for name in names]
    return sum(int((each == 0).sum()) for each in weights) / sum(each.numel() for each in weights)


def test_every_library_that_is_promised_has_a_recipe() -> None:
    libraries = ("training script", "torch.nn.utils.prune", "Torch-Pruning", "timm", "RobustBench", "Hugging Face")
    assert all(any(each in heading for heading in RECIPES) for each in libraries)


def test_pruned_weights_stay_at_zero_in_a_plain_training_loop() -> None:
    names = result("A plain training script")
    masks = names["pruned"].masks
    assert sparsity(names["network"], list(masks)) == pytest.approx(0.9, abs=1e-3)
    assert all(
        bool((dict(names["network"].named_parameters())[name][~mask] == 0).all()) for name, mask in masks.items()
    )
    assert set(names["ways"]) == {"magnitude", "snip", "taylor"}


def test_what_is_left_is_solved() -> None:
    names = result("After one shot: solve what is left, without training")
    assert sparsity(names["solved"], list(names["pruned"].masks)) == pytest.approx(0.7, abs=1e-3)
    assert list(names["errors"]) == list(names["pruned"].masks)
    assert all(after < before for before, after in names["errors"].values())


def test_an_order_of_channels_changes_no_output() -> None:
    names = result("2:4, with input channels in an order that suits it")
    images = names["images"].float() / 255
    torch.testing.assert_close(names["moved"].eval()(images), names["network"].eval()(images), rtol=1e-4, atol=1e-4)
    assert sum(int(mask.sum()) for mask in names["pruned"].masks.values()) > 0


def test_corrupted_images_are_images() -> None:
    names = result("Corrupted images while training, and after")
    assert names["inputs"].shape == (64, 3, 32, 32)
    assert 0 <= float(names["inputs"].min()) < float(names["inputs"].max()) <= 1
    assert len(names["found"]) == 5 * 64


def test_masks_of_torch_and_ours_go_both_ways() -> None:
    names = result("torch.nn.utils.prune")
    network, masked, masks = names["network"], names["masked"], names["snip"].masks
    for name, mask in masks.items():
        layer, _, parameter = name.rpartition(".")
        expected = dict(network.named_parameters())[name].detach() * mask
        assert torch.equal(getattr(masked.get_submodule(layer), parameter).detach(), expected)


def test_a_network_made_smaller_stands_beside_the_whole_one() -> None:
    names = result("Torch-Pruning")
    assert names["count_macs"](names["smaller"], (3, 32, 32)) < names["count_macs"](names["network"], (3, 32, 32)) / 2
    assert set(names["found"]["ticket"]) == {"whole", "TP-L1 50 %"}


def test_what_a_network_elsewhere_gives_stands_in_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result("A network that stays elsewhere, in a study")
    [entry] = Study.open(tmp_path / "studies" / "mine").entries()
    assert entry.recipe.label.startswith("TP-L1 30 %")


def test_networks_of_timm() -> None:
    names = result("timm")
    masks = names["pruned"].masks
    assert sparsity(names["network"], list(masks)) == pytest.approx(0.8, abs=1e-3)
    assert not any(name.startswith(("conv1", "fc")) for name in masks)
    assert len(names["found"]) == 2 * 2 * 64


def test_accuracy_is_that_of_robustbench() -> None:
    names = result("RobustBench")
    assert names["ours"] == pytest.approx(names["theirs"])


def test_networks_of_hugging_face() -> None:
    names = result("Hugging Face image classifiers")
    assert sparsity(names["network"], list(names["pruned"].masks)) == pytest.approx(0.5, abs=1e-3)
    assert names["found"]["prediction"].between(0, 9).all()


@pytest.mark.parametrize("file", ["README.md", "docs/scale.md", "docs/recipes.md"])
def test_commands_run_as_they_are_written(file: str) -> None:
    """With the environment that the first `make` sets up."""
    text = (ROOT / file).read_text("utf-8")
    assert not re.findall(r"(?<![\w/])python -m (?:pruning|analysis|app|tests)\b.*", text)


@pytest.mark.parametrize(
    "file", ["README.md", "CONTRIBUTING.md", *(f"docs/{each.name}" for each in ROOT.glob("docs/*.md"))]
)
def test_commands_that_are_named_are_there(file: str) -> None:
    """In prose, too, of which nothing is run."""
    known = {"pruning": get_command(pruning_cli), "analysis": get_command(analysis_cli)}
    for package, name in re.findall(r"python -m (pruning|analysis) ([a-z][\w-]*)", (ROOT / file).read_text("utf-8")):
        assert name in known[package].commands, f"{package} {name}"  # type: ignore[attr-defined]
