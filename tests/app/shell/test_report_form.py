"""The button that writes a report: it gives a file, or says in a sentence why not."""

import shutil
from pathlib import Path

import pytest

from app import load
from app.shell import report_form
from app.shell.parameters import resolve
from pruning.errors import UserError


def test_a_page_as_it_is_becomes_a_file_and_a_study_that_is_gone_a_sentence(tiny_study: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "copy"))
    selection = resolve(load.open_study("copy", study), {}, "light")
    said: list[str] = []
    report_form._write(selection, False, tmp_path / "report.html", said.append)
    assert selection.study.title in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert said[-1].startswith("Wrote")
    shutil.rmtree(study)
    with pytest.raises(UserError, match=r"The report could not be written: .*copy"):
        report_form._write(selection, True, tmp_path / "other.html", said.append)
    assert not (tmp_path / "other.html").exists()
