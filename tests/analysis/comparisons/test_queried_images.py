"""Queries asked of a measured study, against what its tables and its networks say of each image."""

import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.comparisons import of_study
from analysis.comparisons.image_order import image_measures
from analysis.comparisons.image_query import OfClass, Outcome, Predicted, Term, Within, text
from analysis.comparisons.queried_images import MEASURES, Asked, ask, features_here, images_where
from analysis.corruptions.conditions import CLEAN
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.folder import Study

NOISE = ("gaussian_noise", 3)


@pytest.fixture(scope="module")
def study(tiny_study: Path) -> Study:
    return Study.open(tiny_study)


@pytest.fixture(scope="module")
def asked(study: Study) -> Asked:
    return ask(study)


@pytest.fixture(scope="module")
def wide(study: Study) -> pd.DataFrame:
    """A row an image: label, then prediction and margin of `imp-90` and `dense`, clean and under noise."""
    found = of_study.tickets(study)
    ids = found[found["seed"] == 0].set_index("key")["ticket_id"]
    results = Results(study.path)
    columns: dict[str, pd.Series] = {}
    for key in ("dense", "imp-90"):
        clean = results.table("samples", ids=[ids[key]]).set_index("sample").sort_index()
        noisy = results.table("corrupted", ids=[ids[key]], where="corruption = 'gaussian_noise' AND severity = 3")
        noisy = noisy.set_index("sample").sort_index()
        columns |= {"label": clean["label"], key: clean["prediction"], f"{key} noisy": noisy["prediction"]}
        columns |= {f"{key} margin": clean["margin"], f"{key} noisy margin": noisy["margin"]}
    return pd.DataFrame(columns)


def test_it_finds_what_a_look_at_each_image_finds(asked: Asked, wide: pd.DataFrame) -> None:
    queries: dict[tuple[Term, ...], pd.Series] = {
        (OfClass(("3", "5")),): wide["label"].isin([3, 5]),
        (Outcome("wrong", "imp-90", NOISE), Outcome("right", "dense", NOISE)): (wide["imp-90 noisy"] != wide["label"])
        & (wide["dense noisy"] == wide["label"]),
        (OfClass(("8",)), Predicted(("1", "2"), "imp-90")): (wide["label"] == 8) & wide["imp-90"].isin([1, 2]),
        (Within("margin", "imp-90", low=-1, high=0.5),): wide["imp-90 margin"].between(-1, 0.5),
        (Within("margin", "dense", NOISE, low=1.5),): wide["dense noisy margin"] >= 1.5,
        (Within("margin", "dense", NOISE, high=-0.25),): wide["dense noisy margin"] <= -0.25,
    }
    for query, expected in queries.items():
        assert 0 < expected.sum() < len(expected), query
        np.testing.assert_array_equal(asked.fits(query), expected, text(query))


def test_a_text_gives_indices_of_the_seed_asked_for(study: Study, wide: pd.DataFrame) -> None:
    query = "wrong for imp-90 under gaussian_noise 3 and right for dense"
    expected = (wide["imp-90 noisy"] != wide["label"]) & (wide["dense"] == wide["label"])
    found = images_where(study, query)
    np.testing.assert_array_equal(found, np.flatnonzero(expected))
    other = images_where(study, query, seed=1)
    assert found.tolist() != other.tolist()
    outcomes = of_study.outcomes(study, ["imp-90", "dense"])
    right = outcomes.right["imp-90"][1, outcomes.conditions.index(NOISE)]
    np.testing.assert_array_equal(other, np.flatnonzero(~right & outcomes.right["dense"][1, 0]))


def test_what_is_not_stored_is_made_on_the_spot(study: Study, asked: Asked) -> None:
    live = features_here(study)
    assert live is not None
    ids = [asked.ids["imp-90"], asked.ids["dense"]]
    made = image_measures(live(ids, NOISE), live(ids, CLEAN), ids[1])
    own = made[made["ticket_id"] == ids[0]].set_index("sample").sort_index()
    for measure in ("gap", "divergence", "agreement"):
        np.testing.assert_allclose(asked.values(measure, "imp-90", NOISE), own[measure], atol=1e-6)
    # stored to a few digits, as the results say
    np.testing.assert_allclose(asked.values("margin", "imp-90", NOISE), own["margin"], atol=0.02)
    logits, weight = (torch.tensor(getattr(live(ids, CLEAN)[ids[0]], name)) for name in ("logits", "weight"))
    confidence = torch.softmax(logits, 1).max(1).values
    np.testing.assert_allclose(asked.values("confidence", "imp-90"), confidence, atol=1e-5)
    assert weight.shape[0] == len(asked.classes)
    assert set(MEASURES) >= {"margin", "gap", "divergence", "agreement", "confidence", "angle", "length"}
    # of another seed nothing is stored image by image
    assert np.isfinite(ask(study, seed=1).values("margin", "imp-90")).all()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("class cat", "Unknown class 'cat'"),
        ("wrong for imp-91", "Unknown ticket of seed 0 'imp-91'. Did you mean 'imp-90'"),
        ("wrong for imp-90 under fog 3", "Nothing is stored of ticket imp-90 under fog 3"),
        ("wrong for imp-90 under gaussian_noise 5", "Nothing is stored of ticket imp-90 under gaussian_noise 5"),
        ("width of imp-90 at least 3", "Unknown measure of an image 'width'"),
        ('wrong for imp-90 under "x\' OR 1=1 --" 3', "Nothing is stored of ticket"),
    ],
)
def test_what_is_not_there_is_answered(asked: Asked, query: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        images_where(asked.study, query)
    assert str(error.value).startswith(said)


def test_without_images_what_is_not_stored_is_answered(study: Study, asked: Asked) -> None:
    here = Asked(study, 0, "dense", asked.results, None)
    assert np.isfinite(here.values("gap", "imp-90")).all()  # stored of the clean images
    with pytest.raises(UserError, match="Nothing is stored"):
        here.values("divergence", "imp-90", NOISE)
    assert not here.fits([Within("margin", "dense", low=math.nan)]).any()


def test_where_nothing_is_stored_of_single_images_the_classes_are_those_of_the_data(
    study: Study, asked: Asked, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(study.path, tmp_path / "copy"))
    shutil.rmtree(copy / "results" / "samples")
    found = ask(Study.open(copy))
    np.testing.assert_array_equal(found.labels, asked.labels)
    query: list[Term] = [Outcome("wrong", "imp-90", NOISE), Within("margin", "imp-90", high=1.0)]
    np.testing.assert_array_equal(found.fits(query), asked.fits(query))
