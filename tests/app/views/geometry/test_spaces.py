"""Feature spaces of some of the images are those of all, image for image."""

import numpy as np

from analysis.measures.maps import positions
from app import live, load
from app.views.geometry.spaces import Spaces
from tests.samples import EVERY


def test_some_of_the_images() -> None:
    folder = next(each for each in EVERY if each.name == "digits-lottery")
    study = load.open_study("digits", folder)
    spaces = Spaces(study, live.images(study))
    assert spaces.images is not None
    assert spaces.some(len(spaces.images)) is spaces
    few = spaces.some(50)
    assert few.images is not None
    rows = positions(len(spaces.images), 50)
    np.testing.assert_array_equal(few.images.labels, spaces.images.labels[rows])
    ids = [str(study.tickets["ticket_id"].iloc[-1])]
    whole, part = (each.features(ids)[ids[0]].features for each in (spaces, few))
    assert part.shape == (50, whole.shape[1])
    np.testing.assert_allclose(part, whole[rows], rtol=1e-4, atol=1e-5)
    near, all_near = (each.near(ids, ("clean", 0), 5)[ids[0]] for each in (few, spaces))
    assert (len(near), len(all_near)) == (50, len(spaces.images))  # each kept by itself
    apart = np.linalg.norm(part[:, None] - part[None], axis=2) + np.diag(np.full(50, np.inf))
    assert np.mean([set(own) == set(np.argsort(apart[row])[:5]) for row, own in enumerate(near)]) > 0.9
