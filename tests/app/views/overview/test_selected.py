"""The sentence on the selected images: its numbers, and that it claims nothing."""

import re
from pathlib import Path

import numpy as np
import pytest

from analysis.comparisons.chosen_images import on_images
from app.shell.codec import encode_samples
from app.views.overview.selected import sentence
from pruning.data import load_data
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

NO_CLAIM = "no difference is claimed"


def test_the_sentence_says_the_numbers() -> None:
    right = {"a": {0: np.array([1.0, 1, 0, 0]), 1: np.array([1.0, 1, 0, 1])}, "b": {0: np.array([0.0, 0, 1, 1])}}
    said = sentence(on_images(right, [0, 1]), {"a": "First *", "b": "Second"})
    assert said.startswith("Clean accuracy on the 2 selected images, against the rest: First \\* **100.0 %**")
    assert "against 25.0 %; Second **0.0 %** (0.0 to" in said
    assert NO_CLAIM in said
    assert "against" not in sentence(on_images(right, range(4)), {"a": "A", "b": "B"})
    many = sentence(on_images({str(n): right["b"] for n in range(8)}, [0]), {str(n): str(n) for n in range(8)})
    assert "and 2 tickets more" in many
    assert "1 selected image," in many


def test_overview_compares_the_selected_images(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [3, 8, 41, 42, 43]
    test = draw("overview", tiny_study, monkeypatch, samples=encode_samples(np.array(images)), tickets="dense")
    found = re.search(r"5 selected images, against the rest: Dense \*\*([\d.]+) %.*? against ([\d.]+) %", text(test))
    assert found
    count = len(load_data("digits").test.labels)
    whole = (5 * float(found[1]) + (count - 5) * float(found[2])) / count
    tickets = [entry for entry in Study.open(tiny_study).entries() if entry.recipe.label == "Dense"]
    assert whole == pytest.approx(100 * np.mean([ticket.info.accuracy for ticket in tickets]), abs=0.06)
    assert NO_CLAIM not in text(draw("overview", tiny_study, monkeypatch))


def test_images_that_are_not_there_and_a_study_that_is_not_measured(
    tiny_study: Path, study_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("overview", tiny_study, monkeypatch, samples=encode_samples(np.array([5000])))
    assert "None of the selected images" in text(test)
    empty = draw("overview", study_copy, monkeypatch, samples=encode_samples(np.array([3])))
    assert NO_CLAIM not in text(empty)
    assert not empty.exception
