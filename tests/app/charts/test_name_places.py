"""Names of clusters on a map: no two over one another, none outside, and nothing moves without need."""

import numpy as np

from app.charts.name_places import LETTER, LINE, pushed_apart

RANGES = ((0.0, 10.0), (-1.0, 1.0))
SIZE = (400.0, 300.0)


def test_names_with_room_stay_where_they_are() -> None:
    places = np.array([[2.0, 0.0], [2.0, 0.5], [8.0, 0.0]])
    assert (pushed_apart(places, ["cat", "dog", "automobile"], RANGES, SIZE) == 0).all()


def test_crowded_names_neither_overlap_nor_leave_the_panel() -> None:
    rng = np.random.default_rng(0)
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    for _ in range(20):
        places = np.column_stack([rng.uniform(4, 6, 10), rng.uniform(-0.3, 0.3, 10)])
        at = np.column_stack([40 * places[:, 0], 150 * (places[:, 1] + 1)]) + pushed_apart(places, names, RANGES, SIZE)
        half = np.array([LETTER * len(name) / 2 for name in names])
        assert (at[:, 0] >= half).all()
        assert (at[:, 0] <= SIZE[0] - half).all()
        assert (np.abs(at[:, 1] - SIZE[1] / 2) <= SIZE[1] / 2).all()
        for one in range(10):
            for other in range(one):
                beside = abs(at[one, 0] - at[other, 0]) >= half[one] + half[other]
                assert beside or abs(at[one, 1] - at[other, 1]) > 0.8 * LINE


def test_of_two_in_one_place_one_goes_up_and_one_down() -> None:
    moved = pushed_apart(np.array([[5.0, 0.0], [5.0, 0.0]]), ["cat", "dog"], RANGES, SIZE)
    np.testing.assert_allclose(moved, [[0, -LINE / 2], [0, LINE / 2]])
