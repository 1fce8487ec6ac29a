"""The same question has the same answer on every page, for the studies that ship with the project."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.dominance import paired
from analysis.comparisons.levels import by_sparsity
from analysis.comparisons.outcomes import Images
from analysis.comparisons.ranking import ranking
from analysis.comparisons.verdicts import against
from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from app import load
from app.shell import families, verdicts
from app.shell.parameters import resolve
from app.shell.selection import Selection
from app.views.robustness.compared_tickets import compared_tickets
from tests.samples import CORRUPTED

COUNTED = "cifar_c"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def selection(folder: Path) -> Selection:
    return resolve(load.open_study(folder.name, folder), {}, "light")


@pytest.mark.parametrize("folder", CORRUPTED, ids=lambda path: path.name)
def test_overview_pairs_and_ranking_give_one_answer(folder: Path) -> None:
    chosen = selection(folder)
    overview = verdicts.of_chosen(chosen, "corrupted")  # the page Overview
    compared = compared_tickets(chosen)
    assert COUNTED in compared.measured
    outcomes = compared.outcomes(COUNTED)
    pairs = compared.verdicts(COUNTED, averaged(outcomes))  # the section Pairs
    columns = ["difference", "low", "high", "p_holm", "p_equivalent", "verdict", "detectable", "over", "seeds"]
    key = ["a", "b"]
    pd.testing.assert_frame_equal(overview.set_index(key)[columns], pairs.set_index(key)[columns], check_exact=False)
    assert ((pairs["low"] > 0) | (pairs["high"] < 0)).equals(pairs["verdict"] == DIFFERS)  # the interval shown decides
    ranked = ranking(outcomes, compared.reference(list(outcomes.right)), pairs).set_index("key")
    for own in ranked.itertuples():
        verdict = against(pairs, str(own.leader)).set_index("a")["verdict"]
        if own.Index != own.leader:
            assert verdict[own.Index] == own.verdict != DIFFERS
    leaders = [key for key in ranked.index if ranked.at[key, "leader"] == key]
    for first, second in pairwise(leaders):
        assert against(pairs, first).set_index("a")["verdict"][second] == DIFFERS


@pytest.mark.parametrize("folder", CORRUPTED, ids=lambda path: path.name)
@pytest.mark.parametrize("images", ["accuracy", "corrupted"])
def test_pareto_of_the_chosen_tickets_says_what_overview_says(folder: Path, images: Images) -> None:
    chosen = selection(folder)
    table = verdicts.of_chosen(chosen, images)
    keys = list(dict.fromkeys([*table["a"], *table["b"]]))
    means = families.means(chosen.study).set_index("key")[images]
    found = paired(keys, means[keys].to_numpy(dtype=float), families.outcomes(chosen.study, images))
    for row in table.itertuples():
        at = keys.index(row.a), keys.index(row.b)
        assert found.real[at] == (row.verdict == DIFFERS)
        assert found.close[at] == (row.verdict == EQUIVALENT)


@pytest.mark.parametrize("folder", CORRUPTED, ids=lambda path: path.name)
def test_levels_of_one_pair_say_what_overview_says(folder: Path) -> None:
    """More pairs are another question; of one pair alone there is one."""
    study = load.open_study(folder.name, folder)
    means = families.means(study)
    level = means.loc[means["sparsity"] > 0, "sparsity"].mode()[0]
    first, second = means.loc[means["sparsity"] == level, "key"].iloc[:2]
    rows = means[means["key"].isin([first, second])]
    alone = resolve(study, {"tickets": f"{first}~{second}", "baseline": first}, "light")
    overview = against(verdicts.of_chosen(alone, "accuracy"), first).iloc[0]
    methods = rows.set_index("key")["method"]
    (own,) = by_sparsity(rows, families.outcomes(study, "accuracy"), methods[first], [methods[second]]).to_dict(
        "records"
    )
    assert (own["verdict"], own["over"]) == (overview["verdict"], overview["over"])
    numbers = ["difference", "low", "high", "p"]
    assert [own[name] for name in numbers] == pytest.approx(overview[numbers].tolist())
