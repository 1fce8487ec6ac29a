"""Lost images on the page Robustness: what the charts and the sentence say is what was counted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.lost_images import CAUSES, causes
from analysis.results.store import Results
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import lost as charts
from app.views.robustness.lost import answer
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

LIGHT = theme.get("light")
STYLES = {key: Style(f"Ticket {key}", "#336699", "circle") for key in "ab"}


@pytest.fixture(scope="module")
def table(tiny_study: Path) -> pd.DataFrame:
    study = Study.open(tiny_study)
    ids: dict[str, list[str]] = {"a": [], "b": []}
    for entry in study.entries():
        if entry.recipe.label in ("Dense", "Random 90 %"):
            ids["a" if entry.recipe.label == "Dense" else "b"].append(entry.id)
    return causes(Results(study.path).table("lost"), ids)


@pytest.fixture
def strongest(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["corruption"] == "gaussian_noise") & (table["severity"] == 3)]


def test_bars_add_up_to_the_images_lost(strongest: pd.DataFrame) -> None:
    figure = charts.by_cause(strongest, STYLES, LIGHT)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == [charts.NAMES[cause] for cause in CAUSES]
    lost = strongest.set_index("key").loc[list(STYLES), "lost"]
    np.testing.assert_allclose(np.sum([trace.x for trace in bars], axis=0), 100 * lost)
    assert [tuple(each) for each in bars[2].customdata] == [("a", "class"), ("b", "class")]


def test_the_map_shows_the_largest_cause(table: pd.DataFrame) -> None:
    rows, names = table[table["severity"] == 3], ["gaussian_noise", "brightness"]
    figure = charts.cause_map(rows, STYLES, names, "brightness", LIGHT)
    cells, *points = figure.data
    assert sorted(tuple(each) for trace in points for each in trace.customdata) == sorted(
        (row.key, row.corruption) for row in rows.itertuples() if row.corruption in names and row.lost > 0
    )
    for line, key in enumerate(STYLES):
        for place, corruption in enumerate(names):
            own = rows[(rows["key"] == key) & (rows["corruption"] == corruption)].iloc[0]
            shown = cells.z[line][place]
            assert np.isnan(shown) if own["lost"] == 0 else shown == int(np.argmax(own[list(CAUSES)].to_numpy(float)))


def test_the_sentence_names_the_worst_and_the_range(strongest: pd.DataFrame) -> None:
    said = answer(strongest, STYLES, "Gaussian noise", 3)
    worst = strongest.loc[strongest["lost"].idxmax()]
    assert f"Ticket {worst['key']} loses most, {100 * worst['lost']:.1f} %" in said
    assert answer(strongest.assign(lost=0.0), STYLES, "Fog", 1) == "No ticket loses an image under Fog 1."


def test_the_section_is_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="lost")
    assert "loses most" in text(test)
    assert not test.error
