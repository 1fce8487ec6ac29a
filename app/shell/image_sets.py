"""What becomes of a selection of images when others are selected: they replace it, join it, leave it, or cut it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from app import load
from app.load import StudyView
from app.shell.codec import decode_samples, encode_samples

Way = Literal["replace", "add", "subtract", "intersect"]
WAYS: dict[Way, str] = {"replace": "Replace", "add": "Add", "subtract": "Subtract", "intersect": "Intersect"}
SAMPLES, WORDS, WAY = "samples", "samples-of", "combine"
"""In the URL: the images, how they came about, and what becomes of them when others are selected."""

LONGEST = 240  # characters of the words; the beginning goes first
_JOINED = {"add": "plus", "subtract": "less", "intersect": "and also"}


def image_count(study: StudyView) -> int | None:
    """How many test images a study was measured on; None where nothing is measured."""
    counted = load.table(study, "summary", columns=["n"])["n"]
    return int(counted.max()) if len(counted) else None


def in_link(study: StudyView, text: str) -> tuple[np.ndarray, str]:
    """The images that a link has selected, int64 and rising, of those that a study has, and a sentence on the others.

    Where nothing is measured it is not known how many there are, and all stay.

    Raises:
        ValueError: they cannot be read.
    """
    found = decode_samples(text)
    count = image_count(study) if len(found) else None
    there = found if count is None else found[found < count]
    if len(there) == len(found):
        return found, ""
    if not len(there):
        return there, f"None of the selected images is among the {count:,} test images of this study."
    gone, of = f"{len(found) - len(there):,} of the {len(found):,} selected images", f"{count:,}"
    return there, f"Left out, as this study has {of} test images: {gone} in the link."


def way_in(parameters: Mapping[str, str]) -> Way:
    """What new images do to those that are selected, as the URL says; they replace them where it says nothing known."""
    asked = parameters.get(WAY, "replace")
    return next((way for way in WAYS if way == asked), "replace")


def joined(old: np.ndarray, new: np.ndarray, way: Way) -> np.ndarray:
    """The images, int64 and rising, that are selected after `new` met `old`."""
    if way == "add":
        return np.union1d(old, new)
    if way == "subtract":
        return np.setdiff1d(old, new)
    return np.intersect1d(old, new) if way == "intersect" else np.unique(new)


def joined_words(old: str, new: str, way: Way) -> str:
    """How the images after that came about, to be read from left to right."""
    text = new if way == "replace" else f"{old}, {_JOINED[way]} {new}"
    return text if len(text) <= LONGEST else "…" + text[1 - LONGEST :]


def images_text(count: int) -> str:
    """So many images, in words."""
    return f"{count:,} image{'' if count == 1 else 's'}"


def parameters(
    known: Mapping[str, str], images: np.ndarray | None, words: str, way: Way | None
) -> dict[str, str | None]:
    """What to change in the URL when images are selected.

    Args:
        known: the URL's parameters as they are.
        images: indices of test images; None clears the selection, whatever the way.
        words: how they came about, such as a query; shown, so short.
        way: what they do to those that are selected; None: what the URL says. Where none are, they replace them.
    """
    if images is None:
        return {SAMPLES: None, WORDS: None}
    try:
        old = decode_samples(known.get(SAMPLES, ""))
    except ValueError:
        old = np.array([], dtype=np.int64)
    way = (way or way_in(known)) if len(old) else "replace"
    new = np.asarray(images, dtype=np.int64)
    found = joined(old, new, way)
    before, after = known.get(WORDS) or images_text(len(old)), " ".join(words.split())
    said = joined_words(before, after if way == "replace" else after or images_text(len(new)), way)
    return {SAMPLES: encode_samples(found), WORDS: said if len(found) else None}
