"""Measuring how stable a study's trainings are: which tickets, against which, and what is done when one is missing."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.engine import measure
from analysis.engine.measure import RunReport
from analysis.engine.stability_pairs import partners
from analysis.engine.status import status
from analysis.metrics import connectivity
from analysis.metrics.connectivity import ALPHAS
from analysis.results.store import Results
from pruning.checkpoints.imported_weights import Start
from pruning.data import load_data
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.study.runner import RunOptions
from pruning.study.runner import run as find_all
from pruning.ticket import TicketInfo
from pruning.training.config import Training

TOML = """\
title = "Trained twice"
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.5]

[training]
epochs = 1
batch_size = 128
lr = 0.1
warmup_epochs = 0

[[method]]
criterion = "magnitude"

[[method]]
criterion = "snip"

[[method]]
finder = "imp"
rate = 0.5
rewind = 3

[[method]]
finder = "shuffled"
of = "imp"

[[method]]
finder = "random_reinit"
of = "imp"

[[method]]
name = "imp_again"
finder = "reordered"
of = "imp"

[[method]]
name = "dense_again"
finder = "reordered"
of = "dense"
rewind = 5

[analysis]
corruptions = []
embeddings = []
"""
PAIRS = ["lines", "stability"]
N = 359  # test images of digits


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with tickets that were trained again, measured; not to be changed."""
    folder = tmp_path_factory.mktemp("stability") / "study"
    folder.mkdir()
    (folder / "study.toml").write_text(TOML)
    assert not find_all(Study.open(folder), RunOptions(jobs=1)).failed
    measure.run(Study.open(folder), only=PAIRS)
    return folder


@pytest.fixture
def study(measured: Path, tmp_path: Path) -> Study:
    """A copy, to be changed."""
    return Study.open(shutil.copytree(measured, tmp_path / "copy"))


def ids(study: Study, *methods: str) -> list[str]:
    return [entry.id for entry in study.entries() if entry.recipe.method in methods]


def again(study: Study) -> RunReport:
    return measure.run(Study.open(study.path), only=PAIRS)


def stamps(study: Study) -> dict[str, int]:
    return {f"{f.parent.name}/{f.stem}": f.stat().st_ino for f in (study.path / "results").rglob("*.parquet")}


def test_which_tickets_are_held_against_which(measured: Path) -> None:
    study, results = Study.open(measured), Results(measured)
    assert results.ids("lines") == sorted(ids(study, "imp_again", "dense_again"))
    rows = results.table("stability").set_index("ticket_id")
    methods = {entry.id: (entry.recipe.method, entry.recipe.seed) for entry in study.entries()}
    found = {(*methods[key], row["relation"], *methods[row["other"]]) for key, row in rows.iterrows()}
    assert found == {
        (method, seed, relation, other, seed)
        for seed in (0, 1)
        for method, relation, other in (
            ("imp_again", "order", "imp"),
            ("dense_again", "order", "dense"),
            ("imp", "pruning", "dense"),
            ("shuffled", "pruning", "dense"),
            ("snip", "pruning", "dense"),
        )
    }


def test_what_is_stored_is_what_the_networks_say(measured: Path) -> None:
    study, results, data = Study.open(measured), Results(measured), load_data("digits")
    for row in results.table("stability").to_dict("records"):
        ticket, other = study.load(row["ticket_id"]), study.load(row["other"])
        gaps, norms = [], []
        for name, mask in ticket.masks.items():
            gaps.append((ticket.state[name] - other.state[name]).numpy()[mask.numpy()])
            norms.append(other.state[name].numpy()[mask.numpy()])
        l2 = np.linalg.norm(np.concatenate(gaps))
        assert row["l2"] == pytest.approx(l2, rel=1e-5)
        assert row["relative"] == pytest.approx(l2 / np.linalg.norm(np.concatenate(norms)), rel=1e-5)
        if row["relation"] == "pruning":
            assert np.isnan([row["barrier"], row["barrier_low"], row["barrier_high"]]).all()
            continue
        line = results.table("lines", ids=[ticket.id])
        assert line["alpha"].tolist() == pytest.approx(np.linspace(0, 1, ALPHAS))
        assert set(line["n"]) == {N}
        assert set(line["other"]) == {other.id}
        assert line["accuracy"].iloc[0] == pytest.approx(other.info.accuracy)
        assert line["accuracy"].iloc[-1] == pytest.approx(ticket.info.accuracy)
        direct = connectivity.line(other, ticket, data)
        np.testing.assert_array_equal(line["correct"], direct.right.sum(1))
        np.testing.assert_allclose(line["train_loss"], direct.train_loss)
        error = 1 - line["accuracy"].to_numpy()
        assert row["barrier"] == pytest.approx(error.max() - (error[0] + error[-1]) / 2)
        assert row["barrier_low"] <= row["barrier"] <= row["barrier_high"]


def test_all_of_it_is_there_and_nothing_is_done_twice(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {row.table: (row.tickets, row.complete) for row in status(study).rows if row.table in PAIRS}
    assert found == {"lines": (4, 4), "stability": (10, 10)}
    monkeypatch.setattr(connectivity, "line", None)
    before = stamps(study)
    assert not again(study).written
    assert stamps(study) == before


def test_what_is_gone_is_made_again_and_no_other(study: Study) -> None:
    key, pruned = ids(study, "imp_again")[0], ids(study, "snip")[0]
    for table, ticket in (("stability", key), ("stability", pruned), ("lines", ids(study, "dense_again")[1])):
        (study.path / "results" / table / f"{ticket}.parquet").unlink()
    content = Results(study.path).table("lines")
    before = stamps(study)
    assert again(study).written == {"stability": 2, "lines": 1}
    changed = {name for name, stamp in stamps(study).items() if before.get(name) != stamp}
    line = ids(study, "dense_again")[1]
    assert changed == {f"stability/{key}", f"stability/{pruned}", f"lines/{line}"}
    rows = Results(study.path).table("lines")
    pd.testing.assert_frame_equal(rows[rows["ticket_id"] != line].reset_index(drop=True), content)


def test_other_test_images_give_other_lines_and_barriers(study: Study) -> None:
    study.source.write_text(study.source.read_text() + "samples = 100\n")
    assert {row.table: row.partial for row in status(Study.open(study.path)).rows if row.partial} == {
        "lines": 4,
        "stability": 10,
    }
    assert measure.run(Study.open(study.path), only=["lines"]).written == {"lines": 4}
    rows = Results(study.path).table("lines")
    assert set(rows["n"]) == {100}
    assert again(study).written == {"stability": 10}
    assert not again(study).written


def test_without_a_partner_nothing_is_asked(study: Study) -> None:
    shutil.rmtree(study.path / "results")
    for key in (ids(study, "imp")[0], ids(study, "dense")[1]):
        (study.path / "tickets" / f"{key}.safetensors").unlink()
    found = {row.table: row.tickets for row in status(study).rows if row.table in PAIRS}
    assert found == {"lines": 2, "stability": 4}
    outcome = again(study)
    assert outcome.written == found
    assert not outcome.problems
    assert Results(study.path).ids("lines") == sorted([ids(study, "imp_again")[1], ids(study, "dense_again")[0]])


def test_a_partner_that_cannot_be_read_is_named(study: Study) -> None:
    shutil.rmtree(study.path / "results")
    damaged = study.path / "tickets" / f"{ids(study, 'dense')[0]}.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-100])  # the header is there
    outcome = measure.run(study, only=[*PAIRS, "layers"])
    assert outcome.written == {"lines": 3, "stability": 6, "layers": 15}
    assert [str(damaged) in problem for problem in outcome.problems] == [True]  # said once, not for each of the four


def test_tickets_of_other_masks_are_named(study: Study) -> None:
    shutil.rmtree(study.path / "results")
    key, other = ids(study, "imp_again")[0], ids(study, "shuffled")[0]
    ticket = study.load(key)
    ticket.masks, ticket.state = study.load(other).masks, study.load(other).state
    ticket.save(study.path / "tickets" / f"{key}.safetensors")
    outcome = again(study)
    assert outcome.written == {"lines": 3, "stability": 9}
    assert outcome.problems == [f"Tickets {ids(study, 'imp')[0]} and {key} keep different weights; no line joins them."]


def test_a_study_in_which_nothing_was_trained_again_asks_for_none_of_it(found_study: Path, study: Study) -> None:
    assert not {row.table for row in status(Study.open(found_study)).rows} & set(PAIRS)
    for key in ids(study, "imp_again", "dense_again"):
        (study.path / "tickets" / f"{key}.safetensors").unlink()
    shutil.rmtree(study.path / "results")
    assert not again(study).written


def test_progress_grows_to_the_total(study: Study) -> None:
    shutil.rmtree(study.path / "results")
    told: list[tuple[float, str]] = []
    measure.run(study, lambda *words: told.append(words), only=PAIRS)
    done = [words[0] for words in told]
    assert done == sorted(done)
    assert done[-1] == 1
    assert any("the line to" in words[1] for words in told)


COMMON = {"model": "lenet300", "data": "digits", "training": Training(epochs=1)}
IMP = Recipe(**COMMON, finder="imp", sparsity=0.5)
ELSEWHERE = Start(weights="0" * 12, mean=(0,), std=(1,))


@pytest.mark.parametrize(
    ("recipe", "related"),
    [
        (IMP, True),
        (Recipe(**COMMON, criterion="snip", sparsity=0.5), True),
        (Recipe(**COMMON, criterion="magnitude", sparsity=0.5), False),
        (Recipe(**COMMON, criterion="magnitude", sparsity=0.5, score_on="init"), True),
        (Recipe(**COMMON, criterion="snip", sparsity=0.5, start=ELSEWHERE), False),
        (Recipe(**COMMON, finder="shuffled", of=IMP), True),
        (Recipe(**COMMON, finder="random_reinit", of=IMP), False),
        (Recipe(**{**COMMON, "training": Training(epochs=2)}, finder="imp", sparsity=0.5), False),
        (Recipe(**COMMON, finder="imp", sparsity=0.5, seed=1), False),
    ],
)
def test_only_tickets_that_start_like_the_dense_network_are_held_against_it(recipe: Recipe, related: bool) -> None:
    dense = Recipe(**COMMON, finder="dense")
    info = TicketInfo(shape=(1, 8, 8), classes=["a"], mean=[0], std=[1])
    anything = Recipe(**COMMON, finder="reordered", of=dense, rewind=0)
    entries = [Entry(Path("nowhere"), each, info) for each in (dense, anything, recipe)]
    found = partners(entries)
    assert (recipe.id in found) == related
    assert found[anything.id].entry is entries[0]
