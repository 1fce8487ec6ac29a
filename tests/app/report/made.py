"""A report of a study whose names try to be more than text."""

import json
import shutil
from pathlib import Path

import pytest

from app.report.drawing import View
from app.report.write import write
from pruning.study.folder import Study
from pruning.ticket import Ticket
from tests.conftest import shared

HOSTILE = "</script><script>window.hacked = 1</script><img src=http://evil.example/a.png onerror=window.hacked=2>"
VIEWS = ("overview", "geometry?geometry=features", "masks/", "overview?overview=story")


def hostile_study(tiny_study: Path, folder: Path) -> Path:
    """A copy of the measured study, with these as title, description, a method's name and names of classes."""
    shutil.copytree(tiny_study, folder)
    file = folder / "study.toml"
    lines = file.read_text().splitlines()
    for place, line in enumerate(lines):
        if line.startswith(("title", "description")):
            lines[place] = f"{line.split('=')[0]}= {json.dumps('A title ' + HOSTILE)}"
    file.write_text(
        "\n".join(lines).replace('criterion = "random"', f'criterion = "random"\nname = {json.dumps(HOSTILE)}')
    )
    for path in (folder / "tickets").iterdir():
        ticket = Ticket.load(path)
        ticket.info.classes = [f"{HOSTILE}{name}" for name in ticket.info.classes]
        ticket.save(path)
    Study.open(folder)
    return folder


def report(tiny_study: Path, factory: pytest.TempPathFactory) -> Path:
    """The report's file, made once for all tests."""

    def make(folder: Path) -> None:
        study = hostile_study(tiny_study, folder)
        write(study, study / "report.html", [View.read(link, {}) for link in VIEWS])

    return shared(factory, "report", make) / "report.html"
