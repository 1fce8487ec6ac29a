"""Rounds, bytes and clients of federated tickets, read from what was noted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import federated
from pruning import Recipe, Training
from pruning.data import load_data
from pruning.federated.splits import label_counts, shared_out
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step
from pruning.study.folder import Entry

QUICK = Training(epochs=1, batch_size=32, lr=0.1, weight_decay=0, warmup_epochs=0)


def entry(seed: int) -> Entry:
    """A ticket of three clients and two rounds."""
    recipe = Recipe(
        model="lenet300", data="digits", finder="federated", training=QUICK, criterion="random", sparsity=0.8,
        clients=3, rounds=2, local=2, seed=seed,
    )  # fmt: skip
    ticket = find_step(recipe, {}, Trainer(load_data("digits")))
    return Entry(Path("nowhere"), recipe, ticket.info)


def test_bytes_and_mixtures_are_those_of_a_hand_count() -> None:
    found = {"signs": [entry(0)]}
    rows = federated.rounds(found)
    assert rows["up"].tolist() == [0, 3 * (10_040 + 32) / 8, (3 * (10_040 + 32) + 3 * 10_040) / 8]
    down = [0, 3 * (32 + 50_200) / 8]
    assert rows["down"].tolist()[:2] == down
    paid = federated.bill(found).iloc[0]
    assert paid["up"] == 1255
    assert paid["both"] == pytest.approx(rows["both"].iloc[-1])
    data = load_data("digits")
    parts = list(shared_out(data, "dirichlet:0.3", 3, 0).values())
    expected = label_counts(data.train.labels, parts, 10).numpy()
    assert np.array_equal(federated.mixtures(found["signs"][0]), expected)
    assert federated.clients(found)["images"].tolist() == expected.sum(1).tolist()
    assert set(federated.agreement(found)["layer"]) == {"fc1.weight", "fc2.weight", "fc3.weight"}
    assert federated.baseline(found) == "signs"
    assert list(federated.by_setting(found)) == [federated.setting(found["signs"][0])]
    assert federated.setting(found["signs"][0]) == "dirichlet:0.3, 3 clients, 2 iterations a round"


def test_a_budget_pays_for_the_rounds_it_covers_and_differences_are_paired() -> None:
    rows = pd.DataFrame(
        [(key, seed, turn, accuracy + seed / 1000 + turn / 10, turn * cost)
         for key, accuracy, cost in (("cheap", 0.5, 10), ("dear", 0.7, 40))
         for seed in range(3) for turn in range(3)],
        columns=["key", "seed", "round", "accuracy", "both"],
    )  # fmt: skip
    assert federated.spent(rows) == {"cheap": 20, "dear": 80}
    assert federated.affordable(rows, 39).groupby("key")["round"].max().to_dict() == {"cheap": 2, "dear": 0}
    table = federated.against(federated.last(rows), "dear")
    assert table["key"].tolist() == ["cheap"]
    assert table["difference"].iloc[0] == pytest.approx(-0.2)
    assert table["verdict"].iloc[0] == "differs"
