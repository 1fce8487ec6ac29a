"""Pages of a packed study: they say what those of the study say, wherever the tables of it were packed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.commands import app as commands
from analysis.results.pack import pack
from app.shell.sections import of_page
from pruning.study.folder import Study
from tests import ROOT
from tests.app.views.test_pages import _fresh, charts, draw  # noqa: F401

SOURCE = ROOT / "sample_checkpoints" / "mnist5k-vit"
SWITCH = {"robustness": "section"}
PAGES = ("overview", "robustness", "samples", "masks", "dynamics", "geometry")
SAYS_THE_SAME = ["robustness", "samples", ("overview", "pareto"), ("overview", "descent"),
                 ("dynamics", "levels"), ("geometry", "layers"), ("geometry", "correlates")]  # fmt: skip
"""Pages, or pages and sections, whose tables hold no row an image and need neither masks nor weights."""
SECTIONS = [(page, section) for page in PAGES for section in of_page(page) or ("",)]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked sample."""
    with pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("packed") / "theirs.study.zip"
        pack(Study.open(SOURCE), file)
        patch.setenv("PRUNING_STUDIES", str(file))
        return file


@pytest.mark.parametrize(("page", "section"), SECTIONS)
def test_a_page_says_what_that_of_the_study_says(
    page: str, section: str, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = {SWITCH.get(page, page): section} if section else {}
    test = draw(page, packed, monkeypatch, **switch)
    assert not test.error
    said = [element.value for element in test.markdown if not element.value.startswith("<style")]
    assert not [each for each in said if "No ticket is chosen" in each or "not been measured" in each]
    if page in SAYS_THE_SAME or (page, section) in SAYS_THE_SAME:
        whole = draw(page, SOURCE, monkeypatch, **switch)
        headline = [element.value for element in whole.markdown if not element.value.startswith("<style")][2]
        assert headline in said or not charts(whole)


def test_what_was_measured_is_listed(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = [CliRunner().invoke(commands, ["list", str(each)]).output for each in (SOURCE, packed)]
    rows = [[line for line in each.splitlines() if line.startswith("│ conditions")] for each in listed]
    assert rows[0] == rows[1] != []
