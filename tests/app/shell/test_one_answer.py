"""One question has one answer: what pages say of the shipped studies' tickets is one table."""

from itertools import pairwise
from math import comb

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.ranking import ranking
from analysis.comparisons.verdicts import against, both_ways
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.verdicts import DIFFERS
from app import load
from app.shell.parameters import resolve
from app.shell.selection import Selection
from app.shell.verdicts import of_chosen
from app.views.robustness.compared_tickets import ComparedTickets, compared_tickets
from tests import ROOT
from tests.samples import CORRUPTED

SAMPLES = [folder.name for folder in CORRUPTED]
SAID = ["a", "b", "difference", "low", "high", "p_holm", "verdict", "detectable", "over"]


def opened(name: str, **parameters: str) -> tuple[Selection, ComparedTickets, str]:
    selection = resolve(load.open_study(name, ROOT / "sample_checkpoints" / name), parameters, "light")
    compared = compared_tickets(selection)
    return selection, compared, next(iter(compared.measured))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one[SAID], other[SAID], rtol=1e-9)


@pytest.mark.parametrize("name", SAMPLES)
def test_overview_pairs_and_ranking_say_the_same(name: str) -> None:
    selection, compared, family = opened(name)
    outcomes = compared.outcomes(family)
    overview = of_chosen(selection, "corrupted")
    pairs = compared.verdicts(family, averaged(outcomes))
    assert len(overview) == comb(len({*overview["a"], *overview["b"]}), 2) >= 10  # of every two
    same(overview, pairs)
    same(of_chosen(selection, "accuracy"), compared.verdicts(family, [outcomes.conditions.index(CLEAN)]))
    cells = both_ways(pairs).set_index(["a", "b"])["verdict"]
    ranked = ranking(outcomes, compared.reference(list(compared.styles)), pairs)
    for row in ranked[ranked["key"] != ranked["leader"]].itertuples():
        assert cells[row.key, row.leader] == row.verdict != DIFFERS
    leaders = ranked["leader"].unique()
    assert all(cells[pair] == DIFFERS for pair in pairwise(leaders))


@pytest.mark.parametrize("name", SAMPLES)
def test_an_interval_without_0_stands_beside_differs_alone(name: str) -> None:
    selection, _, _ = opened(name)
    for images in ("accuracy", "corrupted"):
        rows = against(of_chosen(selection, images), str(selection.baseline.key))  # type: ignore[union-attr]
        without = (rows["low"] > 0) | (rows["high"] < 0)
        np.testing.assert_array_equal(without, rows["verdict"] == DIFFERS)
