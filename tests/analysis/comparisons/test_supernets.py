"""Tickets of supernets: tables of their records against the records themselves."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import supernets
from pruning.study.folder import Entry, Study
from tests import ROOT

STUDY = ROOT / "sample_checkpoints" / "digits-supernet"


def found() -> supernets.Found:
    """The sample study's tickets by method and sparsity."""
    families: dict[str, list[Entry]] = {}
    for entry in Study.open(STUDY).entries():
        families.setdefault(f"{entry.recipe.method} {entry.recipe.sparsity:g}", []).append(entry)
    return families


def test_who_was_searched_for() -> None:
    there = supernets.searched(found())
    assert len(there) == 8
    assert set(there) - set(supernets.searches(there)) == {
        f"{each}_architecture 0.85" for each in ("Found", "Even", "Random")
    }


def test_branches_by_hand() -> None:
    entry = found()["SuperTicket 0.85"][0]
    rows = supernets.branches(entry)
    own, whole = entry.info.recorded("channels"), entry.info.recorded("branches")
    last = rows[rows["event"] == 8]
    assert last["channels"].tolist() == [int(left[-1]) for left in own.values()]
    sums = supernets.left_at_the_end(rows)
    spent = sum(left[-1] * price for left, price in zip(own.values(), whole["macs"], strict=True))
    assert sums.share == pytest.approx(spent / sum(16 * price for price in whole["macs"]))
    assert sums.share <= 0.4
    assert (sums.channels, sums.whole) == (sum(left[-1] for left in own.values()), 96)


def test_means_over_seeds() -> None:
    rows = supernets.events(found())
    means = supernets.over_seeds(rows, "accuracy")
    own = rows[(rows["key"] == "SuperTicket 0.85") & (rows["event"] == 3)]["accuracy"]
    row = means[(means["key"] == "SuperTicket 0.85") & (means["event"] == 3)].iloc[0]
    assert row["mean"] == pytest.approx(np.mean(own))
    assert row["n"] == 3


def test_rivals_are_those_of_the_same_sparsity_and_dense() -> None:
    tickets = pd.DataFrame({"key": ["dense", "a", "b", "c"], "sparsity": [0.0, 0.85, 0.85, 0.7]})
    right = np.random.default_rng(0).random((4, 50)) < 0.8
    told = {key: {0: row} for key, row in zip(tickets["key"], right, strict=True)}
    table = supernets.rivals(told, tickets, "a")
    assert table["a"].tolist() == ["dense", "b"]
    assert (table["b"] == "a").all()
