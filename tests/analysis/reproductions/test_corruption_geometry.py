"""Groups of corruptions and of methods: against loops written out, planted groups, and their nulls."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from analysis.comparisons.similarity import Nodes
from analysis.corruptions.conditions import CLEAN
from analysis.reproductions import Claim, StudyResults
from analysis.reproductions import corruption_geometry as groups
from analysis.reproductions.corruption_geometry import TAIL
from pruning.study.folder import Study
from tests.analysis.reproductions.test_claims import over_seeds

METHODS, SEEDS = 6, 4


def distances(shift: float, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    """Distances between random networks whose methods lie so far apart, [methods, seeds, methods, seeds]."""
    rng = np.random.default_rng(seed)
    methods, seeds = rng.normal(size=(METHODS, 1, 20)) * shift, rng.normal(size=(1, SEEDS, 20))
    points = (methods + seeds + spread * rng.normal(size=(METHODS, SEEDS, 20))).reshape(-1, 20)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return np.asarray(apart.reshape(METHODS, SEEDS, METHODS, SEEDS))


def made_up(seed: int = 0) -> Nodes:
    values = np.random.default_rng(seed).normal(size=(4, 5, 7, 2))
    conditions = [CLEAN, *((name, 3) for name in ("fog", "frost", "snow", "spatter"))]
    return Nodes([f"{name} {each}" for name in "ab" for each in (0, 1)], conditions, values, np.zeros((4, 5)))


def test_distances_between_corruptions_are_those_written_out() -> None:
    nodes = made_up()
    names, plain = groups.condition_distances(nodes)
    turned = groups.condition_distances(nodes, by_direction=True)[1]
    assert names == ["fog", "frost", "snow", "spatter"]
    ways = nodes.values[:, 1:] - nodes.values[:, :1]
    for a, b in combinations(range(4), 2):
        assert plain[a, b] == pytest.approx(
            np.mean([np.sqrt(((own[a + 1] - own[b + 1]) ** 2).mean()) for own in nodes.values])
        )
        assert turned[a, b] == pytest.approx(np.mean([cosine(own[a].ravel(), own[b].ravel()) for own in ways]))


def test_a_stronger_corruption_of_the_same_kind_has_the_same_direction() -> None:
    nodes = made_up()
    nodes.values[:, 2] = nodes.values[:, 0] + 3 * (nodes.values[:, 1] - nodes.values[:, 0])
    assert groups.condition_distances(nodes, by_direction=True)[1][0, 1] == pytest.approx(0)
    assert groups.condition_distances(nodes)[1][0, 1] > 0.5


def test_seeds_are_taken_apart_and_networks_keep_their_places() -> None:
    nodes = made_up()
    assert groups.of_seed(nodes, 1, 2).keys == ["a 1", "b 1"]
    found = groups.network_distances(nodes, 2)
    assert found[0, 1, 1, 0] == pytest.approx(np.sqrt(((nodes.values[1] - nodes.values[2]) ** 2).mean()))


def test_a_group_is_near_where_few_of_as_many_are_nearer() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(12, 4))
    points[:3] = 0.1 * points[:3]
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    names = [str(each) for each in range(12)]
    ratio, share, nearest = groups.nearness(names, apart, names[:3])
    assert nearest == names[:3]
    assert ratio > 1
    assert share == pytest.approx(1 / math.comb(12, 3))
    means = sorted(np.mean([apart[a, b] for a, b in combinations(each, 2)]) for each in combinations(range(12), 3))
    assert ratio == pytest.approx(means[int(TAIL * (len(means) - 1))] / means[0])


@pytest.mark.parametrize("size", [2, 3])
def test_names_given_by_chance_are_a_group_in_one_case_of_forty(size: int) -> None:
    apart = np.abs(np.random.default_rng(size).normal(size=(9, 9)))
    names = list("abcdefghi")
    found = [groups.nearness(names, apart, each) for each in combinations(names, size)]
    for held in (np.mean([ratio > 1 for ratio, _, _ in found]), np.mean([share <= TAIL for _, share, _ in found])):
        assert 0 <= held <= TAIL


def test_methods_are_held_against_each_other_over_different_seeds() -> None:
    apart = distances(1.0)
    between: list[float] = []
    within: list[float] = []
    for a in range(METHODS):
        for b in range(METHODS):
            for s in range(SEEDS):
                for t in range(SEEDS):
                    if s != t:
                        (within if a == b else between).append(apart[a, s, b, t])
    assert groups.between_over_within(apart, range(SEEDS)) == pytest.approx(np.log(np.mean(between) / np.mean(within)))
    among = [apart[a, s, b, t] for a in (2, 3) for b in (2, 3) if a != b for s in (0, 2) for t in (0, 2) if s != t]
    off = [apart[a, s, b, t] for a in (0, 1) for b in (2, 3) for s in (0, 2) for t in (0, 2) if s != t]
    assert groups.apart(apart, [0, 1], [2, 3], [0, 2]) == pytest.approx(np.log(np.mean(off) / np.mean(among)))
    aside = [apart[0, s, 1, t] for s, t in ((0, 2), (2, 0))]
    found = groups.apart(apart, [0], [2, 3], [0, 2], [1])
    assert found == pytest.approx(np.log(np.mean(aside) / np.mean(among)))


def test_methods_that_lie_apart_do_so_in_every_seed() -> None:
    apart = distances(2.0, spread=0.1)
    assert groups.agreement(apart, range(SEEDS)) > 0.9
    assert groups.permutation_p(apart, 199) == pytest.approx(1 / 200)
    same = np.tile(distances(2.0)[:, :1, :, :1], (1, SEEDS, 1, SEEDS))
    assert groups.agreement(same, range(SEEDS)) == pytest.approx(1)


def test_what_is_of_pairs_of_seeds_has_their_mean_and_knows_that_they_share() -> None:
    values = np.random.default_rng(0).normal(size=6)
    results = over_seeds(values)
    study = StudyResults.__new__(StudyResults)
    study.__dict__["study"] = type("Seeds", (), {"config": type("Config", (), {"seeds": list(range(6))})})
    mean = study.jackknifed(lambda seeds: float(values[list(seeds)].mean()))
    assert (mean.value, mean.low, mean.high) == pytest.approx((results.value, results.low, results.high))
    pairs = study.jackknifed(lambda seeds: float(np.mean([values[a] + values[b] for a, b in combinations(seeds, 2)])))
    assert (pairs.low, pairs.high) == pytest.approx((2 * mean.low, 2 * mean.high))  # as the sum of a pair is twice it


@pytest.mark.parametrize("what", ["names", "between", "agreement", "apart"])
def test_methods_that_are_alike_are_told_apart_in_one_case_of_forty(what: str) -> None:
    trials = 120 if what == "names" else 400
    study = StudyResults.__new__(StudyResults)
    study.__dict__["study"] = type("Seeds", (), {"config": type("Config", (), {"seeds": list(range(SEEDS))})})
    held = 0
    for trial in range(trials):
        apart = distances(0.0, seed=trial)
        statistics = {
            "between": lambda seeds, apart=apart: groups.between_over_within(apart, seeds),
            "agreement": lambda seeds, apart=apart: groups.agreement(apart, seeds),
            "apart": lambda seeds, apart=apart: groups.apart(apart, [0, 1], [2, 3, 4, 5], seeds),
        }
        if what == "names":
            held += groups.permutation_p(apart, 79, seed=trial) <= TAIL
        else:
            held += Claim("", "", "", study.jackknifed(statistics[what])).verdict == "holds"
    assert held / trials <= TAIL + 3 * math.sqrt(TAIL * (1 - TAIL) / trials)


def test_nodes_of_all_seeds_of_a_measured_study(tiny_study: Path) -> None:
    study = StudyResults(Study.open(tiny_study))
    found = groups.nodes_of_all_seeds(study, {"dense": 0.0, "imp": 0.9})
    assert found.keys == [f"{name} {seed}" for name in ("dense", "imp") for seed in study.seeds]
    stored = study.results.table("conditions").set_index(["ticket_id", "corruption", "severity"])["accuracy"]
    ids = [entry.id for name, sparsity in (("dense", 0.0), ("imp", 0.9)) for entry in study.entries(name, sparsity)]
    assert found.accuracy == pytest.approx(np.array([[stored[each, *c] for c in found.conditions] for each in ids]))
    corrupted = [np.mean([stored[each, *c] for c in found.conditions if c != CLEAN]) for each in ids]
    assert groups.corrupted_accuracy(found) == pytest.approx(corrupted)
    np.testing.assert_allclose(found.values.mean((0, 1)), 0, atol=1e-9)
