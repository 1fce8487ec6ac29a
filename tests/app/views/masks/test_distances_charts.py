"""Masks over training: when they settle, and how a searched mask moves."""

from pathlib import Path

import numpy as np
import pytest

from analysis.comparisons import mask_distances
from app.shell import theme
from app.shell.theme import Style
from app.views.masks import training
from app.views.masks.charts import distances as charts
from app.views.masks.charts import swaps as swap_charts
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo

LIGHT = theme.get("light")
STYLE = Style("Jackpot", "#aa0000", "circle")


def path(steps: list[float]) -> np.ndarray:
    """Distances of masks that walk straight on by these steps."""
    places = np.concatenate([[0], np.cumsum(steps)])
    return np.abs(places[:, None] - places[None])


def entry(record: dict[str, list[float]], seed: int = 0) -> Entry:
    info = TicketInfo(shape=(1, 8, 8), classes=["0"], mean=[0], std=[1], record=record, layers={"l": (10, 100)})
    return Entry(Path("nowhere"), Recipe(model="lenet300", data="digits", finder="dense", seed=seed), info)


def test_masks_settle_when_the_newest_of_five_is_near_the_others() -> None:
    epochs = np.arange(8.0)
    # From epoch 2 on each step is 0.02: epochs 2 to 6 are the first five of which the last is within 0.1 of the others.
    table = path([0.4, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02])
    assert mask_distances.settled(epochs, table) == (2.0, 6.0)
    assert mask_distances.settled(epochs, path([0.4, *[0.026] * 6])) is None  # the fourth before is 0.104 away
    assert mask_distances.settled(epochs[:5], path([0.0] * 4)) is None  # the initialisation is none of the five


def test_the_initialisation_is_no_mask_of_the_five() -> None:
    assert mask_distances.settled(np.arange(6.0), path([0.0] * 5)) == (1.0, 5.0)


def test_distances_to_the_mask_before_the_four_before_and_the_last() -> None:
    epochs, table = np.arange(7.0), path([0.3, 0.1, 0.05, 0.04, 0.03, 0.02])
    rows = mask_distances.measures(epochs, table).set_index(["measure", "epoch"])["value"]
    assert rows["before", 2.0] == pytest.approx(0.1)
    assert rows["final", 2.0] == pytest.approx(0.14)
    assert rows["final", 6.0] == 0
    assert rows["farthest", 5.0] == pytest.approx(0.22)  # to epoch 1
    assert ("farthest", 4.0) not in rows.index


def test_intervals_are_over_seeds_that_noted_the_sparsity() -> None:
    tables = [path([0.3, 0.1, 0.05]), path([0.2, 0.1, 0.05])]
    entries = [
        entry({"masks/epoch": [0, 1, 2, 3], "mask distance 0.9/d": table.reshape(-1).tolist()}, seed)
        for seed, table in enumerate(tables)
    ]
    rows = mask_distances.over_seeds([*entries, entry({})], 0.9).set_index(["measure", "epoch"])
    assert rows.at[("before", 1.0), "mean"] == pytest.approx(0.25)
    assert rows.at[("before", 1.0), "n"] == 2
    text = training.verdict(entries, 0.9)
    assert "never settle" in text


def test_two_unrelated_masks_differ_where_just_one_keeps_a_weight() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 1_000_000)) < 0.1
    assert mask_distances.chance(0.9) == pytest.approx((one != other).mean(), abs=0.002)


def test_the_heat_map_frames_the_epochs_that_settled() -> None:
    epochs, table = np.arange(8.0), path([0.4, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02])
    figure = charts.heat(epochs, table, (2.0, 6.0), 0.1, LIGHT)
    np.testing.assert_allclose(figure.data[0].z, 100 * table)
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (1.5, 6.5, 1.5, 6.5)
    assert figure.data[1].contours.start == pytest.approx(10)
    assert len(charts.heat(epochs, table, None, 0.1, LIGHT).layout.shapes) == 0
    assert len(charts.heat(epochs, 0 * table, None, 0.1, LIGHT).data) == 1  # no line where nothing crosses the level


def test_the_lines_are_the_means_and_a_draw_is_marked() -> None:
    epochs, table = np.arange(7.0), path([0.3, 0.1, 0.05, 0.04, 0.03, 0.02])
    one = entry({"masks/epoch": epochs.tolist(), "mask distance 0.9/d": table.reshape(-1).tolist()})
    rows = mask_distances.over_seeds([one], 0.9)
    figure = charts.lines(
        rows, 0.1, mask_distances.chance(0.9), {5.0: Style("Early bird 90 %", "#00aa00", "star")}, LIGHT
    )
    for measure, name in charts.LINES.items():
        drawn = next(trace for trace in figure.data if trace.name == name)
        np.testing.assert_allclose(drawn.y, 100 * rows[rows["measure"] == measure].sort_values("epoch")["mean"])
    heights = sorted(shape.y0 for shape in figure.layout.shapes if shape.y0 == shape.y1)
    assert heights == pytest.approx([10, 18])
    assert any(shape.x0 == shape.x1 == 5 for shape in figure.layout.shapes)
    assert any("Early bird 90 % drawn" in note.text for note in figure.layout.annotations)


def test_the_verdict_says_when_masks_settle_and_when_that_says_little() -> None:
    epochs = [float(epoch) for epoch in range(8)]
    table = path([0.4, 0.3, 0.02, 0.02, 0.02, 0.02, 0.02]).reshape(-1).tolist()
    both = entry({"masks/epoch": epochs, "mask distance 0.9/d": table, "mask distance 0.95/d": table})
    assert "settle at epoch 6" in training.verdict([both], 0.9)
    assert "says little" not in training.verdict([both], 0.9)
    assert "says little" in training.verdict([both], 0.95)  # two unrelated masks are 0.095 apart


def swaps(carried: list[float], possible: list[float] | None = None, seed: int = 0) -> Entry:
    iterations = [10.0 * (place + 1) for place in range(len(carried))]
    return entry({"swaps/iteration": iterations, "swaps/carried": carried, "swaps/possible": possible or carried}, seed)


def test_swaps_an_iteration_are_a_share_of_the_weights_kept() -> None:
    rows = training.swapped({"j": [swaps([20, 10, 5], [40, 40, 40])]}, summed=False)
    carried = rows[rows["measure"] == "carried"].set_index("iteration")["mean"]
    assert carried.to_dict() == pytest.approx({10: 20.0, 20: 10.0, 30: 5.0})  # 20 in 10 iterations, of 10 weights kept
    possible = rows[rows["measure"] == "possible"].set_index("iteration")["mean"]
    assert possible.to_dict() == pytest.approx({10: 40.0, 20: 40.0, 30: 40.0})


def test_long_searches_are_summed_up_in_stretches_without_losing_a_swap() -> None:
    carried = [float(value) for value in np.random.default_rng(0).integers(0, 9, 137)]
    rows = training.swapped({"j": [swaps(carried)]}, summed=False)
    assert len(rows) == training.STRETCHES
    assert set(rows["measure"]) == {"carried"}  # where all are carried out, once is enough
    lengths = np.diff([0.0, *rows["iteration"]])
    assert (rows["mean"] * lengths).sum() == pytest.approx(100 / 10 * sum(carried))


def test_summed_up_swaps_end_at_their_total() -> None:
    rows = training.swapped({"j": [swaps([20, 10, 5], seed=0), swaps([22, 10, 5], seed=1)]}, summed=True)
    assert rows["mean"].tolist() == pytest.approx([210, 310, 360])
    assert rows["n"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("summed", [False, True])
def test_swaps_are_drawn_as_given(summed: bool) -> None:
    rows = training.swapped({"j": [swaps([20, 0, 5], [40, 40, 40])]}, summed)
    figure = swap_charts.swaps(rows, {"j": STYLE}, summed, LIGHT)
    drawn = [trace for trace in figure.data if trace.name == "Jackpot"]
    assert [trace.line.dash for trace in drawn] == ["dot", "solid"]
    expected = rows[rows["measure"] == "carried"]["mean"].to_numpy()
    np.testing.assert_allclose(drawn[1].y, expected if summed else np.where(expected > 0, expected, np.nan))
    assert figure.layout.yaxis.type == (None if summed else "log")


def test_two_searches_with_the_same_swaps_are_both_seen() -> None:
    rows = training.swapped({"j": [swaps([20, 5])], "k": [swaps([20, 5])]}, summed=True)
    figure = swap_charts.swaps(rows, {"j": STYLE, "k": Style("Other", "#0000aa", "circle")}, True, LIGHT)
    dashes = {trace.name: trace.line.dash for trace in figure.data if trace.name}
    assert dashes == {"Jackpot": "solid", "Other": "8px,8px"}
