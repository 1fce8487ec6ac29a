"""A study of one ticket, as an import leaves it: every section is drawn or says what is missing."""

import shutil
from pathlib import Path

import pytest

from app.shell.pages import in_order
from app.shell.sections import of_page
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

PARAMETERS = {"geometry": "geometry", "robustness": "section", "masks": "masks", "dynamics": "dynamics"}
VIEWS = [
    (page.name, PARAMETERS[page.name], section)
    for page in in_order()
    if page.name in PARAMETERS
    for section in of_page(page.name)
]


@pytest.fixture(scope="module")
def few(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study with the dense ticket of seed 0 alone."""
    folder = Path(shutil.copytree(tiny_study, tmp_path_factory.mktemp("few") / "few"))
    entries = [entry for entry in Study.open(folder).entries() if entry.recipe.seed == 0]
    stay = {entry.id for entry in sorted(entries, key=lambda entry: not entry.recipe.is_dense)[:1]}
    for file in [*(folder / "tickets").iterdir(), *(folder / "results").glob("*/*")]:
        if file.stem not in stay:
            file.unlink()
    return folder


@pytest.mark.parametrize(("page", "parameter", "section"), VIEWS)
def test_every_section_is_drawn_or_says_why_not(
    few: Path, page: str, parameter: str, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, few, monkeypatch, **{parameter: section})
    assert not test.error, text(test)
