"""Accuracy over the size of an attack, and signs of masked gradients: by hand, and of a network that hides its own."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from analysis.comparisons import masking, security
from analysis.comparisons.masking import BLACK_BOX, LARGER, ONE_STEP, WITHOUT
from analysis.comparisons.outcomes import Outcomes
from analysis.security import autoattack, gradient
from analysis.security.pixels import Ball, Pixels
from analysis.statistics.intervals import wilson
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.security.linear import linear

N = 200


def stored(ticket: str, right: dict[str, np.ndarray]) -> pd.DataFrame:
    """Rows as the measures store them, of "attack norm size" -> right."""
    rows = []
    for name, own in right.items():
        attack, norm, size = name.split()
        place = {"ticket_id": ticket, "attack": attack, "norm": norm, "size": float(size), "n": len(own)}
        rows.append(place | {"right": np.packbits(own).tobytes(), "accuracy": own.mean()})
    return pd.DataFrame(rows)


def first(count: int) -> np.ndarray:
    """The first so many of N images are right."""
    return np.arange(N) < count


def test_curves_begin_at_the_clean_images_and_have_intervals() -> None:
    right = {
        "clean linf 2": first(190),
        "steps linf 2": first(150),
        "clean linf 8": first(190),
        "steps linf 8": first(40),
    }
    right |= {
        "clean linf 255": first(190),
        "steps linf 255": first(0),
        "clean l2 1": first(190),
        "steps l2 1": first(9),
    }
    outcomes = security.of_results(stored("t", right), {"a": ["t"], "b": []}, {"t": 3})
    assert outcomes.seeds == {"a": [3]}
    found = security.curves(outcomes, "steps", "linf")
    assert found["size"].tolist() == [0, 2, 8]
    assert found["accuracy"].tolist() == [0.95, 0.75, 0.2]
    low, high = wilson(40, N)
    assert (found["low"].iloc[2], found["high"].iloc[2]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert security.curves(outcomes, "one_step", "linf").empty
    assert security.curves(outcomes, "steps", "l2")["accuracy"].tolist() == [0.95, 9 / N]


def test_tickets_are_compared_on_the_same_images_and_all_sizes_are_one_family() -> None:
    sizes = {"steps linf 2": 150, "steps linf 8": 40, "steps l2 1": 100}
    rows = [stored("t", {name: first(count) for name, count in sizes.items()})]
    rows.append(stored("u", {name: first(count - 30 * (name == "steps l2 1")) for name, count in sizes.items()}))
    outcomes = security.of_results(pd.concat(rows), {"a": ["t"], "b": ["u"]}, {"t": 0, "u": 0})
    table = security.apart(outcomes, "steps", "a").set_index(["norm", "size"])
    assert set(table["key"]) == {"b"}
    assert table.at[("l2", 1.0), "verdict"] == DIFFERS
    assert table.at[("l2", 1.0), "difference"] == pytest.approx(-0.15)
    assert table.at[("l2", 1.0), "p_holm"] == pytest.approx(3 * table.at[("l2", 1.0), "p"])
    assert table["difference"].tolist().count(0.0) == 2


def test_a_ticket_that_lacks_a_size_is_left_out() -> None:
    rows = pd.concat(
        [stored("t", {"steps linf 2": first(3), "steps linf 8": first(2)}), stored("u", {"steps linf 2": first(1)})]
    )
    outcomes = security.of_results(rows, {"a": ["t"], "b": ["u"]}, {"t": 0, "u": 0})
    assert [*outcomes.right] == ["a"]


def test_each_sign_is_told_where_it_shows_and_not_where_it_may_be_chance() -> None:
    honest = {
        "one_step linf 2": 150,
        "steps linf 2": 100,
        "one_step linf 8": 80,
        "steps linf 8": 20,
        "steps linf 255": 0,
    }

    def told(**changes: int) -> set[str]:
        counts = honest | {name.replace("_linf_", " linf "): count for name, count in changes.items()}
        own = security.of_results(
            stored("t", {name: first(count) for name, count in counts.items()}), {"a": ["t"]}, {"t": 0}
        )
        table = masking.signs(own, Outcomes([], {}))
        return set(table.loc[table["shown"], "sign"])

    assert told() == set()
    assert told(one_step_linf_2=60) == {ONE_STEP}
    assert told(one_step_linf_2=98) == set()
    assert told(steps_linf_8=140, one_step_linf_8=150) == {LARGER}
    assert told(steps_linf_8=101, one_step_linf_8=150) == set()
    assert told(steps_linf_255=15) == {WITHOUT}
    assert told(steps_linf_255=3) == set()


def test_a_network_that_rounds_its_input_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gradients are nothing, so that no step harms it, and Square does."""

    class Rounding(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, images: Tensor) -> Tensor:
            return self.inner(torch.round(images * 200) / 200)

    monkeypatch.setattr(autoattack, "ITERATIONS", 4)
    network, images, labels = linear()
    hidden = Pixels(Rounding(network.module), (0.5,), (0.25,), 0)
    balls = [Ball("linf", 3.0), Ball("linf", 255)]
    rows, more = [], []
    for ball in balls:
        found = gradient.withstood(hidden, images, labels, ball)
        assert ball.size == 255 or (found["steps"] == found["clean"]).mean() > 0.8
        rows.append(stored("t", {f"{attack} {ball.name}": right for attack, right in found.items()}))
    found = autoattack.withstood(hidden, images, labels, balls[0], queries=200)
    more.append(stored("t", {f"{attack} {balls[0].name}": right for attack, right in found.items()}))
    two = (security.of_results(pd.concat(each), {"a": ["t"]}, {"t": 0}) for each in (rows, more))
    table = masking.signs(*two)
    assert set(table.loc[table["shown"], "sign"]) == {WITHOUT, BLACK_BOX}
