"""Features that pages ask for: kept within bounds, and a sentence where they are not to be had."""

import numpy as np

from analysis.engine.live import Features
from app.live import Kept


def features(count: int) -> Features:
    empty = np.zeros(0, np.float32)
    return Features(np.zeros((count, 1), np.float32), empty, empty, empty, empty)


def test_what_was_not_used_for_longest_is_given_up_first() -> None:
    kept = Kept(room=1000)
    for name in "abc":
        kept.put((name,), features(100))  # 400 bytes each: room for two
        assert kept.get((name,)) is not None
    assert kept.get(("a",)) is None
    kept.get(("b",))
    kept.put(("d",), features(100))
    assert kept.get(("c",)) is None
    assert kept.get(("b",)) is not None


def test_one_that_is_larger_than_the_room_is_kept_alone() -> None:
    kept = Kept(room=10)
    kept.put(("a",), features(100))
    kept.put(("b",), features(100))
    assert kept.get(("a",)) is None
    assert kept.get(("b",)) is not None
