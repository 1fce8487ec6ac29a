"""One mask that cannot be read does not take the page Masks down."""

import shutil
from pathlib import Path

import pytest

from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


@pytest.mark.parametrize(("section", "count"), [("pairs", 4), ("many", 2)])
def test_a_ticket_with_damaged_tensors_is_named_and_left_out(
    section: str, count: int, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "damaged"))
    entry = next(entry for entry in Study.open(folder).entries() if entry.recipe.label == "Magnitude 90 %")
    entry.path.write_bytes(entry.path.read_bytes()[:-64])  # its header can still be read
    test = draw("masks", folder, monkeypatch, masks=section)
    assert charts(test) == count
    assert entry.path.name in text(test)
    assert not test.error


def test_two_that_can_be_read_are_needed(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "damaged"))
    entry = next(entry for entry in Study.open(folder).entries() if entry.recipe.label == "Magnitude 90 %")
    entry.path.write_bytes(entry.path.read_bytes()[:-64])
    test = draw("masks", folder, monkeypatch, tickets="imp-90~magnitude-90")
    assert "Two tickets are needed" in text(test)
    assert entry.path.name in text(test)
