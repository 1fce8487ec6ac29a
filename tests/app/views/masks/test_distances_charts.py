"""The charts of mask evolution: when masks settle, and how a searched mask moves."""

import numpy as np
import pytest

from analysis.comparisons import mask_distances, swaps
from analysis.comparisons.swaps import swap_rates
from app.shell import theme
from app.shell.theme import Style
from app.views.masks import training
from app.views.masks.charts import distances as charts
from app.views.masks.charts import swaps as swap_charts
from tests.analysis.comparisons.test_mask_distances import entry, path
from tests.analysis.comparisons.test_swaps import entry as noted

LIGHT = theme.get("light")
STYLE = Style("Jackpot", "#aa0000", "circle")


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
    assert "settle at epoch 6" in training.verdict(mask_distances.settling([both], 0.9), 0.9)
    assert "says little" not in training.verdict(mask_distances.settling([both], 0.9), 0.9)
    assert "says little" in training.verdict(mask_distances.settling([both], 0.95), 0.95)


@pytest.mark.parametrize("summed", [False, True])
def test_swaps_are_drawn_as_given(summed: bool) -> None:
    rows = swap_rates({"j": [noted([20, 0, 5], [40, 40, 40])]}, summed)
    figure = swap_charts.swaps(rows, {"j": STYLE}, summed, LIGHT)
    drawn = [trace for trace in figure.data if trace.name == "Jackpot"]
    assert [trace.line.dash for trace in drawn] == ["dot", "solid"]
    expected = rows[rows["measure"] == "carried"]["mean"].to_numpy()
    np.testing.assert_allclose(drawn[1].y, expected if summed else np.where(expected > 0, expected, np.nan))
    assert figure.layout.yaxis.type == (None if summed else "log")


def test_two_searches_with_the_same_swaps_are_both_seen() -> None:
    rows = swap_rates({"j": [noted([20, 5])], "k": [noted([20, 5])]}, summed=True)
    figure = swap_charts.swaps(rows, {"j": STYLE, "k": Style("Other", "#0000aa", "circle")}, True, LIGHT)
    dashes = {trace.name: trace.line.dash for trace in figure.data if trace.name}
    assert dashes == {"Jackpot": "solid", "Other": "8px,8px"}


def test_the_sentence_on_swaps_says_how_many_were_late() -> None:
    found = swaps.in_all({"j": [noted([20.0] + 8 * [5.0] + [15.0]), noted([35.0] + 8 * [5.0] + [25.0], seed=1)]})
    said = training.moved(found, {"j": "Jackpot 90 %"})
    assert "**Jackpot 90 %** by **875 %** of the weights that it keeps" in said
    assert "**22 %** of that (0.0 to 54.3) in the last tenth" in said
    assert "means of 2 seeds" in said
    alone = training.moved(swaps.in_all({"j": [noted([20.0])]}), {"j": "Jackpot 90 %"})
    assert "one seed, so no intervals" in alone
