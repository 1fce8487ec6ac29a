from collections import Counter
from itertools import product

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.comparisons.exemplars import exemplars, exemplars_by_chance, find_exemplars, runs, summarise_exemplars
from analysis.comparisons.predictions import Predictions
from analysis.statistics.intervals import wilson
from pruning.errors import UserError

PRUNED = np.array([[0, 1, 2, 3, 1], [0, 1, 2, 2, 1], [0, 2, 1, 2, 3], [0, 1, 2, 3, 3]])
DENSE = np.array([[0, 2, 1, 3, 0], [0, 2, 1, 3, 1]])
LABELS = np.array([0, 1, 1, 3, 3])


def test_exemplars_by_hand() -> None:
    found = exemplars(PRUNED, DENSE, LABELS).set_index("sample")
    # sample 3: 3 and 2 twice each, the smaller one is taken; sample 4: 1 and 3 against 0 and 1
    assert found["pruned"].to_dict() == {0: 0, 1: 1, 2: 2, 3: 2, 4: 1}
    assert found["dense"].to_dict() == {0: 0, 1: 2, 2: 1, 3: 3, 4: 0}
    assert found["pie"].to_dict() == {0: False, 1: True, 2: True, 3: True, 4: True}
    assert found["tied"].to_dict() == {0: False, 1: False, 2: False, 3: True, 4: True}
    assert found["pruned_agreement"].to_dict() == {0: 1, 1: 0.75, 2: 0.75, 3: 0.5, 4: 0.5}
    assert found["dense_agreement"].to_dict() == {0: 1, 1: 1, 2: 1, 3: 1, 4: 0.5}
    assert found["disagreement"].to_dict() == {0: 0, 1: 0.75, 2: 0.75, 3: 0.5, 4: 0.75}
    assert found.index.tolist() == [1, 2, 4, 3, 0]
    assert found["label"].to_dict() == dict(enumerate(LABELS))


@given(seed=st.integers(0, 10_000), pruned=st.integers(1, 6), dense=st.integers(1, 6), classes=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_modes_are_scipys_and_disagreement_is_counted_by_pairs(
    seed: int, pruned: int, dense: int, classes: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, classes, (pruned, 30)), rng.integers(0, 2 * classes, (dense, 30))
    found = exemplars(a, b, np.zeros(30, dtype=int)).sort_values("sample")
    for kind, given_classes in (("pruned", a), ("dense", b)):
        mode = scipy.stats.mode(given_classes, axis=0)  # the smallest of equally frequent ones
        assert found[kind].tolist() == mode.mode.tolist()
        assert found[f"{kind}_agreement"].tolist() == (mode.count / len(given_classes)).tolist()
    expected = [np.mean([x != y for x, y in product(a[:, image], b[:, image])]) for image in range(30)]
    np.testing.assert_allclose(found["disagreement"], expected, atol=1e-12)
    for image, tied in enumerate(found["tied"]):
        tops = [Counter(each[:, image].tolist()).most_common(2) for each in (a, b)]
        assert tied == any(len(top) == 2 and top[0][1] == top[1][1] for top in tops)


def test_of_one_dense_run_the_mode_is_that_run() -> None:
    found = exemplars(PRUNED[:1], DENSE[:1], LABELS).sort_values("sample")
    assert found["dense"].tolist() == DENSE[0].tolist()
    assert found["pie"].tolist() == (PRUNED[0] != DENSE[0]).tolist()
    assert not found["tied"].any()


def test_the_summary_by_hand() -> None:
    found = summarise_exemplars(exemplars(PRUNED, DENSE, LABELS)).set_index("part")
    assert found["n"].to_dict() == {"exemplars": 4, "others": 1, "all": 5}
    assert found["share"].tolist() == [0.8, 0.2, 1]
    assert found.loc["exemplars", ["low", "high"]].tolist() == pytest.approx([float(x) for x in wilson(4, 5)])
    # on samples 1 to 4 dense says 2 1 3 0 and pruned 1 2 2 1, where 1 1 3 3 is right
    assert found.loc["exemplars", ["dense_accuracy", "pruned_accuracy", "tied"]].tolist() == [0.5, 0.25, 0.5]
    none = summarise_exemplars(exemplars(DENSE, DENSE, LABELS)).set_index("part").loc["exemplars"]
    assert none["n"] == 0
    assert np.isnan(none["dense_accuracy"])


def test_chance_by_every_split() -> None:
    a, b = PRUNED[:2], DENSE
    everything = np.concatenate([a, b])
    shares = []
    for one, other in product(range(4), repeat=2):
        if one < other:
            rest = [run for run in range(4) if run not in (one, other)]
            shares.append(exemplars(everything[[one, other]], everything[rest], LABELS)["pie"].mean())
    assert len(shares) == 6
    share, p = exemplars_by_chance(a, b)
    assert share == pytest.approx(np.mean(shares))
    assert p == np.mean([each >= shares[0] for each in shares])
    assert exemplars_by_chance(PRUNED[:1], DENSE[:1])[1] == 1


def test_runs_that_are_all_alike_are_rarely_told_apart() -> None:
    rng = np.random.default_rng(0)
    small = 0
    for trial in range(100):
        made = np.where(rng.random((10, 60)) < 0.3, rng.integers(0, 5, (10, 60)), 0)
        small += exemplars_by_chance(made[:5], made[5:], splits=99, seed=trial)[1] <= 0.05
    assert scipy.stats.binomtest(small, 100, 0.05, alternative="greater").pvalue > 0.001
    shifted = np.where(rng.random((5, 60)) < 0.3, rng.integers(0, 5, (5, 60)), 1)
    share, p = exemplars_by_chance(shifted, made[5:], splits=99)
    assert p <= 0.02
    assert share < exemplars(shifted, made[5:], np.zeros(60, dtype=int))["pie"].mean()
    assert exemplars_by_chance(shifted, made[5:], splits=99) == (share, p)


def test_runs_are_all_seeds_of_the_tickets() -> None:
    rng = np.random.default_rng(0)
    predicted = {name: rng.integers(0, 4, (seeds, 2, 5)) for name, seeds in {"a": 2, "b": 1, "dense": 3}.items()}
    made = Predictions([("clean", 0), ("fog", 1)], predicted, LABELS)
    found = runs(made, ["a", "b"], ("fog", 1))
    assert found.tolist() == [*predicted["a"][:, 1].tolist(), *predicted["b"][:, 1].tolist()]
    assert runs(made, ["dense"]).tolist() == predicted["dense"][:, 0].tolist()
    with pytest.raises(UserError, match="at least one of each"):
        runs(made, [])


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UserError, match="at least one of each"):
        exemplars(PRUNED[:0], DENSE, LABELS)
    with pytest.raises(UserError, match="on 5 and 4 images, and there are labels of 5"):
        exemplars(PRUNED, DENSE[:, :4], LABELS)


def test_all_at_once_is_each_by_itself() -> None:
    rng = np.random.default_rng(9)
    predicted = {name: rng.integers(0, 3, (2, 1, 50)).astype(np.int16) for name in ("dense", "a", "b")}
    made = Predictions([("clean", 0)], predicted, rng.integers(0, 3, 50))
    found = find_exemplars(made, ["a", "b"], ["dense"])
    pruned, dense = runs(made, ["a", "b"]), runs(made, ["dense"])
    assert found.table.equals(exemplars(pruned, dense, made.labels))
    assert found.summary.equals(summarise_exemplars(found.table))
    assert (found.chance, found.p) == exemplars_by_chance(pruned, dense)
    assert (found.pruned, found.dense) == (4, 2)
    assert found.within_noise == (found.p >= 0.05)
