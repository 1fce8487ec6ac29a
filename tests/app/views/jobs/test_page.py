"""What the page Jobs says of a study: counts that files decide."""

import shutil
from pathlib import Path

import pytest

from app import load
from app.views.jobs.page import counts, done
from tests import ROOT

SUPERNET = ROOT / "sample_checkpoints" / "digits-supernet"


def test_it_counts_files(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SUPERNET, tmp_path / "supernet"))
    study = load.open_study("supernet", folder)
    here = len(study.tickets)  # those of the second task are not counted, as they are not measured
    assert counts(study) == (here, here, here)
    lost = study.tickets["ticket_id"].iloc[0]
    (folder / "tickets" / f"{lost}.safetensors").unlink()
    study = load.open_study("supernet", folder)
    assert counts(study) == (here, here - 1, here - 1)
    shutil.rmtree(folder / "results")
    study = load.open_study("supernet", folder)
    assert counts(study) == (here, here - 1, 0)
    assert f"**{here - 1} of {here} tickets** are found, and **0** of these measured" in done(study, *counts(study))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((5, 5, 5), "**all 5 tickets** are found, and all of these measured."),
        ((5, 0, 0), "**0 of 5 tickets** are found."),
        ((0, 0, 0), "asks for no ticket yet."),
    ],
)
def test_it_says_what_is_done(numbers: tuple[int, int, int], said: str) -> None:
    assert said in done(load.open_study("supernet", SUPERNET), *numbers)
