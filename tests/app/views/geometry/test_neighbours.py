"""What the section Maps says of neighbours: in words no stronger than the verdicts, and as a distribution."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.neighbours import Retraining
from app.views.geometry.charts.neighbours import distribution
from app.views.geometry.neighbours import corrupted_text, retraining_text
from tests.app.views.geometry.made import LIGHT, TICKETS

NAMES = {"dense": "Dense", "a": "First", "b": "Second <i>", "c": "Third"}


def found(*rows: tuple[str, float, float, str]) -> Retraining:
    columns = ["key", "shared", "difference", "verdict"]
    table = pd.DataFrame(rows, columns=columns).assign(shared_low=0.1, shared_high=0.9)
    return Retraining(table, 0.4, 0.38, 0.42, 3)


def test_only_what_differs_is_said_to_change_more() -> None:
    rows = [("a", 0.3, -0.1, "differs"), ("b", 0.5, 0.1, "differs"), ("c", 0.35, -0.05, "cannot tell")]
    text = retraining_text(found(*rows), NAMES, "Dense")
    assert "**Pruning changes neighbours more than retraining does** for First 0.30" in text
    assert "two trainings of Dense share 0.40 (0.38 to 0.42)" in text
    assert "Third: cannot be told from retraining" in text
    assert "<i>" not in text.replace(r"\<i", "")
    text = retraining_text(found(rows[2]), NAMES, "Dense")
    assert "more than" not in text


def test_too_few_seeds_say_nothing_of_methods() -> None:
    one = Retraining(found(("a", 0.3, np.nan, "")).table, np.nan, np.nan, np.nan, 1)
    text = retraining_text(one, NAMES, "Dense")
    assert "With one training nothing can be said" in text
    assert "more than" not in text
    assert retraining_text(found(), NAMES, "Dense") == ""


def test_under_a_corruption_each_ticket_stands_where_its_verdict_puts_it() -> None:
    keys = ["dense", "a", "b", "c"]
    means = pd.DataFrame({"key": keys, "shared": [0.4, 0.3, 0.5, 0.41], "shared_low": 0.1, "shared_high": 0.9})
    table = pd.DataFrame(
        {
            "a": ["a", "b", "c"],
            "difference": [-0.1, 0.1, 0.01],
            "verdict": ["differs", "differs", "cannot tell"],
            "over": "images",
        }
    )
    text = corrupted_text(means, table, NAMES, "dense", "Fog 3")
    assert "Under Fog 3 Dense keeps **0.40" in text
    assert "; less: First 0.30" in text
    assert "; cannot tell: Third 0.41" in text
    assert "One seed: this is about these networks." in text
    assert corrupted_text(means.iloc[1:], table, NAMES, "dense", "Fog 3") == ""


@pytest.mark.parametrize("values", [[0.1, 0.2, 0.9, 1.0], [np.nan] * 4, [0.0] * 4])
def test_the_distribution_holds_every_image_once(values: list[float]) -> None:
    table = pd.DataFrame({"ticket_id": "a", "sample": range(4), "shared": values})
    figure = distribution(table, TICKETS, LIGHT, 0.008)
    assert sum(figure.data[0].y) == pytest.approx(0 if np.isnan(values[0]) else 100)
    assert sum(figure.data[1].y) == 0
    text = " ".join(note.text for note in figure.layout.annotations)
    assert ("mean" in text) != np.isnan(values[0])
    figure.to_json()
