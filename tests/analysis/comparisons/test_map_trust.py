"""Where maps mislead: on maps that are true but for one class."""

import numpy as np
import pytest

from analysis.comparisons.map_trust import map_trust
from analysis.metrics.faithfulness import faithfulness


def test_a_class_that_the_map_has_shuffled_is_found() -> None:
    random = np.random.default_rng(0)
    plane, labels = random.normal(size=(300, 2)), np.arange(300) % 3
    plane[labels == 2] += [20, 0]
    shuffled = plane.copy()
    shuffled[labels == 2] = random.permutation(plane[labels == 2])
    found = map_trust(
        {"true": faithfulness(plane, plane), "shuffled": faithfulness(plane, shuffled)},
        {"true": labels, "shuffled": labels},
    )
    lower = found.classes[found.classes["lower"]]
    assert lower[["key", "label"]].to_numpy().tolist() == [["shuffled", 2]]
    maps = found.maps.set_index("key")
    assert maps["leads"].to_dict() == {"true": True, "shuffled": True}
    assert maps.at["shuffled", "recall"] == pytest.approx(2 / 3, abs=0.08)


def test_a_map_of_nothing_misleads_and_one_that_is_not_finite_says_nothing() -> None:
    random = np.random.default_rng(1)
    features, labels = random.normal(size=(200, 5)), np.zeros(200, dtype=int)
    found = map_trust(
        {
            "chance": faithfulness(features, random.normal(size=(200, 2))),
            "dead": faithfulness(np.zeros((200, 5)), features[:, :2]),
        },
        {"chance": labels, "dead": labels},
    )
    assert found.maps["key"].tolist() == ["chance"]
    assert found.maps["misleads"].all()
    assert found.maps["high"].iloc[0] < 0.5
    assert found.classes.empty  # one class alone is not lower than others
    nothing = map_trust({}, {})
    assert nothing.maps.empty
    assert nothing.classes.empty
