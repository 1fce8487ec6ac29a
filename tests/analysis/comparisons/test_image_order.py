"""Images under one condition: divergence as SciPy has it, neighbours by brute force, orders by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, jensenshannon
from scipy.special import softmax
from scipy.stats import entropy

from analysis.comparisons.image_order import MEASURES, agreement, disagreement, image_measures, images_in_order
from analysis.engine.live import Features
from analysis.metrics.divergence import jensen_shannon, kullback_leibler
from tests.analysis.comparisons.test_local_geometry import made


@given(st.integers(0, 10**6), st.floats(0.1, 30))
def test_divergence_is_that_of_scipy(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (scale * rng.normal(size=(4, 6)).astype(np.float32) for _ in range(2))
    exact = (softmax(each.astype(float), axis=1) for each in (one, other))  # in single precision equal ones give NaN
    expected = jensenshannon(*exact, axis=1, base=2) ** 2
    np.testing.assert_allclose(jensen_shannon(one, other), expected, atol=1e-5)
    np.testing.assert_allclose(jensen_shannon(one, other), jensen_shannon(other, one), atol=1e-12)


@given(st.integers(0, 10**6), st.floats(0.1, 30))
def test_the_bits_lost_are_those_of_scipy(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (scale * rng.normal(size=(4, 6)) for _ in range(2))
    expected = entropy(softmax(other, axis=1), softmax(one, axis=1), axis=1, base=2)
    np.testing.assert_allclose(kullback_leibler(one, other), expected, rtol=1e-6, atol=1e-9)


def test_divergence_at_its_ends() -> None:
    one, other = np.array([[200.0, 0], [0, 0], [np.nan, 0]]), np.array([[0.0, 200], [0, 0], [0, 0]])
    found = jensen_shannon(one, other)
    assert found[:2].tolist() == pytest.approx([1, 0])
    assert np.isnan(found[2])


def test_agreement_by_brute_force() -> None:
    clean, moved = made(n=40), made(1, n=40)
    moved = Features(moved.features, moved.logits, clean.labels, clean.weight, clean.bias)
    distances = cdist(moved.features, clean.features)
    np.fill_diagonal(distances, np.inf)  # an image is no neighbour of its own
    near = np.argsort(distances, axis=1)[:, :5]
    expected = (clean.labels[near] == clean.labels[:, None]).mean(axis=1)
    np.testing.assert_allclose(agreement(moved, clean, 5), expected)
    dead = Features(np.full_like(clean.features, np.nan), clean.logits, clean.labels, clean.weight, clean.bias)
    assert np.isnan(agreement(dead, dead)).all()


def test_disagreement_by_hand() -> None:
    given_ = [np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([0, 1, 3])]
    assert disagreement(given_).tolist() == pytest.approx([0, 2 / 3, 1])
    assert disagreement(given_[:1]).tolist() == [0, 0, 0]


def test_lost_by_one_and_kept_by_another() -> None:
    rows = pd.DataFrame(
        [
            *[("imp", 0, 1, 2, 3.0), ("imp", 1, 1, 2, 1.0), ("imp", 2, 1, 1, 2.0), ("imp", 3, 1, 0, np.nan)],
            *[("mag", 0, 1, 1, 5.0), ("mag", 1, 1, 1, 9.0), ("mag", 2, 1, 1, 4.0), ("mag", 3, 1, 0, 7.0)],
        ],
        columns=["ticket_id", "sample", "label", "prediction", "gap"],
    )
    found = images_in_order(rows, ["imp"], ["mag"], ["imp"], "gap")
    assert found["sample"].tolist() == [1, 0]
    assert found["value"].tolist() == [1, 3]
    assert found["wrong"].tolist() == [1, 1]
    assert images_in_order(rows, [], [], ["imp"], "gap")["sample"].tolist() == [1, 2, 0, 3]  # what is nan comes last
    assert images_in_order(rows, ["imp", "mag"], [], ["mag"], "gap")["sample"].tolist() == [3]
    order = images_in_order(rows, [], [], ["imp", "mag"], "disagreement")
    assert order["sample"].tolist() == [0, 1, 2, 3]
    assert order["value"].tolist() == [1, 1, 0, 0]


def test_measures_of_a_ticket_against_the_baseline() -> None:
    features = {"dense": made(), "imp": made(1)}
    rows = image_measures(features, features, "dense")
    assert list(rows.columns) == ["ticket_id", "sample", "label", "prediction", *MEASURES]
    own = rows.set_index("ticket_id")["divergence"]
    assert (own["dense"] == 0).all()
    assert (own["imp"] > 0).all()
