"""No column is given away without a word on what it means."""

import inspect
import re
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest

from app.shell import folds, layout
from app.shell.columns import described
from tests.app.views.test_pages import _fresh, draw  # noqa: F401


@pytest.mark.parametrize(
    "address",
    [
        "overview",
        "overview?overview=story",
        "overview?overview=pareto&up=macs&across=time",
        "masks",
        "geometry",
        "geometry?geometry=layers",
        "geometry?geometry=similarity",
        "geometry?geometry=correlates",
        "robustness",
        "robustness?section=calibration",
        "robustness?section=classes",
        "robustness?section=lost",
        "robustness?section=lost&lost-against=baseline",
        "samples",
    ],
)
def test_every_column_of_a_page_has_a_meaning(address: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(address, tiny_study, monkeypatch)


def every_column_has_a_meaning(address: str, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a page of a study with what it folds, and look at all that it gives away: meanings, units, pictures."""
    found: dict[str, tuple[pd.DataFrame, dict[str, str]]] = {}
    header, asked = layout.header, inspect.signature(layout.header)

    def watched(*given: object, **options: object) -> None:
        call = asked.bind(*given, **options)
        call.apply_defaults()
        said = call.arguments
        frame = said["data"]() if callable(said["data"]) else said["data"]
        meanings = described(frame, *(said[name] for name in ("meanings", "columns", "percent", "shown")))
        found[said["key"]] = frame.rename(columns=str), meanings
        header(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(layout, "header", watched)
    monkeypatch.setattr(folds, "whole", lambda: True)
    page, _, query = address.partition("?")
    draw(page, study, monkeypatch, **dict(parse_qsl(query)))
    assert found
    for key, (frame, meanings) in found.items():
        assert set(frame) == set(meanings), key
        for name, meaning in meanings.items():
            assert unit_is_true(frame[name], meaning), (key, name, meaning)


def unit_is_true(values: pd.Series, meaning: str) -> bool:
    """Whether numbers can be of the unit that a meaning states: a share is 1 at most, some per cent are more.

    Pictures are of no unit.
    """
    if not pd.api.types.is_numeric_dtype(values):
        return not values.astype(str).str.startswith("data:image").any()
    if pd.api.types.is_bool_dtype(values):
        return True
    sizes = values.abs()[values.notna() & (values != 0) & np.isfinite(values)]
    hundredths = re.search(r"[([](%|points)|in points|^Points", meaning) is not None
    return not len(sizes) or bool(sizes.max() > 1 if hundredths else sizes.max() <= 1 or "[fraction]" not in meaning)


@pytest.mark.parametrize(
    ("value", "meaning", "true"),
    [
        (0.6, "probability [%]", False),
        (62.0, "probability [%]", True),
        (62.0, "probability [fraction]", False),
        (0.04, "Points", False),
        (0.04, "Shows. The difference in points.", False),
        (-3.0, "Change (points)", True),
        (0.0, "share [%]", True),
        (7.0, "images", True),
    ],
)
def test_a_unit_that_is_wrong_by_a_hundred_is_seen(value: float, meaning: str, true: bool) -> None:
    assert unit_is_true(pd.Series([value, np.nan]), meaning) is true


def test_headings_count_for_what_is_as_in_the_table() -> None:
    shown = pd.DataFrame({"difference": ["+4.0"], "sparsity": [98.4], "accuracy": [97.5]})
    given = pd.DataFrame({"difference": [0.04], "sparsity": [0.984], "accuracy": [97.5]}, index=[3])
    config = {"difference": "Points", "accuracy": {"label": "Accuracy", "type_config": {"format": "%.1f %%"}}}
    assert described(given, None, config, True, shown) == {
        "difference": "the difference of the two, in the unit of the values",
        "sparsity": "share of the prunable weights that is removed [fraction]",
        "accuracy": "Accuracy (%)",
    }
