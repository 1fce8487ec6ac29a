"""Error bars reach from the low to the high end."""

import numpy as np
import pandas as pd

from app.charts.error_bars import bars_of, error_bars
from app.charts.error_scale import height


def test_bars_are_distances_to_both_ends() -> None:
    bars = error_bars([1.0, 2.0], [0.5, np.nan], [3.0, np.nan], "#000000")
    np.testing.assert_equal(bars["array"], [2, np.nan])
    np.testing.assert_equal(bars["arrayminus"], [0.5, np.nan])
    assert np.array_equal(np.asarray(error_bars(1.0, 0.5, 3.0, "#000000")["array"]), [2])


def test_bars_of_columns_lie_on_the_axis() -> None:
    rows = pd.DataFrame({"accuracy": [0.9], "accuracy_low": [0.8], "accuracy_high": [0.95]})
    np.testing.assert_allclose(np.asarray(bars_of(rows, "accuracy", "#000000")["array"]), [5])
    np.testing.assert_allclose(
        np.asarray(bars_of(rows, "accuracy", "#000000", height)["arrayminus"]), height(0.9) - height(0.8)
    )
