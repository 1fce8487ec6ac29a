"""The section Sensitivity: there only where there is a scan, and what it says and draws."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.engine import measure
from app.shell.theme import get
from app.views.masks.charts import sensitivity as charts_of
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


@pytest.fixture(scope="module")
def scanned(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a scan of whole neurons, of which the classifier has none to lose."""
    folder = Path(shutil.copytree(tiny_study, tmp_path_factory.mktemp("scan") / "study"))
    source = folder / "study.toml"
    more = 'sensitivity = ["magnitude"]\nsensitivity_corruptions = ["brightness"]\nsensitivity_structure = "filter"\n'
    source.write_text(source.read_text().rstrip() + "\n" + more + "sensitivity_samples = 60\n")
    measure.run(Study.open(folder), only=["sensitivity"])
    return folder


def test_without_a_scan_it_is_not_offered(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch)
    assert "sensitivity" not in test.button_group(key="pick masks").options
    assert "Sensitivity" not in test.button_group(key="pick masks").options


def test_it_says_what_costs_most_and_what_is_not_known(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", scanned, monkeypatch, masks="sensitivity", cut="80", keep="50")
    said = text(test)
    assert not test.error
    assert charts(test) == 3
    assert "With 80 % of a layer's weights gone" in said
    assert "nothing is known of: fc3" in said
    assert 'finder = "manual"' in said
    assert 'structure = "filter"' in said


def test_a_budget_beyond_the_scan_is_refused_in_words(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", scanned, monkeypatch, masks="sensitivity", keep="3")
    assert "The scan goes no further than" in text(test)
    assert charts(test) == 2


def test_lines_follow_the_rows_and_long_names_are_cut() -> None:
    rows = pd.DataFrame(
        {
            "layers": ["a + b + c"] * 2 + ["x" * 40] * 2,
            "sparsity": [0.5, 0.9] * 2,
            "removed": [0.5, 0.9] * 2,
            "difference": [0.01, 0.2, 0.0, 0.1],
            "condition": ["Clean"] * 4,
        }
    )
    figure = charts_of.curves(rows, ["Clean"], ["a + b + c", "x" * 40], 0.9, get("light"))
    assert [list(trace.y) for trace in figure.data] == [[1.0, 20.0], [0.0, 10.0]]
    assert figure.data[0].name == "a + 2 more"
    assert len(figure.data[1].name) < 30
