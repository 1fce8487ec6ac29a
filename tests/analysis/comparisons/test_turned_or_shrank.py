"""Turned or shrank, against the networks themselves and by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.comparisons.turned_or_shrank import WAYS, by_way, decided_by, way_of
from analysis.corruptions import corrupt
from analysis.measures.lost import RESCUES
from analysis.results.store import Results
from analysis.statistics.intervals import wilson
from pruning.data import load_data, normalise
from pruning.models import features_and_logits
from pruning.study.folder import Study

DIRECTION, LENGTH = (1 << RESCUES.index(name) for name in ("direction", "length"))


def row(ticket: str, bits: list[int], n: int = 100) -> dict[str, object]:
    rescues = np.array(bits, dtype=np.uint8).tobytes()
    return {"ticket_id": ticket, "corruption": "fog", "severity": 3, "n": n, "lost": len(bits), "rescues": rescues}


def test_the_ways_by_hand() -> None:
    codes = np.array([DIRECTION, LENGTH, 0, DIRECTION | LENGTH, DIRECTION | 1], dtype=np.uint8)
    assert [WAYS[place] for place in way_of(codes)] == ["turned", "shrank", "either", "both", "turned"]


def test_shares_are_of_the_lost_images_with_intervals_over_images_or_seeds() -> None:
    rows = pd.DataFrame(
        [
            row("a", [DIRECTION] * 6 + [LENGTH] * 2),
            row("b", [DIRECTION] * 4),
            row("c", [LENGTH] * 3 + [DIRECTION]),
            row("d", [DIRECTION] * 4),
            row("e", [DIRECTION] * 4),
            row("f", []),
        ]
    )
    found = by_way(rows, {"one": ["a"], "two": ["b", "c"], "alike": ["d", "e"], "none": ["f"]}).set_index("key")
    assert sorted(found.index) == ["alike", "one", "two"]
    assert found.loc["one", list(WAYS)].tolist() == [0.75, 0.25, 0, 0]
    low, high = wilson(6, 8)
    assert found.loc["one", ["turned_low", "turned_high"]].tolist() == pytest.approx([float(low), float(high)])
    assert found.loc["two", "turned"] == pytest.approx(0.625)
    assert found.loc["two", ["turned_low", "turned_high"]].tolist() == [0, 1]  # Student's of 1 and 1/4, cut off
    low, high = wilson(4, 4)  # seeds that agree show no spread: over images
    assert found.loc["alike", ["turned_low", "turned_high"]].tolist() == pytest.approx([float(low), float(high)])


def test_what_is_shown_lies_above_a_half() -> None:
    rows = pd.DataFrame([row("a", [DIRECTION] * 30), row("b", [LENGTH] * 28 + [0]), row("c", [LENGTH, DIRECTION])])
    found = by_way(rows, {key: [key] for key in "abc"})
    assert decided_by(found).tolist() == ["turned", "shrank", ""]


def test_a_study_says_what_the_networks_say(tiny_study: Path) -> None:
    study, data = Study.open(tiny_study), load_data("digits")
    entry = next(entry for entry in study.entries() if entry.recipe.label == "Random 90 %")
    model, labels = study.load(entry.id).model().eval(), data.test.labels
    with torch.no_grad():
        images = corrupt(data.test.images, "gaussian_noise", 3)
        (clean, before), (after, now) = (
            features_and_logits(model, normalise(each, data.mean, data.std)) for each in (data.test.images, images)
        )
        weight, bias = model.get_parameter("fc3.weight"), model.get_parameter("fc3.bias")
        lengths = clean.norm(dim=1, keepdim=True), after.norm(dim=1, keepdim=True)
        straight = (after / lengths[1] * lengths[0]) @ weight.T + bias  # corrupted direction, clean length
        short = (clean / lengths[0] * lengths[1]) @ weight.T + bias
    lost = (before.argmax(1) == labels) & (now.argmax(1) != labels)
    by_direction, by_length = (each.argmax(1)[lost] != labels[lost] for each in (straight, short))
    expected = [by_direction & ~by_length, ~by_direction & by_length, by_direction & by_length,
                ~by_direction & ~by_length]  # fmt: skip
    rows = Results(tiny_study).table("lost", where="corruption = 'gaussian_noise' AND severity = 3")
    [found] = by_way(rows, {"it": [entry.id]}).to_dict("records")
    assert found["lost"] == int(lost.sum())
    assert [found[way] for way in WAYS] == pytest.approx([float(each.float().mean()) for each in expected], abs=0.011)
    assert sum(found[way] for way in WAYS) == pytest.approx(1)
