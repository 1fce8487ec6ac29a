"""Pictures of a study whose own data are not here: a stand-in, the offer to fetch one, and what becomes of it."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import load
from app.pictures import study_images
from app.pictures.offer import progress_text
from pruning.data import fetching, load_data
from pruning.data.fetching import Downloaded, Offer
from pruning.errors import UserError
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

SAMPLES = 359


def moved(study: Path, folder: Path, *lines: str, rows: list[int] | None = None) -> Path:
    """A copy of the study whose data are not on this machine, with more lines at the head of its file."""
    copy = Path(shutil.copytree(study, folder / "moved"))
    file = copy / "study.toml"
    said = file.read_text().replace('data = "digits"', 'data = "folder:/nowhere/at-all"')
    file.write_text("\n".join([*lines, said]))
    if rows is not None:
        (copy / study_images.STAND_IN).write_text(json.dumps(rows))
    return copy


def test_another_data_set_stands_in(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = moved(tiny_study, tmp_path, 'pictures = "digits"', rows=list(range(SAMPLES)))
    test = draw("samples", copy, monkeypatch)
    assert "The pictures are the test images of digits" in text(test)
    assert charts(test) == 2  # of the predictions, and the histogram of a measure
    found = study_images.pictures(load.open_study("moved", copy))
    assert found is not None
    np.testing.assert_array_equal(found.images.numpy(), load_data("digits").test.images.numpy())


def test_rows_say_which_image_is_which_sample(tiny_study: Path, tmp_path: Path) -> None:
    found = study_images.pictures(
        load.open_study("moved", moved(tiny_study, tmp_path, 'pictures = "digits"', rows=[7, 3]))
    )
    test = load_data("digits").test
    assert found is not None
    np.testing.assert_array_equal(found.images.numpy(), test.images[[7, 3]].numpy())
    assert found.labels.tolist() == test.labels[[7, 3]].tolist()


def test_a_stand_in_of_other_images_is_not_shown(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = moved(tiny_study, tmp_path, 'pictures = "digits"', rows=list(range(SAMPLES))[::-1])
    assert "are not those that were measured" in text(draw("samples", copy, monkeypatch))


@pytest.mark.parametrize("said", ["[1, 9999]", "[-1]", "{}", "[0.5]", "nonsense", "[[1], [2, 3]]"])
def test_a_list_that_does_not_fit_is_one_sentence(
    said: str, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = moved(tiny_study, tmp_path, 'pictures = "digits"', rows=[])
    (copy / study_images.STAND_IN).write_text(said)
    monkeypatch.setattr(load, "Results", None)  # no results are asked
    with pytest.raises(UserError, match=r"pictures\.json"):
        study_images.pictures(load.StudyView("moved", copy, Study.open(copy).config, 0, pd.DataFrame(), (), ""))


def test_without_any_pictures_the_pages_say_so(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = moved(tiny_study, tmp_path)
    for page in ("samples", "gallery"):
        test = draw(page, copy, monkeypatch)
        assert "The pictures are not on this machine: the study's data are folder:/nowhere/at-all." in text(test)
        assert not test.error


def far(study: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Samples of a study whose pictures CIFAR-10 has, which is not here."""
    monkeypatch.setenv("PRUNING_DATA", str(folder / "data"))
    return draw("samples", moved(study, folder, 'pictures = "cifar10"', rows=list(range(SAMPLES))), monkeypatch)


def process(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(fetching, "command", lambda offer, folder: [sys.executable, "-S", "-c", script, str(folder)])


def test_nothing_is_fetched_before_it_was_said_what(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = far(tiny_study, tmp_path, monkeypatch)
    process(monkeypatch, "import sys; sys.stdin.read()")
    test.button(key="fetch-ask").click().run()
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in text(test)
    for fact in ("from www.cs.toronto.edu", "MB. On the disk it takes 186 MB", str(tmp_path / "data")):
        assert fact in text(test)
    assert not (tmp_path / "data").exists()
    test.button(key="fetch-leave").click().run()
    assert test.button(key="fetch-ask")
    assert fetching.started(Offer.of("cifar10")) is None


def test_a_download_is_shown_and_stopped(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = far(tiny_study, tmp_path, monkeypatch)
    process(monkeypatch, "import sys; sys.stdin.read()")
    test.button(key="fetch-ask").click().run()
    test.button(key="fetch-begin").click().run()
    assert "Fetching cifar10" in text(test)
    assert charts(test) == 2  # the page is there meanwhile
    test.button(key="fetch-stop").click().run()
    assert not test.exception
    assert list((tmp_path / "data").iterdir()) == []
    assert fetching.started(Offer.of("cifar10")) is None


def test_a_failure_is_one_sentence_and_can_be_tried_again(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = far(tiny_study, tmp_path, monkeypatch)
    process(monkeypatch, "print('The network is down; check it.'); raise SystemExit(1)")
    running = fetching.start(Offer.of("cifar10"))
    running.process.wait(60)
    test.run()
    assert [warning.value for warning in test.warning] == ["The network is down; check it."]
    test.button(key="fetch-ask").click().run()
    assert not test.warning
    assert test.button(key="fetch-begin")


def test_the_time_left_is_in_words() -> None:
    offer = Offer("cifar10", (), 170.5, 186.2, Path("data"))
    assert progress_text(offer, Downloaded(0.0, 0.0, None)) == "0.0 of 170 MB"
    assert progress_text(offer, Downloaded(85.25, 0.5, 30.4)) == "85.2 of 170 MB, about 30 s left"
    assert progress_text(offer, Downloaded(10, 0.1, 600)) == "10.0 of 170 MB, about 10 min left"
    assert "checked and unpacked" in progress_text(offer, Downloaded(170.5, 1.0, None))
