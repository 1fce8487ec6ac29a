"""The scan against brute force: one layer pruned by hand or by the ordinary finder, and evaluated on its own."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from analysis.corruptions import corrupt
from analysis.engine import measure
from analysis.engine.base import measures
from analysis.engine.layer_cuts import SPARSITIES, layer_cuts, manual_recipe
from analysis.engine.settings import model, settings
from analysis.engine.wanted import Wanted
from analysis.measures.sensitivity import SensitivityOptions
from analysis.results.store import Results
from pruning.checkpoints.imported_weights import Start
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.study.folder import Study

SCAN = 'corruptions = ["gaussian_noise", "brightness"]\nseverities = [1, 3]\nsensitivity_corruptions = ["brightness"]\n'


@pytest.fixture(scope="module")
def scanned(found_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study in which the scan was made by two criteria, on some of the images."""
    folder = shutil.copytree(found_study, tmp_path_factory.mktemp("scan") / "study")
    source = folder / "study.toml"
    head = source.read_text().split("[analysis]")[0]
    source.write_text(f'{head}[analysis]\n{SCAN}sensitivity = ["magnitude", "snip"]\nsensitivity_samples = 120\n')
    measure.run(Study.open(folder), only=["sensitivity"])
    return Study.open(folder)


def rows_of(study: Study) -> pd.DataFrame:
    return Results(study.path).table("sensitivity")


@torch.no_grad()
def right(model: nn.Module, images: Tensor) -> np.ndarray:
    data = load_data("digits")
    places = np.linspace(0, len(images) - 1, 120).round().astype(int)
    logits = model.eval()(normalise(images, data.mean, data.std))[places]
    return (logits.argmax(1) == data.test.labels[places]).numpy()


def test_only_dense_networks_are_scanned_under_what_was_asked(scanned: Study) -> None:
    rows, dense = rows_of(scanned), [entry.id for entry in scanned.entries() if entry.recipe.is_dense]
    assert sorted(rows["ticket_id"].unique()) == sorted(dense)
    assert {*zip(rows["corruption"], rows["severity"], strict=True)} == {("clean", 0), ("brightness", 3)}
    assert len(rows) == len(dense) * 2 * 2 * (1 + 3 * len(SPARSITIES))
    assert set(rows["n"]) == {120}


def test_it_equals_pruning_that_layer_by_hand_and_evaluating(scanned: Study) -> None:
    rows, data = rows_of(scanned), load_data("digits")
    rows = rows[rows["kind"] == "magnitude"]
    for entry in [entry for entry in scanned.entries() if entry.recipe.is_dense]:
        for (corruption, severity), shown in rows[rows["ticket_id"] == entry.id].groupby(["corruption", "severity"]):
            images = data.test.images
            images = images if corruption == "clean" else corrupt(images, str(corruption), int(severity), seed=0)
            for row in shown.itertuples():
                model = scanned.load(entry.id).model()
                if row.layers:
                    weight = model.get_parameter(f"{row.layers}.weight").data
                    keep = weight.numel() - round(row.sparsity * weight.numel())
                    weight[weight.abs() < weight.abs().flatten().sort(descending=True).values[keep - 1]] = 0
                    assert row.removed == pytest.approx(1 - keep / weight.numel())
                own = right(model, images)
                found = np.unpackbits(np.frombuffer(row.right, np.uint8), count=row.n).astype(bool)
                np.testing.assert_array_equal(found, own)
                assert row.correct == own.sum()


@pytest.mark.parametrize(
    ("criterion", "structure"), [("snip", "weight"), ("synflow", "weight"), ("magnitude", "filter")]
)
def test_the_masks_are_those_of_the_finder(scanned: Study, criterion: str, structure: str) -> None:
    entry = next(entry for entry in scanned.entries() if entry.recipe.is_dense)
    ticket, trainer = scanned.load(entry.id), Trainer(load_data("digits"))
    sizes = {name: mask.numel() for name, mask in ticket.masks.items()}
    for cut in layer_cuts(ticket, criterion, structure, trainer, (0.9,)):
        if cut.why:
            assert (structure, cut.names) == ("filter", ("fc3.weight",))
            continue
        layers = {name: cut.sparsity if name in cut.names else 0.0 for name in sizes}
        total = sum(round(layers[name] * size) for name, size in sizes.items()) / sum(sizes.values())
        recipe = manual_recipe(ticket, criterion, structure).but(layers=layers, sparsity=total)
        masks = prune_by_score(recipe, ticket.model(), trainer)
        for name in sizes:
            assert torch.equal(masks[name], cut.masks.get(name, torch.ones_like(masks[name])))


def test_images_are_normalised_as_the_network_expects(scanned: Study) -> None:
    """Imported networks have a normalisation of their own."""
    data = load_data("digits")
    other = dataclasses.replace(data, mean=(5.0,), std=(0.1,))
    ticket = scanned.load(next(entry.id for entry in scanned.entries() if entry.recipe.is_dense))
    expected = layer_cuts(ticket, "snip", "weight", Trainer(data), (0.9,))
    found = layer_cuts(ticket, "snip", "weight", Trainer(other), (0.9,))
    for one, two in zip(expected, found, strict=True):
        assert all(torch.equal(one.masks[name], two.masks[name]) for name in one.masks)


def test_only_the_rows_of_imported_networks_were_mended(scanned: Study) -> None:
    entry = next(entry for entry in scanned.entries() if entry.recipe.is_dense)
    start = Start(weights="0123456789ab", mean=(0.5,), std=(0.5,))
    brought = dataclasses.replace(entry, recipe=entry.recipe.but(start=start), content=entry.digest)
    wanted = Wanted(scanned, settings(scanned), [entry, brought], None)
    own, other = (wanted.parts(measures()["sensitivity"], each) for each in (entry, brought))
    assert own.keys() == other.keys()
    assert {each.measure for each in own.values()} == {1}
    assert {each.measure for each in other.values()} == {2}
    assert wanted.digest(measures()["sensitivity"], entry) != wanted.digest(measures()["sensitivity"], brought)


def test_of_a_mended_structure_all_rows_are_measured_again() -> None:
    matters = measures()["sensitivity"].matters
    assert matters(model()(), 50) == {"structure": "weight", "images": 50}
    filters = matters(model().model_validate({"sensitivity_structure": "filter"}), 5000)
    assert filters == {"structure": "filter", "images": 1000, "structure revision": 2}


def test_what_cannot_be_pruned_is_said(scanned: Study, tmp_path: Path) -> None:
    """Whole neurons of the classifier are the classes: nothing is known of it, and nothing counted."""
    folder = shutil.copytree(scanned.path, tmp_path / "filters")
    source = folder / "study.toml"
    source.write_text(source.read_text() + 'sensitivity_structure = "filter"\n')
    measure.run(Study.open(folder), only=["sensitivity"])
    rows = Results(folder).table("sensitivity")
    last = rows[rows["layers"] == "fc3"]
    assert last["removed"].isna().all()
    assert set(last["n"]) == {0}
    assert last["loss"].isna().all()
    assert last["why"].str.contains("fc3").all()
    first = rows[rows["layers"] == "fc1"]
    assert (first["removed"] <= first["sparsity"] + 1e-9).all()
    assert (first["why"] == "").all()


def test_a_criterion_that_is_not_known_or_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="Did you mean 'magnitude'"):
        SensitivityOptions(sensitivity=["magnitud"])
    with pytest.raises(UserError, match="take another one"):
        SensitivityOptions(sensitivity=["cka"])
