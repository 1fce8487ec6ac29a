"""The third study that ships with the project, on the lottery itself: whole, small, and found again bit for bit."""

import numpy as np
import pytest
import torch

from analysis.comparisons.dynamics import mask_distances
from analysis.results.store import Results
from pruning import Study
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage
from pruning.ticket import Ticket
from pruning.training.evaluation import accuracy
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "digits-lottery"
MEGABYTE = 2**20
WEIGHTS = 50_200
SEARCHES = ("jackpot", "edge_popup", "biprop", "sign_supermask", "set", "rigl", "movement")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def test_every_ticket_is_there_and_measured(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    assert all(entry.kept == entry.total - round(entry.recipe.sparsity * WEIGHTS) for entry in entries)
    results, ids = Results(SAMPLE), {entry.id for entry in entries}
    assert all(set(results.ids(table)) == ids for table in ("summary", "layers", "conditions", "efficiency"))
    assert set(results.ids("lines")) == {entry.id for entry in entries if entry.recipe.finder == "reordered"}
    assert set(results.ids("stability")) > set(results.ids("lines"))


def test_it_is_small() -> None:
    inside = [path for path in SAMPLE.rglob("*") if "cache" not in path.relative_to(SAMPLE).parts]
    assert sum(path.stat().st_size for path in inside if path.is_file()) < 30 * MEGABYTE


def test_accuracies_are_those_of_the_networks(study: Study) -> None:
    data = load_data("digits")
    device = torch.device("cpu")
    for entry in study.entries()[::7]:
        model = study.load(entry.id).model()
        assert accuracy(model, data, data.test, device, "float32", 0) == pytest.approx(entry.info.accuracy, abs=1e-9)


@pytest.mark.parametrize("method", ["edge_popup", "rigl", "Dense_reordered_45"])
def test_a_ticket_is_found_again(study: Study, method: str) -> None:
    """To the same accuracy but for a few images: another processor may round otherwise."""
    entry = next(entry for entry in study.entries() if entry.recipe.method == method)
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage([entry.recipe]):
        known[step.id] = find_step(step, known, trainer)
    assert known[entry.id].info.accuracy == pytest.approx(entry.info.accuracy, abs=0.03)
    assert known[entry.id].kept == entry.kept


def test_what_the_pages_tell_of_is_on_record(study: Study) -> None:
    entries = study.entries()
    for entry in entries:
        if entry.recipe.finder in SEARCHES:
            swaps = entry.info.recorded("swaps")
            assert sum(swaps["carried"]) > 0
            assert all(np.array(swaps["carried"]) <= np.array(swaps["possible"]))
        if entry.recipe.finder == "early_bird":
            assert 5 <= entry.info.recorded("bird")["epoch"][0] <= entry.recipe.training.epochs
        if entry.recipe.finder == "dense":
            epochs, matrices = mask_distances(entry)
            assert list(epochs) == list(range(26))
            assert all(np.array_equal(matrix, matrix.T) for matrix in matrices.values())


def test_the_barrier_falls_as_the_description_says(study: Study) -> None:
    rows = Results(SAMPLE).table("stability")
    method = {entry.id: entry.recipe.method for entry in study.entries()}
    barriers = rows[rows["relation"] == "order"].assign(method=rows["ticket_id"].map(method))
    mean = barriers.groupby("method")["barrier"].mean()
    assert mean["Dense_reordered_0"] > mean["Dense_reordered_45"] > mean["Dense_reordered_450"]
    assert mean["Dense_reordered_0"] > 0.02
