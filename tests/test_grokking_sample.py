"""The study of grokking that ships with the project: whole, small, and what its page says of it."""

import pytest
import torch

from analysis.comparisons.grokking import against, by_method, times
from analysis.comparisons.periodicity import neuron_shares, neurons, noted
from pruning import Study
from pruning.data import load_data
from pruning.study.folder import Entry
from pruning.tasks import get_task
from pruning.training.evaluation import accuracy
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "modular-grokking"
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def test_every_ticket_is_there(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    assert all(entry.kept == entry.total - round(entry.recipe.sparsity * entry.total) for entry in entries)


def test_it_is_small() -> None:
    inside = [path for path in SAMPLE.rglob("*") if "cache" not in path.relative_to(SAMPLE).parts]
    assert sum(path.stat().st_size for path in inside if path.is_file()) < 10 * MEGABYTE


def test_accuracies_are_those_of_the_networks(study: Study) -> None:
    data, task = load_data(study.config.data), get_task("modular")
    for entry in study.entries()[::7]:
        model = study.load(entry.id).model()
        found = accuracy(model, data, data.test, torch.device("cpu"), "float32", 0, task)
        assert found == pytest.approx(entry.info.accuracy, abs=1e-9)


def test_the_ticket_groks_sooner_and_its_norm_does_not(study: Study) -> None:
    """What the page says of it stays true of the files."""
    found: dict[str, list[Entry]] = {}
    for entry in study.entries():
        found.setdefault(entry.recipe.method, []).append(entry)
    rows = times(found)
    verdicts = against(rows, "dense").set_index("key")["verdict"]
    assert verdicts["ticket"] == verdicts["ticket_no_decay"] == "sooner"
    assert "sooner" not in verdicts[["random", "snip", "memorised_mask", "dense_no_decay"]].tolist()
    grokked = by_method(rows).set_index("key")["grokked"]
    assert grokked[["dense", "ticket", "random", "dense_no_decay"]].tolist() == [3, 3, 0, 0]


def test_all_that_the_page_shows_is_noted(study: Study) -> None:
    entry = study.entries()[0]
    rows = noted({"dense": [entry]})
    assert rows[["entropy", "l2"]].notna().all(axis=None)
    assert neurons(entry) is not None
    shares = neuron_shares(study.load(entry.id))
    assert shares is not None
    assert shares.shape == (128, 33)
