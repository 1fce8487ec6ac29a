"""Selections that meet others: as Python's sets do it, and in words."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.shell.codec import decode_samples, encode_samples
from app.shell.image_sets import LONGEST, WAYS, Way, parameters

SETS = st.sets(st.integers(0, 300), min_size=1)
MEET = {
    "replace": lambda old, new: new,
    "add": set.union,
    "subtract": set.difference,
    "intersect": set.intersection,
}


@given(SETS, SETS, st.sampled_from(list(WAYS)))
def test_they_meet_as_sets_do(old: set[int], new: set[int], way: Way) -> None:
    known = {"samples": encode_samples(np.array(sorted(old))), "samples-of": "a", "combine": way}
    for given_way in (None, way):
        changed = parameters(known, np.array(list(new)), "b", given_way)
        expected = MEET[way](old, new)
        assert decode_samples(changed["samples"] or "").tolist() == sorted(expected)
        assert bool(changed["samples-of"]) == bool(expected)


def test_how_they_came_about_is_read_from_left_to_right() -> None:
    known: dict[str, str] = {}
    for images, words, way in (([1, 2, 3], "class cat", "intersect"), ([4], "lasso", "add"), ([2], "", "subtract")):
        changed = parameters(known, np.array(images), words, way)  # type: ignore[arg-type]
        known = {name: value for name, value in changed.items() if value}
    assert decode_samples(known["samples"]).tolist() == [1, 3, 4]
    assert known["samples-of"] == "class cat, plus lasso, less 1 image"
    assert parameters(known, None, "", None) == {"samples": None, "samples-of": None}
    assert parameters(known, np.array([5]), "", "replace")["samples-of"] == ""


def test_a_link_that_says_nonsense_or_much_is_borne() -> None:
    known = {"samples": "??", "combine": "shuffle", "samples-of": "x" * 5000}
    assert decode_samples(parameters(known, np.array([7]), "a\n b", None)["samples"] or "").tolist() == [7]
    known["samples"] = encode_samples(np.array([1]))
    words = parameters(known, np.array([7]), "the last", "add")["samples-of"]
    assert words is not None
    assert len(words) == LONGEST
    assert words.endswith("the last")
