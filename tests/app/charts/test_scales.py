"""Axes for objectives of any kind."""

import pytest

from analysis.comparisons.costs import OBJECTIVES
from app.charts.scales import scale


@pytest.mark.parametrize("name", list(OBJECTIVES))
@pytest.mark.parametrize("values", [[0.3, 0.6, 0.93], [0.5, 0.5], [0.0, 1.0]])
def test_every_axis_has_its_values_in_sight_and_true_ticks(name: str, values: list[float]) -> None:
    objective = OBJECTIVES[name]
    values = values if objective.unit == "share" else [40 + 5e6 * value for value in values]
    axis = scale(objective, values)
    assert axis.span[0] < axis.span[1]
    assert ((axis.within(values) > 0) & (axis.within(values) < 1)).all()
    assert len(axis.ticks) >= 2
    assert len(axis.texts) == len(axis.ticks)
    assert ((axis.within(axis.ticks) >= 0) & (axis.within(axis.ticks) <= 1)).all()
    if objective.unit == "share":
        assert [float(text.removesuffix(" %")) for text in axis.texts] == pytest.approx([100 * t for t in axis.ticks])
