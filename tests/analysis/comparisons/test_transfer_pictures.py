"""Mappings and prompts as pictures, by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.comparisons.transfer_pictures import around, brightness, examples, mapping

# source, target, count, chosen; the network's class 3 stands for the target's 0 without having been predicted
ROWS = pd.DataFrame(
    [(0, 0, 4, False), (0, 1, 3, True), (2, 1, 1, False), (3, 0, 0, True)],
    columns=["source", "target", "count", "chosen"],
)


def test_a_mapping_by_hand() -> None:
    found = mapping(ROWS, 5)
    assert found.sources.tolist() == [0, 1, 2, 3, 4]
    assert found.shares.tolist() == [[1, 0.75], [0, 0], [0, 0.25], [0, 0], [0, 0]]
    assert found.chosen.tolist() == [3, 0]
    assert found.rings == [(3, 0), (0, 1)]
    assert (found.met, found.images) == (3, 8)
    # Wilson's: (3 + z²/2 ± z √(3 · 5 / 8 + z²/4)) / (8 + z²), z = 1.96
    assert found.covered == pytest.approx((0.375, 0.1368, 0.6943), abs=1e-4)


def test_of_many_classes_the_chosen_and_the_frequent_are_shown() -> None:
    found = mapping(ROWS, 1000, most=3)
    assert found.sources.tolist() == [0, 3]
    assert found.rings == [(1, 0), (0, 1)]


def test_a_prompt_goes_around_pictures() -> None:
    pixels = np.full((1, 4, 4), 9, dtype=np.uint8)
    prompt = pd.Series({"top": 1, "left": 1, "height": 2, "width": 2, "pixels": pixels.tobytes()})
    images = torch.arange(8, dtype=torch.uint8).view(2, 1, 2, 2)
    found = around(prompt, (1, 4, 4), images)
    assert found.shape == (2, 1, 4, 4)
    assert found[1, 0, 1:3, 1:3].tolist() == [[4, 5], [6, 7]]
    assert found[1, 0, 0].tolist() == [9] * 4
    assert (around(prompt, (1, 4, 4)) == 9).all()
    border = pixels.copy()
    border[:, 1:3, 1:3] = 0
    assert brightness(pd.Series({**prompt, "pixels": border.tobytes()}), (1, 4, 4)) == pytest.approx(9 / 255)


def test_the_first_image_of_each_class() -> None:
    assert examples(np.array([2, 0, 2]), 4) == [1, -1, 0, -1]
