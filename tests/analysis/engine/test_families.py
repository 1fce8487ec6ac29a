"""Families of corruptions, arrays and photographs in a study: what is measured is what the networks make of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from analysis.corruptions import corrupt
from analysis.corruptions.attacks import attack
from analysis.corruptions.photographs import Photographs
from analysis.engine import measure
from analysis.engine.status import status
from analysis.results.store import Results
from pruning.data import Dataset, load_data, normalise
from pruning.study.folder import Study
from pruning.ticket import Ticket

TABLES = ["conditions", "reliability", "corrupted"]


def with_analysis(folder: Path, text: str) -> Study:
    """The study with another [analysis] section, and with the first three of its tickets."""
    file = folder / "study.toml"
    head = file.read_text().split("[analysis]")[0]
    file.write_text(f"{head}[analysis]\n{text}\n")
    for entry in Study.open(folder).entries()[3:]:
        entry.path.unlink()
    return Study.open(folder)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_data("digits")


def accuracies(study: Study, key: str) -> dict[tuple[str, int], float]:
    rows = Results(study.path).table("conditions", ids=[key])
    return {(c, int(s)): a for c, s, a in zip(rows["corruption"], rows["severity"], rows["accuracy"], strict=True)}


@torch.no_grad()
def share(ticket: Ticket, images: Tensor, data: Dataset) -> float:
    logits = ticket.model()(normalise(images, data.mean, data.std))
    return float((logits.argmax(1) == data.test.labels).double().mean())


def test_all_kinds_are_measured(study_copy: Path, data: Dataset) -> None:
    named = '["fog", "stripe", "ripple", "sparkles", "fourier_2_-3", "fgsm"]'
    text = f'families = "all"\nseverities = [3]\ncorruptions = {named}'
    study = with_analysis(study_copy, text)
    assert measure.run(study, only=TABLES).problems == []
    assert all(row.complete == row.tickets for row in status(study).rows if row.table in TABLES)
    asked = [("clean", 0), ("fog", 3), ("stripe", 1), ("sparkles", 3), ("ripple", 3), ("fourier_2_-3", 4), ("fgsm", 3)]
    test = data.test
    for entry in study.entries():
        ticket, found = study.load(entry.id), accuracies(study, entry.id)
        assert list(found) == asked
        for name, severity in asked[1:6]:
            assert found[name, severity] == share(ticket, corrupt(test.images, name, severity), data)
        shown = attack(ticket.model(), test.images, test.labels, "fgsm", 3, mean=data.mean, std=data.std)
        assert found["fgsm", 3] == pytest.approx(share(ticket, shown, data), abs=0.003)
        assert found["fgsm", 3] < found["clean", 0]
    assert set(Results(study.path).table("corrupted")["corruption"]) == {"fog", "stripe", "sparkles", "ripple"}


def test_a_family_for_this_time(study_copy: Path) -> None:
    study = with_analysis(study_copy, 'corruptions = ["fog"]\nseverities = [1]')
    measure.run(study, only=TABLES)
    assert measure.run(study, only=TABLES, families=["adversarial"]).written == {"conditions": 3, "reliability": 3}
    key = study.entries()[0].id
    there = [("clean", 0), ("fog", 1), ("fgsm", 1), ("pgd", 1)]
    assert list(accuracies(study, key)) == there
    assert not measure.run(study, only=TABLES).written
    measure.run(study, only=TABLES, families=["adversarial"], force=True)
    assert list(accuracies(study, key)) == there, "what nothing was said about stays"
    measure.run(study, only=TABLES, force=True)
    assert list(accuracies(study, key)) == there[:2]


def test_a_ticket_that_cannot_be_attacked_keeps_no_other_back(study_copy: Path) -> None:
    study = with_analysis(study_copy, 'families = ["adversarial"]\nseverities = [1]')
    broken = study.entries()[1]
    ticket = study.load(broken.id)
    next(iter(ticket.state.values()))[0] = float("nan")
    ticket.save(broken.path)
    outcome = measure.run(study, only=TABLES)
    assert len(outcome.problems) == 2
    assert all(f"Ticket {broken.id} is left out of" in problem for problem in outcome.problems)
    assert list(accuracies(study, broken.id)) == [("clean", 0)]
    assert len(accuracies(study, study.entries()[2].id)) == 3


def test_arrays_are_taken_instead_of_the_engine(study_copy: Path, data: Dataset) -> None:
    folder = study_copy / "mine"
    folder.mkdir()
    grey = data.test.images[:, 0].numpy()
    np.save(folder / "labels.npy", data.test.labels.numpy())
    np.save(folder / "brightness.npy", np.concatenate([255 - grey, *[grey // step for step in (2, 3, 4, 5)]]))
    np.save(folder / "smoke.npy", 255 - grey // 2)
    study = with_analysis(
        study_copy, 'arrays = "mine"\ncorruptions = ["brightness", "smoke", "fog"]\nseverities = [1, 4]'
    )
    measure.run(study, only=TABLES)
    assert all(row.complete == row.tickets for row in status(study).rows if row.table in TABLES)
    entry = study.entries()[1]
    ticket, found = study.load(entry.id), accuracies(study, entry.id)
    assert list(found) == [("clean", 0), ("fog", 1), ("fog", 4), ("brightness", 1), ("brightness", 4), ("smoke", 1)]
    images = data.test.images
    assert found["brightness", 1] == share(ticket, 255 - images, data)
    assert found["brightness", 4] == share(ticket, images // 4, data)
    assert found["smoke", 1] == share(ticket, 255 - images // 2, data)
    assert found["fog", 4] == share(ticket, corrupt(images, "fog", 4), data)
    # with fewer images, the same ones are taken of both
    few = with_analysis(study_copy, 'arrays = "mine"\nfamilies = []\nsamples = 100')
    measure.run(few, only=TABLES)
    rows = Results(study.path).table("conditions", ids=[entry.id])
    assert rows[["corruption", "n"]].values.tolist() == [["clean", 100], ["smoke", 100]]
    logits = ticket.model()(normalise(255 - images[:100] // 2, data.mean, data.std))
    assert rows["correct"][1] == int((logits.argmax(1) == data.test.labels[:100]).sum())


def test_frost_from_photographs(study_copy: Path, data: Dataset) -> None:
    folder = study_copy / "ice"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "one.png")
    study = with_analysis(study_copy, 'frost = "ice"\ncorruptions = ["frost"]\nseverities = [5]')
    measure.run(study, only=TABLES)
    entry = study.entries()[0]
    shown = corrupt(data.test.images, "frost", 5, frost=Photographs.open(folder))
    assert accuracies(study, entry.id)["frost", 5] == share(study.load(entry.id), shown, data)
    predicted = Results(study.path).table("corrupted", ids=[entry.id])["prediction"]
    with torch.no_grad():
        logits = study.load(entry.id).model()(normalise(shown, data.mean, data.std))
    np.testing.assert_array_equal(predicted, logits.argmax(1))
