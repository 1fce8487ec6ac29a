"""Geometric similarity against sums written out, planar points, and its null."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from analysis.comparisons.similarity import (
    WITH_ANGLE,
    Nodes,
    nodes,
    pairs_within_noise,
    rank_agreement,
    shares,
    spanning_tree,
)
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.folder import Study

CONDITIONS: list[Condition] = [CLEAN, *((name, 3) for name in ("fog", "frost", "snow", "spatter", "contrast"))]


def made_up(values: np.ndarray, accuracy: np.ndarray | None = None) -> Nodes:
    tickets, conditions = values.shape[:2]
    given = np.zeros((tickets, conditions)) if accuracy is None else accuracy
    return Nodes([f"t{each}" for each in range(tickets)], CONDITIONS[:conditions], values, given)


def test_shares_are_sums_of_squares_written_out() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 50, 2)) + np.arange(3)[:, None, None, None]
    whole, sums = x.mean((0, 1)), dict.fromkeys(("network", "condition", "interaction"), 0.0)
    for a in range(3):
        for c in range(4):
            sums["network"] += ((x[a].mean(0) - whole) ** 2).sum()
            sums["condition"] += ((x[:, c].mean(0) - whole) ** 2).sum()
            sums["interaction"] += ((x[a, c] - x[a].mean(0) - x[:, c].mean(0) + whole) ** 2).sum()
    found = shares(made_up(x)).set_index("part")
    total = sum(sums.values())
    assert total == pytest.approx(((x - whole) ** 2).sum())
    for part, value in sums.items():
        assert found.loc[part, "share"] == pytest.approx(value / total)
        assert found.loc[part, "low"] < value / total < found.loc[part, "high"]


def test_pairs_within_noise_are_counted_on_clean_images() -> None:
    places = np.array([0.0, 1.0, 5.0])  # of the clean nodes; corrupted ones lie elsewhere
    values = np.stack([places, 100 * np.arange(3.0)], axis=1)[..., None, None] * np.ones((1, 1, 4, 2))
    found = made_up(values)
    assert pairs_within_noise(Nodes(found.keys, found.conditions, values, found.accuracy, 4.0)) == (2, 3)
    assert pairs_within_noise(Nodes(found.keys, found.conditions, values, found.accuracy, 0.5)) == (0, 3)


def test_the_tree_is_the_least_of_all_that_span() -> None:
    points = np.random.default_rng(3).normal(size=(5, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    edges = list(combinations(range(5), 2))

    def spans(chosen: tuple[tuple[int, int], ...]) -> bool:
        reached = {0}
        for _ in range(5):
            reached |= {b for a, b in chosen if a in reached} | {a for a, b in chosen if b in reached}
        return len(reached) == 5

    best = min(
        (each for each in combinations(edges, 4) if spans(each)), key=lambda each: sum(distances[e] for e in each)
    )
    assert spanning_tree(distances) == sorted(best)
    assert len(spanning_tree(np.zeros((4, 4)))) == 3  # equal nodes are joined too


def test_what_is_alike_ranks_alike_where_it_does_and_by_chance_where_not() -> None:
    rng = np.random.default_rng(4)
    hidden = rng.normal(size=6)
    values = hidden[None, :, None, None] + 0.01 * rng.normal(size=(8, 6, 30, 3))
    lean = rng.normal(size=8)
    accuracy = np.outer(lean, hidden) + rng.normal(size=(8, 1))  # near conditions rank tickets nearly alike
    found = rank_agreement(made_up(values, accuracy), permutations=499)
    assert found.rho < -0.5
    assert found.p < 0.05
    claims = [
        rank_agreement(made_up(rng.normal(size=(6, 6, 5, 3)), rng.random((6, 6))), permutations=99, seed=seed).p < 0.05
        for seed in range(150)
    ]
    assert np.mean(claims) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    few = rank_agreement(made_up(values[:3], accuracy[:3]))
    assert np.isnan(few.p)
    assert len(few.pairs) == 15


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("tickets", [2, 5, 9])
def test_the_order_of_tickets_is_compared_as_scipy_does(tickets: int) -> None:
    rng = np.random.default_rng(tickets)
    accuracy = rng.integers(0, 4, (tickets, 6)) / 4  # with equals
    accuracy[:, 2] = 0.5  # and no order at all
    tau = rank_agreement(made_up(rng.normal(size=(tickets, 6, 5, 3)), accuracy)).pairs["tau"]
    expected = [kendalltau(accuracy[:, a], accuracy[:, b]).statistic for a, b in combinations(range(6), 2)]
    np.testing.assert_allclose(tau, expected, atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_one_ticket_has_no_order() -> None:
    found = rank_agreement(made_up(np.random.default_rng(0).normal(size=(1, 6, 5, 3)), np.zeros((1, 6))))
    assert np.isnan(found.pairs["tau"]).all()
    assert np.isnan(found.p)


def test_nodes_of_a_measured_study(tiny_study: Path) -> None:
    study, results = Study.open(tiny_study), Results(tiny_study)
    tickets: dict[str, list[str]] = {}
    for entry in sorted(study.entries(), key=lambda entry: entry.recipe.seed):
        tickets.setdefault(entry.recipe.label, []).append(entry.id)
    conditions = [("gaussian_noise", 3), ("brightness", 3)]
    found = nodes(results, tickets, dict.fromkeys(tickets, 0), conditions)
    assert found.keys == list(tickets)
    assert found.conditions == [CLEAN, *conditions]
    np.testing.assert_allclose(found.values.mean((0, 1)), 0, atol=1e-9)
    spread = found.values.std((0, 1))
    assert (np.isclose(spread, 1) | (spread == 0)).all()
    assert found.noise > 0
    more = nodes(results, tickets, dict.fromkeys(tickets, 0), conditions, WITH_ANGLE)
    assert more.values.shape == (*found.values.shape[:3], 3)
    np.testing.assert_allclose(more.values[..., 1:], found.values)
    stored = results.table("conditions").set_index(["ticket_id", "corruption", "severity"])["accuracy"]
    for row in found.table.itertuples():
        assert row.accuracy == pytest.approx(stored[tickets[str(row.key)][0], row.corruption, row.severity])
    with pytest.raises(UserError, match="image by image"):
        nodes(results, tickets, dict.fromkeys(tickets, 1), conditions)


def test_networks_without_a_classifier_have_no_nodes(tiny_study: Path) -> None:
    entry = Study.open(tiny_study).entries()[0]
    with pytest.raises(UserError, match="no linear classifier"):
        nodes(_Blank(tiny_study), {"it": [entry.id]}, {"it": 0}, [("brightness", 3)])


class _Blank(Results):
    """Results of networks whose features are not known."""

    def table(self, *given: Any, **named: Any) -> pd.DataFrame:
        rows = super().table(*given, **named)
        return rows.assign(**{name: np.nan for name in ("length", "margin") if name in rows})
