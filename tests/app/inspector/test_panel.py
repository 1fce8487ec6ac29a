"""The inspector drawn by Streamlit without a browser: what it says, and where its keys lead."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.inspector.order import Order, step
from app.shell.codec import encode_samples
from tests.app.views.test_pages import _fresh, run_script, text  # noqa: F401


def inspected(folder: Path, monkeypatch: pytest.MonkeyPatch, **link: str) -> AppTest:
    """The inspector alone."""

    def script() -> None:
        from app.inspector import panel
        from app.shell import navigation
        from app.shell.guard import guard
        from app.shell.url import synchronise

        synchronise()
        selection = navigation.select()
        assert selection is not None
        guard(panel.show, selection)

    return run_script(script, folder, monkeypatch, link)


def written(test: AppTest) -> str:
    """The HTML of its parts."""
    return "".join(part.proto.json for part in parts(test))


def parts(test: AppTest) -> list[Any]:
    return list(test.get("bidi_component"))


def test_it_is_closed_until_an_image_is_asked_for(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = inspected(tiny_study, monkeypatch)
    assert not test.exception
    assert "take it for" not in written(test)


def test_an_image_beside_the_page(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = inspected(
        tiny_study, monkeypatch, inspect="9", corruption="brightness", severity="3", tickets="dense~imp-90"
    )
    assert not test.exception, test.exception
    said = written(test)
    assert "Image 9" in said
    assert "Brightness 3" in said
    assert "IMP 90 %" in said
    assert "of its class" in said
    assert len(test.get("plotly_chart")) == 1


def test_without_a_condition_it_takes_the_one_that_tickets_mind_most(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = written(inspected(tiny_study, monkeypatch, inspect="9", tickets="imp-90"))
    assert "Difference" in said


@pytest.mark.parametrize("image", ["100000", "99999999999", "<b>"])
def test_an_image_that_is_not_there(image: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = inspected(tiny_study, monkeypatch, inspect=image)
    assert not test.exception
    assert ("no image 100000" in written(test)) == (image == "100000")
    assert " disabled" not in written(test)  # there are images to go to


def test_without_the_images_it_shows_what_the_results_hold(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "far"))
    file = study / "study.toml"
    monkeypatch.setenv("PRUNING_DATA", str(tmp_path / "nowhere"))
    file.write_text(file.read_text().replace('data = "digits"', 'data = "cifar10"'))
    test = inspected(study, monkeypatch, inspect="9", corruption="brightness", severity="3", tickets="dense~imp-90")
    assert not test.exception
    assert not test.error
    assert "Image 9" in written(test)
    assert "Brightness 3" in written(test)


def test_it_says_where_the_image_stands_in_the_selection(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = encode_samples(np.array([4, 9, 30]))
    assert "2 of 3 selected" in written(inspected(tiny_study, monkeypatch, inspect="9", samples=marked))
    assert "Not among the 3" in written(inspected(tiny_study, monkeypatch, inspect="10", samples=marked))


def test_steps_go_round_the_selection() -> None:
    order, everything = Order(np.array([4, 9, 30])), Order(np.array([], int))
    assert [step(each, order, True) for each in (4, 9, 30, 10, 50)] == [9, 30, 4, 30, 4]
    assert [step(each, order, False) for each in (4, 9, 30, 10, 0)] == [30, 4, 9, 9, 30]
    assert step(0, everything, False) == 0
    assert step(7, everything, True) == 8
    ten = Order(np.array([], int), count=10)
    assert [step(each, ten, True) for each in (8, 9, 10, 5000)] == [9, 0, 0, 0]
    assert [step(each, ten, False) for each in (1, 0, 10, 5000)] == [0, 9, 9, 9]


def test_steps_follow_the_order_of_a_page() -> None:
    order = Order(np.array([30, 4, 9]), of_page=True)
    assert [step(each, order, True) for each in (30, 4, 9, 10)] == [4, 9, 30, 30]
    assert [step(each, order, False) for each in (30, 4, 9, 10)] == [9, 30, 4, 9]
