"""A command says how far it is in the file that the environment names, and nowhere where it names none."""

import json
import time
from pathlib import Path

import pytest

from pruning.cli import progress_file
from pruning.cli.progress_bar import ProgressBar
from pruning.cli.run_display import RunDisplay
from pruning.study.folder import Study


@pytest.mark.parametrize("of_a_run", [True, False])
def test_how_far_it_is_and_how_long_still(
    of_a_run: bool, found_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "progress.json"
    monkeypatch.setenv(progress_file.VARIABLE, str(place))
    monkeypatch.setattr(progress_file, "EVERY", 0)
    display = RunDisplay(Study.open(found_study)) if of_a_run else ProgressBar("measuring")
    with display:
        display.tell(0.0, "begins")
        assert json.loads(place.read_text())["left"] is None
        began = time.time()
        time.sleep(0.1)
        display.tell(0.25, "IMP 90 %")
        said = json.loads(place.read_text())
        assert (said["fraction"], said["text"]) == (0.25, "IMP 90 %")
        # three times as long as it took until now
        assert 0.3 <= said["left"] <= 3 * (time.time() - began) + 3
        display.tell(1.0, "done")
        assert json.loads(place.read_text())["left"] == 0
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]


def test_a_file_that_cannot_be_written_stops_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(progress_file.VARIABLE, str(tmp_path / "gone" / "progress.json"))
    with ProgressBar("measuring") as display:
        display.tell(1.0, "done")
    monkeypatch.delenv(progress_file.VARIABLE)
    monkeypatch.chdir(tmp_path)
    with ProgressBar("measuring") as display:
        display.tell(1.0, "done")
    assert not list(tmp_path.iterdir())
