"""Results know what made them: what has changed since is measured again, that part alone, and a sentence says why."""

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import corruptions
from analysis.engine import measure
from analysis.engine.base import measures
from analysis.engine.images import TestImages
from analysis.engine.settings import settings
from analysis.engine.status import status
from analysis.engine.wanted import Wanted
from analysis.results.provenance import blinded
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.data import load_data
from pruning.data.base import Split
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.folder import Study
from pruning.study.runner import run as run_study

TABLES_MADE = ["summary", "layers", "samples", "conditions", "reliability", "corrupted"]


@pytest.fixture
def study(tiny_study: Path, tmp_path: Path) -> Study:
    """A copy of the measured study, to be changed, with three of its tickets."""
    copied = Study.open(shutil.copytree(tiny_study, tmp_path / "study"))
    for entry in copied.entries()[3:]:
        entry.path.unlink()
        Results(copied.path).remove(entry.id)
    return copied


def sentences(study: Study) -> list[str]:
    return [each for each in status(Study.open(study.path)).sentences if any(f"`{t}`" in each for t in TABLES_MADE)]


def again(study: Study) -> dict[str, int]:
    return dict(measure.run(Study.open(study.path), only=TABLES_MADE).written)


def test_a_mended_corruption(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(study.path)
    before = results.made("conditions", study.entries()[0].id)
    mended = dataclasses.replace(corruptions.CORRUPTIONS["brightness"], version=2)
    assert corruptions.CORRUPTIONS._found is not None
    monkeypatch.setitem(corruptions.CORRUPTIONS._found, "brightness", mended)
    assert sentences(study) == [
        f"In `{table}`, brightness 1, brightness 3 of 3 tickets: the corruption was mended since (version 1, now 2); "
        "the next run measures it again."
        for table in ("conditions", "corrupted", "reliability")
    ]
    assert again(study) == {"conditions": 3, "corrupted": 3, "reliability": 3}
    after = results.made("conditions", study.entries()[0].id)
    assert {part for part in after if after[part] != before[part]} == {"brightness 1", "brightness 3"}
    assert not again(study)


def test_a_mended_measure(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TABLES._found is not None
    monkeypatch.setitem(TABLES._found, "layers", dataclasses.replace(measures()["layers"], version=5))
    assert sentences(study) == [
        "In `layers` of 3 tickets: the measure was mended since (version 1, now 5); the next run measures it again."
    ]
    assert again(study) == {"layers": 3}


def test_a_ticket_that_was_found_again(study: Study) -> None:
    entry, other = study.entries()[1:]
    ticket, content = study.load(entry.id), Results(study.path).table("conditions", ids=[other.id])
    ticket.state["fc3.bias"] += 1
    ticket.save(entry.path)
    found = sentences(study)
    assert len(found) == len(TABLES_MADE)
    assert all(f"of ticket {entry.id}: the ticket was found again; the next" in each for each in found)
    assert again(study) == dict.fromkeys(TABLES_MADE, 1)
    assert Results(study.path).table("conditions", ids=[other.id]).equals(content)
    # saved again with the same content it is the same ticket
    study.load(entry.id).save(entry.path)
    assert not again(study)


def test_other_images_and_arrays(study: Study) -> None:
    text = study.source.read_text()
    study.source.write_text(text + "samples = 100\n")
    assert all("of 3 tickets: other test images; the" in each for each in sentences(study))
    assert again(study) == dict.fromkeys(set(TABLES_MADE) - {"layers"}, 3)
    folder = study.path / "mine"
    folder.mkdir()
    data = load_data("digits")
    np.save(folder / "labels.npy", data.test.labels.numpy())
    pixels = data.test.images[:, 0].numpy()
    np.save(folder / "brightness.npy", np.concatenate([255 - pixels] * 5))
    study.source.write_text(text + 'samples = 100\narrays = "mine"\n')
    three = {"conditions": 3, "reliability": 3, "corrupted": 3}
    assert [each.split(": ")[1].split(";")[0] for each in sentences(study)] == [
        "the corrupted images come from elsewhere, or are others"
    ] * 3
    assert again(study) == three
    assert not again(study)
    np.save(folder / "brightness.npy", np.concatenate([254 - pixels] * 5))
    assert "the corrupted images come from elsewhere, or are others" in sentences(study)[0]
    assert again(study) == three


def test_results_know_the_precision_of_the_forward_passes(study: Study) -> None:
    key, text = study.entries()[0].id, study.source.read_text()
    results = Results(study.path)
    assert {made.precision for made in results.made("conditions", key).values()} == {"float32"}
    assert {made.precision for made in results.made("layers", key).values()} == {""}
    before = results.table("samples", ids=[key])["angle"]
    study.source.write_text(text + 'precision = "bfloat16"\n')
    assert all("of 3 tickets: measured in float32, and bfloat16 is asked for;" in each for each in sentences(study))
    assert again(study) == dict.fromkeys(set(TABLES_MADE) - {"layers"}, 3)
    assert {made.precision for made in results.made("conditions", key).values()} == {"bfloat16"}
    off = (results.table("samples", ids=[key])["angle"] - before).abs()
    assert 0.001 < off.max() < 3
    # by default either will do, or results would change hands with every machine
    study.source.write_text(text)
    assert not sentences(study)
    assert not again(study)


def test_where_the_data_are_not_at_hand_nothing_is_called_stale(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.engine import status as module

    monkeypatch.setattr(module, "available", lambda *_: False)
    found = status(study)
    assert not found.sentences
    assert all(row.complete == row.tickets for row in found.rows)


def test_files_that_do_not_say_what_made_them_are_not_measured_anew_unasked(study: Study) -> None:
    key = study.entries()[0].id
    file = study.path / "results" / "conditions" / f"{key}.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata(), file)
    with pytest.raises(
        UserError, match=r"not note what made them \(files: conditions 1\): `" + re.escape(typed("analysis", "adopt"))
    ):
        measure.run(study)
    assert any("analysis adopt" in each for each in status(study).sentences)
    assert measure.run(study, only=["layers"], force=True).written == {"layers": 3}
    assert measure.run(study, only=["conditions"], force=True).written == {"conditions": 3}
    assert not again(study)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_ticket_that_goes_missing_on_the_way_is_left_out(study_copy: Path, jobs: int) -> None:
    """The others are measured all the same, in any number of processes."""
    study = Study.open(study_copy)
    for entry in study.entries()[6:]:
        entry.path.unlink()
    gone, cut = study.entries()[2], study.entries()[4]

    def remove(fraction: float, text: str) -> None:
        if "tickets" in text or not fraction:
            gone.path.unlink(missing_ok=True)
            cut.path.write_bytes(cut.path.read_bytes()[:-50])

    report = measure.run(study, remove, only=["summary", "conditions"], jobs=jobs)
    assert report.written == {"summary": 4, "conditions": 4}
    assert len(report.problems) == 2
    assert f"has no ticket {gone.id}" in report.problems[0]
    assert f"{cut.path} is not a readable ticket" in report.problems[1]


NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, shape):
        super().__init__()
        self.a, self.b = nn.Linear(64, 16), nn.Linear(16, num_classes)

    def forward(self, x):
        return self.b(self.a(x.flatten(1)).relu())
"""
OWN = """
title = "own"
model = "net.py:Net"
data = "digits"
seeds = [0]
sparsities = [0.5]

[training]
epochs = 1
batch_size = 64

[[method]]
criterion = "magnitude"

[analysis]
corruptions = ["brightness"]
severities = [3]
samples = 50
"""


def test_other_code_of_the_users_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NET)
    Path("study.toml").write_text(OWN)
    study = Study.open("study.toml")
    run_study(study)
    tables = ["layers", "conditions"]
    measure.run(study, only=tables)
    results, key = Results(study.path), study.entries()[0].id
    before = results.table("conditions")
    Path("beside.py").write_text("a = 1\n")
    assert not measure.run(Study.open("study.toml"), only=tables).written
    Path("net.py").write_text(NET.replace(".relu()", ".abs()"))
    found = status(Study.open("study.toml")).sentences
    assert "In `conditions`, clean 0, brightness 3 of 2 tickets: the network's code is another; the next run" in str(
        found
    )
    assert dict(measure.run(Study.open("study.toml"), only=tables).written) == {"conditions": 2}
    assert not Results(study.path).table("conditions").equals(before)
    assert not measure.run(Study.open("study.toml"), only=tables).written
    # parts that do not say of what code they are stay, and so does all where the code is not here
    made = {part: dataclasses.replace(each, code="") for part, each in results.made("conditions", key).items()}
    assert blinded(dataclasses.replace(made["clean 0"], code="new"), made["clean 0"]) == made["clean 0"]
    Path("net.py").unlink()
    assert not any("the network's code" in each for each in status(Study.open("study.toml")).sentences)


def test_other_training_images(study: Study) -> None:
    """What reads them is made again; parts that do not say which they are of stay."""
    config, data = settings(study), load_data("digits")
    config = config.model_copy(update={"sensitivity": ["snip"]})
    fewer = dataclasses.replace(data, train=Split(data.train.images[1:], data.train.labels[1:]))
    one, two = (Wanted(study, config, study.entries(), TestImages.of(study, config, each)) for each in (data, fewer))
    reading = {name for name, each in measures().items() if "training images" in each.needs}
    assert reading == {"lines", "stability", "sensitivity", "ownership", "generated", "fid", "drawn"}
    seen = set()
    for name, each in measures().items():
        for entry in study.entries():
            before, after = one.parts(each, entry), two.parts(each, entry)
            for part, made in before.items():
                seen.add(name)
                changed = ["other training images"] if name in reading else []
                assert made.differences(blinded(after[part], made)) == changed
                assert bool(made.training) == (name in reading)
                old = dataclasses.replace(made, training="")
                assert not old.differences(blinded(after[part], old))
            if before:
                assert (one.digest(each, entry) != two.digest(each, entry)) == (name in reading)
    assert seen & reading >= {"sensitivity"}
    assert "conditions" in seen
