"""Tickets that go while the app is open, before a page is drawn or while it is: a sentence or a right page."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.shell import navigation
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

VIEWS = [("overview", {}), ("masks", {"masks": "many"}), ("samples", {})]


def delete(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.fixture
def study(tiny_study: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_study, tmp_path / "study"))


def victims(study: Path) -> list[Path]:
    """The tickets of the dense network, the baseline, and another's."""
    entries = Study.open(study).entries()
    return [entry.path for entry in entries if entry.recipe.is_dense] + [entries[-1].path]


def sound(test: AppTest) -> None:
    assert not test.exception
    assert not test.error
    assert "Traceback" not in text(test)


@pytest.mark.parametrize("harm", [delete])
@pytest.mark.parametrize(("page", "view"), VIEWS)
def test_between_two_clicks(
    page: str, view: dict[str, str], harm: Callable[[Path], None], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, study, monkeypatch, **view)
    for path in victims(study):
        harm(path)
    test.run()
    sound(test)


@pytest.mark.parametrize("harm", [delete, cut])
@pytest.mark.parametrize(("page", "view"), VIEWS)
def test_while_a_page_is_drawn(
    page: str, view: dict[str, str], harm: Callable[[Path], None], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = navigation.select

    def harmed() -> object:
        selection = select()
        for path in victims(study):
            harm(path)
        return selection

    monkeypatch.setattr(navigation, "select", harmed)
    sound(draw(page, study, monkeypatch, **view))
