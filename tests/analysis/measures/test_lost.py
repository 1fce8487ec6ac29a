"""Why images are lost, measured on a small study, against the networks themselves."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.comparisons.lost_images import CAUSES, SHARES, cause_of, causes, flows, lost_images
from analysis.comparisons.stored_conditions import stored_predictions
from analysis.corruptions import corrupt
from analysis.engine import measure
from analysis.measures.lost import RESCUES
from analysis.metrics.drift import SHIFTS, predictions
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.models import features_and_logits
from pruning.study.folder import Study


@pytest.fixture(scope="module")
def measured(tiny_study: Path) -> Study:
    return Study.open(tiny_study)


def test_agrees_with_the_networks(measured: Study) -> None:
    data = load_data("digits")
    entry = next(entry for entry in measured.entries() if entry.recipe.label == "Magnitude 90 %")
    model = measured.load(entry.id).model().eval()
    labels = data.test.labels
    with torch.no_grad():
        clean, before = features_and_logits(model, normalise(data.test.images, data.mean, data.std))
        images = corrupt(data.test.images, "gaussian_noise", 3)
        after, now = features_and_logits(model, normalise(images, data.mean, data.std))
    lost = (before.argmax(1) == labels) & (now.argmax(1) != labels)
    assert lost.any()
    strongest = "corruption = 'gaussian_noise' AND severity = 3"
    [row] = Results(measured.path).table("lost", ids=[entry.id], where=strongest).itertuples()
    assert (row.n, row.lost, row.right) == (len(labels), int(lost.sum()), int((now.argmax(1) == labels).sum()))
    weight, bias = model.get_parameter("fc3.weight").detach(), model.get_parameter("fc3.bias").detach()
    undone = predictions(clean, after, labels, weight, bias)
    bits = np.frombuffer(row.rescues, dtype=np.uint8)
    for place, name in enumerate(RESCUES[: len(SHIFTS)]):
        assert getattr(row, f"right_{name}") == int((undone[name] == labels).sum())
        assert ((bits >> place) & 1).astype(bool).tolist() == (undone[name] == labels)[lost].tolist()
    rivals = now.argmax(1)
    lead = [logits.gather(1, labels[:, None]) - logits.gather(1, rivals[:, None]) for logits in (before, now)]
    change = (lead[1] - lead[0])[lost]
    assert row.direction + row.length == pytest.approx(float(change.mean()), abs=1e-4)


def test_causes_flows_and_images_count_the_same(measured: Study) -> None:
    tickets: dict[str, list[str]] = {}
    for entry in measured.entries():
        tickets.setdefault(entry.recipe.label, []).append(entry.id)
    results, condition, key = Results(measured.path), ("gaussian_noise", 3), "Random 90 %"
    rows = results.table("lost")
    table = causes(rows, tickets)
    assert len(table) == len(tickets) * 6
    np.testing.assert_allclose(table[list(CAUSES)].sum(axis=1), table["lost"], atol=1e-12)
    for name in SHARES:
        assert ((table[f"{name}_low"] <= table[name] + 1e-12) & (table[name] <= table[f"{name}_high"] + 1e-12)).all()
    found = stored_predictions(results, tickets, ["gaussian_noise"], 10)
    own = table[(table["key"] == key) & (table["corruption"] == condition[0]) & (table["severity"] == 3)].iloc[0]
    towards = flows(found, key, condition)
    assert towards["images"].sum() == pytest.approx(own["lost"] * own["n"])
    assert towards["of_lost"].sum() == pytest.approx(1)
    assert (towards["label"] != towards["winner"]).all()
    shares, at = [], rows[(rows["corruption"] == condition[0]) & (rows["severity"] == condition[1])]
    for place, ticket in enumerate(tickets[key]):
        mine = at[at["ticket_id"] == ticket].iloc[0]
        images = lost_images(found, key, place, condition, np.arange(mine["n"]), mine["rescues"])
        assert len(images) == mine["lost"]
        shares.append([(images["cause"] == cause).sum() / mine["n"] for cause in CAUSES])
    np.testing.assert_allclose(np.mean(shares, axis=0), own[list(CAUSES)].astype(float))
    with pytest.raises(UserError, match="1 were asked why"):
        lost_images(found, key, 0, condition, np.arange(own["n"]), b"\0")


def test_the_cause_is_the_first_that_brings_an_image_back() -> None:
    codes = np.array([0b000001, 0b000011, 0b000110, 0b000100, 0b001000, 0b110000, 0], dtype=np.uint8)
    assert [CAUSES[place] for place in cause_of(codes)] == [
        "drift", "drift", "scale", "class", "scatter", "scatter", "scatter",
    ]  # fmt: skip


def test_at_most_as_many_images_as_asked_for(study_copy: Path) -> None:
    file = study_copy / "study.toml"
    file.write_text(file.read_text() + "lost_samples = 100\n")
    study = Study.open(study_copy)
    assert not measure.run(study, only=["lost"], jobs=1).problems
    rows = Results(study.path).table("lost")
    assert (rows["n"] == 100).all()
    assert (rows["rescues"].map(len) == rows["lost"]).all()


def test_of_tickets_that_were_not_measured_there_is_nothing_to_say() -> None:
    empty = Results("nowhere").table("lost")
    found = causes(empty, {"dense": ["a"]})
    assert found.empty
    assert {"key", "corruption", "lost", "drift", "net_class"} <= set(found.columns)
