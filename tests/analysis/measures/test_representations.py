"""What inner layers hand on and how alike tickets are there, measured on a small study, against the networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.corruptions import corrupt
from analysis.engine.layer_pass import MINIBATCH, chosen
from analysis.engine.settings import model
from analysis.measures.alignment import partners
from analysis.measures.representations import nearest_severity, of_images
from analysis.metrics import dimension, probes
from analysis.metrics.cka import cka, grams
from analysis.metrics.collapse import COLLAPSE, neural_collapse
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.study.folder import Study

ORDER = chosen(359, 1000)


def hidden(network: Any, images: Tensor) -> tuple[list[Tensor], Tensor]:
    """What the two hidden layers give, in the order of the passes, and the logits."""
    data = load_data("digits")
    with torch.no_grad():
        first = network.fc1(normalise(images[ORDER], data.mean, data.std).flatten(1)).relu()
        second = network.fc2(first).relu()
        return [first, second], network.fc3(second)


def alike(first: Tensor, second: Tensor) -> float:
    return float(cka(*(grams(each.split(MINIBATCH))[None] for each in (first, second))))


def test_agrees_with_the_network(tiny_study: Path) -> None:
    study, data = Study.open(tiny_study), load_data("digits")
    entry = next(entry for entry in study.entries() if entry.recipe.label == "Magnitude 90 %")
    network: Any = study.load(entry.id).model().eval()
    clean, logits = hidden(network, data.test.images)
    after, _ = hidden(network, corrupt(data.test.images, "gaussian_noise", 3))
    labels = data.test.labels[ORDER]
    rows = Results(study.path).table("representations", ids=[entry.id])
    assert rows[["corruption", "severity"]].drop_duplicates().to_numpy().tolist() == [
        ["clean", 0], ["gaussian_noise", 3], ["brightness", 3], ["gaussian_blur", 3],
    ]  # fmt: skip
    assert rows["layer"].tolist() == ["fc1", "fc2"] * 4
    noisy, plain = (rows[rows["corruption"] == name].set_index("layer") for name in ("gaussian_noise", "clean"))
    assert (plain["cka"] == 1).all()
    for layer, before, now in zip(("fc1", "fc2"), clean, after, strict=True):
        assert noisy.loc[layer, "cka"] == pytest.approx(alike(before, now), abs=1e-3)
        assert noisy.loc[layer, "zeros"] == pytest.approx(float((now == 0).float().mean()), abs=1e-3)
        assert noisy.loc[layer, "units"] == before.shape[1]
        assert noisy.loc[layer, "dead"] == int((now == now[0]).all(0).sum())
    # the last layer has 100 numbers, and is its own sketch
    fitted = probes.cross_fitted(probes.ridge, clean[1], labels, 10)
    assert plain.loc["fc2", "ridge"] == pytest.approx(probes.accuracy(fitted, clean[1], labels), abs=1e-3)
    assert noisy.loc["fc2", "ridge"] == pytest.approx(probes.accuracy(fitted, after[1], labels), abs=1e-3)
    again = probes.cross_fitted(probes.ridge, after[1], labels, 10)
    assert noisy.loc["fc2", "refitted"] == pytest.approx(probes.accuracy(again, after[1], labels), abs=1e-3)
    assert plain.loc["fc2", "rank"] == pytest.approx(dimension.effective_rank(clean[1]), rel=1e-2)
    assert plain.loc["fc2", "dimension"] == pytest.approx(dimension.two_nn(clean[1]), rel=1e-2)
    expected = neural_collapse(clean[1], labels, logits, network.fc3.weight.detach())
    np.testing.assert_allclose([plain.loc["fc2", name] for name in COLLAPSE], [*expected.values()], rtol=1e-2)
    assert rows.loc[rows["layer"] == "fc1", list(COLLAPSE)].isna().all(axis=None)


def test_every_layer_is_held_against_every_layer(tiny_study: Path) -> None:
    study, data = Study.open(tiny_study), load_data("digits")
    own, dense = (
        next(entry for entry in study.entries() if entry.recipe.label == label and entry.recipe.seed == 1)
        for label in ("Magnitude 90 %", "Dense")
    )
    rows = Results(study.path).table("alignment", ids=[own.id], where="relation = 'dense'")
    assert (rows["other"] == dense.id).all()
    first, second = (hidden(study.load(entry.id).model().eval(), data.test.images)[0] for entry in (own, dense))
    expected = [alike(a, b) for a in first for b in second]
    np.testing.assert_allclose(rows["cka"], expected, atol=1e-3)
    assert rows[["layer", "other_layer"]].to_numpy().tolist() == [
        [a, b] for a in ("fc1", "fc2") for b in ("fc1", "fc2")
    ]


def test_partners_are_the_dense_network_and_the_next_seed(tiny_study: Path) -> None:
    entries = Study.open(tiny_study).entries()
    known, found = {entry.id: entry.recipe for entry in entries}, partners(entries)
    assert set(found) == set(known)
    for ticket, pairs in found.items():
        recipe = known[ticket]
        for pair in pairs:
            other = pair.entry.recipe
            if pair.relation == "dense":
                assert (other.is_dense, other.seed) == (True, recipe.seed)
            else:
                assert (other.family, other.seed) == (recipe.family, 1 - recipe.seed)
        assert [pair.relation for pair in pairs] == (["seed"] if recipe.is_dense else ["dense", "seed"])
    one_seed = [entry for entry in entries if entry.recipe.seed == 0]
    assert all(pair.relation == "dense" for pairs in partners(one_seed).values() for pair in pairs)


def test_the_severity_nearest_to_the_one_asked_for() -> None:
    def asked(**settings: Any) -> set[tuple[str, int]]:
        config = model()(families=["cifar_c", "mnist_c", "adversarial", "fourier"], **settings)
        found = {each for each in config.conditions() if of_images(each) and nearest_severity(config, each)}
        assert ("clean", 0) in found
        return {each for each in found if each[0] in ("fog", "zigzag", "fgsm")}

    assert asked() == {("fog", 3), ("zigzag", 1)}
    assert asked(severities=[1, 5]) == {("fog", 1), ("zigzag", 1)}
    assert asked(severities=[1, 5], layer_severity=4) == {("fog", 5), ("zigzag", 1)}


def test_images_are_spread_evenly_and_mixed() -> None:
    rows = chosen(1000, 100)
    assert sorted(rows.tolist()) == np.linspace(0, 999, 100).round().astype(int).tolist()
    assert len(set((rows[:50] // 100).tolist())) == 10  # a minibatch of sorted classes has them all
    assert torch.equal(rows, chosen(1000, 100))
