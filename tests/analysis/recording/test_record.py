"""Networks that stay elsewhere: what is recorded of them is what the engine measures of the same networks here."""

import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from analysis import record
from analysis.corruptions import corrupt
from analysis.engine import measure
from analysis.engine.status import status
from analysis.recording import Recorded
from analysis.results.store import Results
from pruning import files
from pruning.data import Dataset, load_data, normalise
from pruning.errors import UserError, WriteError
from pruning.study.folder import Entry, Study
from pruning.study.open_steps import open_steps

TABLES = ("samples", "conditions", "geometry", "summary", "reliability", "temperature", "corrupted", "lost")
OWN = ("kept", "total", "sparsity", "seconds")
DATA = load_data("digits")
IMAGES, LABELS = DATA.test.images, DATA.test.labels
WEIGHT, BIAS = np.random.default_rng(0).normal(size=(10, 64)), np.linspace(-1, 1, 10)


def batched(images: Tensor, size: int = 100) -> list[tuple[Tensor, Tensor]]:
    return list(zip(images.split(size), LABELS.split(size), strict=True))


def normalised() -> list[tuple[Tensor, Tensor]]:
    return batched(normalise(IMAGES, DATA.mean, DATA.std))


def linear(images: np.ndarray) -> np.ndarray:
    """A classifier in numpy, of bytes with channels last."""
    assert isinstance(images, np.ndarray)
    assert images.dtype == np.uint8
    assert images.shape[1:] == (8, 8, 1)
    return np.asarray((images.reshape(len(images), -1) / 255) @ WEIGHT.T + BIAS)


def smaller() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 10))


@pytest.fixture
def study(tiny_study: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(tiny_study, tmp_path / "study"))


@pytest.fixture
def clean(study_copy: Path) -> Study:
    """A study of which nothing is measured, and nothing is under corruption."""
    toml = study_copy / "study.toml"
    toml.write_text(re.sub(r"corruptions = \[.*\]", "corruptions = []", toml.read_text()))
    return Study.open(study_copy)


def entry_of(study: Study, label: str) -> Entry:
    return next(each for each in study.entries() if each.recipe.label == label and each.recipe.seed == 0)


def rows(study: Study, table: str, ticket_id: str) -> pd.DataFrame:
    return Results(study.path).table(table, ids=[ticket_id]).drop(columns=["ticket_id", *OWN], errors="ignore")


def test_a_network_that_is_here_too_has_the_same_numbers_and_a_run_leaves_them(study: Study) -> None:
    known = entry_of(study, "Magnitude 90 %")
    found = record(study, "theirs", study.load(known.id).model(), normalised(), parent=known.id)
    assert found.problems == []
    assert found.accuracy == pytest.approx(known.info.accuracy)
    for table in TABLES:
        own = rows(study, table, known.id)
        assert len(own), table
        pd.testing.assert_frame_equal(own, rows(study, table, found.ticket.id))
    before = Results(study.path).fingerprint()
    report = measure.run(Study.open(study.path), jobs=1)
    assert (report.written.total(), report.problems, report.mended) == (0, [], [])
    assert Results(study.path).fingerprint() == before
    assert all(row.missing == row.partial == 0 for row in status(Study.open(study.path)).rows)
    assert open_steps(study)[0] == []


def test_a_function_in_numpy_has_logits_alone(study: Study) -> None:
    pictures = IMAGES.permute(0, 2, 3, 1).numpy()
    found = record(study, "numpy", linear, (pictures, LABELS.numpy()), metrics={"FLOPs": 640})
    assert "It gives logits alone" in found.problems[0]
    for name, severity in (("clean", 0), ("brightness", 3), ("gaussian_noise", 1)):
        images = corrupt(IMAGES, name, severity) if severity else IMAGES
        right = linear(images.permute(0, 2, 3, 1).numpy()).argmax(1) == LABELS.numpy()
        own = rows(study, "conditions", found.ticket.id).set_index(["corruption", "severity"])
        assert own.loc[(name, severity), "accuracy"] == pytest.approx(right.mean())
    assert rows(study, "samples", found.ticket.id)[["angle", "length", "margin"]].isna().all(axis=None)
    assert found.ticket.info.recording is not None
    assert found.ticket.info.recording.metrics == {"FLOPs": 640.0}


def test_a_function_may_bring_its_features(clean: Study) -> None:
    def both(images: Tensor) -> tuple[np.ndarray, np.ndarray]:
        features = images.flatten(1).numpy()
        return features @ WEIGHT.T + BIAS, features

    found = record(clean, "both", both, batched(IMAGES / 255), classifier=(WEIGHT, BIAS))
    assert found.problems == []
    features = (IMAGES / 255).flatten(1).double().numpy()
    own = np.einsum("nd,nd->n", features, WEIGHT[LABELS])
    cosine = own / np.linalg.norm(features, axis=1) / np.linalg.norm(WEIGHT[LABELS], axis=1)
    angle = rows(clean, "samples", found.ticket.id)["angle"]
    np.testing.assert_allclose(angle, np.degrees(np.arccos(cosine)), rtol=1e-3)
    with pytest.raises(UserError, match="does not make the logits"):
        record(clean, "other", both, batched(IMAGES / 255), classifier=(WEIGHT[::-1].copy(), BIAS))


def test_a_smaller_network_says_what_it_costs(clean: Study) -> None:
    found = record(clean, "TP-L1 30 %", smaller(), normalised(), sparsity=0.3)
    recording = found.ticket.info.recording
    assert recording is not None
    assert (recording.macs, recording.weights) == (64 * 7 + 7 * 10, 64 * 7 + 7 * 10)
    numbers = 4 * (64 * 7 + 7 + 4 * 7 + 7 * 10 + 10) + 8  # float32, and the batches that the norm has seen
    assert numbers < recording.bytes < numbers + 1000
    assert clean.entries()[-1].recipe.label == "TP-L1 30 %"
    with pytest.raises(UserError, match="neither its masks nor its weights"):
        clean.load(found.ticket.id).model()


def test_another_size_of_images_by_a_transform(study: Study) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(256, 10)).eval()

    def larger(images: Tensor) -> Tensor:
        return nn.functional.interpolate(images / 255, scale_factor=2)

    found = record(study, "larger", net, batched(IMAGES), transform=larger, conditions=[("brightness", 3)])
    own = rows(study, "conditions", found.ticket.id).set_index("corruption")["accuracy"]
    with torch.no_grad():
        right = net(larger(corrupt(IMAGES, "brightness", 3))).argmax(1) == LABELS
    assert own["brightness"] == pytest.approx(float(right.double().mean()))
    assert list(own.index) == ["clean", "brightness"]
    report = measure.run(Study.open(study.path), jobs=1)
    assert report.written.total() == 0  # what was not recorded is not asked for


def test_images_of_no_known_form_are_shown_as_they_come(study: Study) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(256, 10)).eval()
    large = nn.functional.interpolate(IMAGES / 255, scale_factor=2)
    dark = nn.functional.interpolate(corrupt(IMAGES, "brightness", 3) / 255, scale_factor=2)
    found = record(study, "as they are", net, batched(large))
    assert "clean images alone" in found.problems[0]
    with torch.no_grad():
        assert found.accuracy == pytest.approx(float((net(large).argmax(1) == LABELS).double().mean()))
        right = float((net(dark).argmax(1) == LABELS).double().mean())
    found = record(
        study, "as they are", net, batched(large), conditions={("brightness", 3): batched(dark)}, replace=True
    )
    own = rows(study, "conditions", found.ticket.id).set_index("corruption")["accuracy"]
    assert own["brightness"] == pytest.approx(right)
    with pytest.raises(UserError, match="by a loader of their own"):
        record(study, "another", net, batched(large), conditions=[("fog", 3)])


def refused(study: Study, model: Any, loader: Any, **options: Any) -> str:
    before = sorted(path.name for path in study.path.rglob("*") if path.is_file() and "lock" not in path.name)
    with pytest.raises(UserError) as caught:
        record(study, options.pop("name", "mine"), model, loader, **options)
    assert sorted(p.name for p in study.path.rglob("*") if p.is_file() and "lock" not in p.name) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def of_logits(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda images: change(images.flatten(1)[:, :10])


def test_what_is_wrong_is_one_sentence_and_nothing_is_stored(clean: Study) -> None:
    net, good = smaller(), batched(IMAGES / 255)
    assert "(shuffle=False)" in refused(clean, net, [(IMAGES.flip(0) / 255, LABELS.flip(0))])
    assert "its image 3 is another" in refused(clean, net, [(torch.cat([IMAGES[:3], 255 - IMAGES[3:]]), LABELS)])
    assert "gives 100 images" in refused(clean, net, good[:1])
    assert "or more images" in refused(clean, net, [*good, good[0]])
    assert "gives 0 images" in refused(clean, net, [])
    assert "pairs of images and labels" in refused(clean, net, [IMAGES])
    assert "give a loader" in refused(clean, net, 3)
    assert "whole number as label" in refused(clean, net, [(IMAGES, LABELS.double())])
    assert "knows 9 classes" in refused(clean, of_logits(lambda x: x[:, :9]), good)
    assert "a row an image" in refused(clean, of_logits(lambda x: x[0]), good)
    assert "a row an image" in refused(clean, of_logits(lambda x: x[:1].repeat(2, 1)), good)
    assert "not finite" in refused(clean, of_logits(lambda x: x / 0), good)
    assert "gives several things" in refused(clean, lambda x: (x, x), good)
    assert "gives no numbers" in refused(clean, lambda x: "cat", good)
    assert "a pair of logits and features" in refused(clean, of_logits(lambda x: x), good, classifier=(WEIGHT, BIAS))
    assert "already; give another name" in refused(clean, net, good, name="Magnitude 90 %")
    assert "Give the ticket a name" in refused(clean, net, good, name=" ")
    assert "no ticket nobody" in refused(clean, net, good, parent="nobody")
    assert "seed 7 is no choice" in refused(clean, net, good, seed=7)
    assert "give a finite number" in refused(clean, net, good, metrics={"loss": float("nan")})
    assert "'loss' is 'low'; give a number" in refused(clean, net, good, metrics={"loss": "low"})
    assert "none of the metrics" in refused(clean, net, good, higher=["loss"])
    assert "Unknown corruption 'fogg'" in refused(clean, net, good, conditions=[("fogg", 3)])


def test_a_name_is_taken_once_and_may_be_recorded_again(clean: Study) -> None:
    def again(shift: int, **options: Any) -> Recorded:
        return record(clean, "mine", lambda images: nn.functional.one_hot(LABELS[: len(images)] + shift, 11)[:, :10],
                      [(IMAGES, LABELS)], **options)  # fmt: skip

    first = again(0)
    with pytest.raises(UserError, match="or replace=True"):
        again(0)
    second = again(1, replace=True)
    assert first.ticket.id == second.ticket.id
    assert len(list((clean.path / "recorded" / first.ticket.id).iterdir())) == 1
    [row] = rows(clean, "summary", first.ticket.id).to_dict("records")
    assert row["accuracy"] == second.accuracy != first.accuracy


def test_a_full_disk_leaves_the_study_as_it_was(clean: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: Any) -> None:
        raise files.cannot_write(path, OSError(errno.ENOSPC, "full"))

    monkeypatch.setattr("pruning.ticket.write_atomically", full)
    with pytest.raises(WriteError, match="the disk is full"):
        record(clean, "mine", smaller(), normalised())
    assert not [path for path in (clean.path / "recorded").rglob("*") if path.is_file()]
    assert "mine" not in [entry.recipe.label for entry in clean.entries()]


def test_a_recording_that_is_damaged_or_of_other_images_is_left_out_of_a_run(study: Study) -> None:
    found = record(study, "mine", smaller(), normalised())
    shutil.rmtree(study.path / "results" / "conditions")
    [damaged] = (study.path / "recorded" / found.ticket.id).glob("brightness-3.*")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    report = measure.run(Study.open(study.path), jobs=1, only=["conditions"])
    assert any("is gone or damaged; record it again" in problem for problem in report.problems)
    results = Results(study.path)
    assert len(results.table("conditions", ids=[found.ticket.id])) == 6
    assert len(results.table("conditions", ids=[entry_of(study, "Dense").id])) == 7
    toml = study.path / "study.toml"
    toml.write_text(toml.read_text() + "samples = 200\n")
    report = measure.run(Study.open(study.path), jobs=1, only=["temperature"])
    assert any("recorded on other test images" in problem for problem in report.problems)


def test_a_study_file_cannot_ask_for_one(clean: Study) -> None:
    toml = clean.path / "study.toml"
    toml.write_text(toml.read_text().replace("[analysis]", '[[method]]\nfinder = "recorded"\n\n[analysis]'))
    with pytest.raises(UserError, match="needs 'called'"):
        Study.open(clean.path)


def test_inner_layers_are_those_of_the_network_itself(study: Study) -> None:
    known = entry_of(study, "Magnitude 90 %")
    found = record(study, "theirs", study.load(known.id).model(), normalised())
    own = rows(study, "representations", known.id)
    assert set(own["corruption"]) > {"clean"}
    pd.testing.assert_frame_equal(own, rows(study, "representations", found.ticket.id), atol=2e-3)
    alike = [rows(study, "alignment", each) for each in (known.id, found.ticket.id)]
    dense = [each[each["relation"] == "dense"].drop(columns="other").reset_index(drop=True) for each in alike]
    assert len(dense[0])
    pd.testing.assert_frame_equal(*dense, atol=2e-3)
    again = record(study, "theirs", study.load(known.id).model(), normalised(), layers=False, replace=True)
    assert not len(rows(study, "representations", again.ticket.id))
    assert not [path for path in (study.path / "recorded" / again.ticket.id).iterdir() if "layers" in path.name]


def test_inner_layers_behind_a_transform_keep_their_names_and_their_number_of_images(study: Study) -> None:
    first = nn.Linear(256, 8)
    net = nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(8, 10)).eval()

    def larger(images: Tensor) -> Tensor:
        return nn.functional.interpolate(images / 255, scale_factor=2)

    found = record(study, "larger", net, batched(IMAGES), transform=larger, conditions=[])
    [row] = rows(study, "representations", found.ticket.id).to_dict("records")
    assert (row["corruption"], row["layer"], row["units"]) == ("clean", "1", 8)
    with torch.no_grad():
        seen = first(larger(IMAGES).flatten(1)).relu()
    assert row["zeros"] == pytest.approx(float((seen == 0).double().mean()), abs=1e-3)
    toml = study.path / "study.toml"
    toml.write_text(toml.read_text() + "layer_samples = 50\n")
    report = measure.run(Study.open(study.path), jobs=1, only=["representations"])
    assert any("`layer_samples` asks for, 50; record it again" in problem for problem in report.problems)


def test_a_study_is_made_of_a_loader(tmp_path: Path) -> None:
    data = Dataset.from_loader([(IMAGES[:100], LABELS[:100])], [(IMAGES[100:200], LABELS[100:200])], name="theirs")
    study = Study.create(tmp_path / "mine", data, analysis={"corruptions": ["brightness"], "severities": [3]})
    assert (study.recipes(), study.entries()) == ([], [])
    found = record(study, "mine", smaller(), [(IMAGES[100:200] / 255, LABELS[100:200])])
    assert found.problems == []
    own = rows(study, "conditions", found.ticket.id)
    assert list(own["corruption"]) == ["clean", "brightness"]
    assert measure.run(Study.open(tmp_path / "mine"), jobs=1).written.total() == 0
