"""One image: pictures and networks as a whole run has them, scores by hand, neighbours by brute force."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from analysis.comparisons.one_image import class_scores, difference, near, path, see
from analysis.corruptions.conditions import CLEAN
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from analysis.engine.networks import Network
from analysis.engine.settings import settings
from analysis.results.store import Results
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study
from tests.analysis.comparisons.test_local_geometry import made
from tests.analysis.engine.test_live import shown


def looked_at(folder: Path, ids: list[str], sample: int, conditions: list[tuple[str, int]]):  # type: ignore[no-untyped-def]
    study = Study.open(folder)
    config = settings(study)
    images = TestImages.of(study, config, load_data(study.config.data))
    networks = {each: Network.of(study.load(each), torch.device("cpu"), config.precision) for each in ids}
    return images, see(networks, images, sample, conditions)


def test_the_image_is_seen_as_among_all_others(tiny_study: Path) -> None:
    stored = Results(tiny_study).table("corrupted")
    condition = (str(stored["corruption"].iloc[0]), int(stored["severity"].iloc[0]))
    ids = list(dict.fromkeys(stored["ticket_id"]))[:2]
    images, (pictures, seen) = looked_at(tiny_study, ids, 17, [CLEAN, condition])
    assert (pictures[0] == images.images[17].numpy()).all()
    whole = images.batch(condition, slice(0, 40), torch.device("cpu"), 0)
    assert (pictures[1] == whole[17].numpy()).all()
    for view, each in enumerate((CLEAN, condition)):
        for ticket, own in shown(tiny_study, ids, each).items():
            np.testing.assert_allclose(seen[ticket].logits[view], own.logits[17], rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(seen[ticket].features[view], own.features[17], rtol=1e-4, atol=1e-4)


def test_gap_and_length_are_those_of_the_results(tiny_study: Path) -> None:
    ticket = Results(tiny_study).ids("geometry")[0]
    _, (_, seen) = looked_at(tiny_study, [ticket], 5, [CLEAN])
    row = path(seen, shown(tiny_study, [ticket], CLEAN)).iloc[0]
    stored = Results(tiny_study).table("geometry", ids=[ticket]).sort_values("sample")
    assert row["gap"] == pytest.approx(stored["gap"].iloc[5], abs=0.1)
    lengths = stored["centred_length"]
    assert row["relative_length"] == pytest.approx(lengths.iloc[5] / lengths.mean(), rel=0.01)


def test_what_is_not_there_is_said(tiny_study: Path) -> None:
    with pytest.raises(UserError, match="no image 100000"):
        looked_at(tiny_study, [], 100000, [CLEAN])
    with pytest.raises(UserError, match="made for each network"):
        looked_at(tiny_study, [], 1, [("fgsm", 1)])


def test_a_difference_by_hand() -> None:
    clean = np.full((3, 4, 5), 100, np.uint8)
    corrupted = clean.copy()
    corrupted[:, 2, 3] = [90, 130, 100]
    corrupted[0, 0, 0] = 255
    found = difference(clean, corrupted)
    assert (found.row, found.column) == (0, 0)
    assert found.picture[0, 0, 0] == 255
    assert found.picture[:, 2, 3].tolist() == [118, 158, 128]
    assert found.mean == pytest.approx((155 + 10 + 30) / (60 * 255))
    assert difference(clean, clean).mean == 0


def test_scores_of_the_classes_that_matter() -> None:
    logits = np.log(np.array([[0.7, 0.1, 0.195, 0.005], [0.05, 0.05, 0.899, 0.001]], np.float32))
    own = Features(np.zeros((2, 1), np.float32), logits, np.array([1, 1]), np.zeros((4, 1)), np.zeros(4))
    found = class_scores({"a": own})
    assert found["class"].unique().tolist() == [1, 2, 0]  # the true class first; class 3 is given nothing
    at = found.set_index(["view", "class"])["score"]
    assert at[0, 0] == pytest.approx(0.7)
    assert at[1, 2] == pytest.approx(0.899)
    assert class_scores({"a": own}, most=2)["class"].unique().tolist() == [1, 2]


def test_neighbours_are_the_nearest_of_all() -> None:
    all_of_them = made(n=60)
    distances = cdist(all_of_them.features[[7]], all_of_them.features)[0]
    expected = [each for each in np.argsort(distances) if each != 7][:5]
    found = near(all_of_them, all_of_them.features[7], 5, itself=7)
    assert found["sample"].tolist() == expected
    np.testing.assert_allclose(found["distance"], distances[expected], rtol=1e-4)
    assert (found["label"] == all_of_them.labels[expected]).all()
    moved = all_of_them.features[7] + 0.5
    assert near(all_of_them, moved, 1)["sample"].tolist() == [cdist(moved[None], all_of_them.features)[0].argmin()]


def test_nobody_is_near_in_a_dead_network() -> None:
    dead = made(n=10)
    dead = Features(np.zeros_like(dead.features), dead.logits, dead.labels, dead.weight, dead.bias)
    assert near(dead, dead.features[0], 3, itself=0).empty
    assert near(made(n=10), np.full(6, np.nan), 3).empty
