"""A report as a file."""

import re
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.results.pack import pack
from app.load import StudyView
from app.report import drawing, tables
from app.report import write as writing
from app.report.drawing import View
from app.report.origin import commands
from app.report.write import write
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.folder import Study
from pruning.study.opened import opened_folder
from tests.app.report.made import HOSTILE, report
from tests.app.report.test_markup import Read


@pytest.fixture(scope="module")
def html(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(tiny_study, tmp_path_factory).read_text()


def test_names_stay_text_and_nothing_leads_out_of_the_file(html: str) -> None:
    assert html.count("evil.example") > 3  # it is shown
    found = Read(html).found
    assert [tag for tag, _ in found].count("script") == 3  # plotly, the charts, what draws them
    for tag, attributes in found:
        assert tag not in ("iframe", "object", "embed", "form", "base")
        for name, value in attributes:
            assert not name.startswith("on")
            assert name not in ("src", "href") or str(value).startswith(("data:", "#"))
    assert "default-src 'none'" in html


def test_what_it_says(html: str, tiny_study: Path) -> None:
    headings = [(int(level), unescape(text)) for level, text in re.findall(r"<h(\d)[^>]*>(.*?)</h\d>", html)]
    assert headings[0] == (1, f"A title {HOSTILE}") or headings[0][1].startswith("A title")
    assert [text for level, text in headings if level == 2] == [
        "Overview", "Geometry", "Masks", "Recipes", "Made again", "Study file", "Versions",
    ]  # fmt: skip
    assert all(after - before <= 2 for (before, _), (after, _) in pairwise(headings))
    assert (3, "Provenance") in headings
    assert (4, "Accuracy against sparsity") in headings
    assert "can tell" in html or "cannot tell" in html
    for entry in Study.open(tiny_study).entries():
        assert entry.id in html
    assert "python -m pruning run" in html
    assert "analysis report" in html
    assert "torch</dt><dd>" in html
    assert re.search(r"<th scope=\"col\">Accuracy</th>", html)
    assert html.count("data-chart=") >= 6


def test_a_table_has_the_decimals_of_the_page() -> None:
    frame = pd.DataFrame({"a": [0.123, None], "b": ["<x>", "y"], "hidden": [1, 2], "c": [True, False]})
    config = (
        '{"a": {"label": "A (%)", "type_config": {"type": "number", "format": "%.1f %%"}}, "hidden": {"hidden": true}}'
    )
    made = tables.to_html(frame, config, [], "Both")
    assert re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", made) == [
        "A (%)", "b", "c", "0.1 %", "&lt;x&gt;", "yes", "", "y", "no",
    ]  # fmt: skip
    assert "200 of 300 rows" in tables.to_html(pd.DataFrame({"n": range(300)}), "", [], "Many")


def test_one_method_and_one_seed_are_singular() -> None:
    assert writing._counted(["imp"], [0]) == "1 method, seed 0"
    assert writing._counted(["imp", "dense"], [0, 2]) == "2 methods, seeds 0, 2"


def test_a_study_without_tickets_says_so(tmp_path: Path, tiny_study: Path) -> None:
    (tmp_path / "study.toml").write_text((tiny_study / "study.toml").read_text())
    with pytest.raises(UserError, match="no tickets yet"):
        write(tmp_path, tmp_path / "out.html")
    assert not (tmp_path / "out.html").exists()


def test_a_view_that_fails_is_left_out_and_named(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(view: View, *arguments: Any) -> AppTest:
        if view.page == "masks":
            raise RuntimeError("masks: a mistake of ours")
        return drawing.draw(view, *arguments)

    monkeypatch.setattr(writing, "draw", draw)
    views = [View("masks"), View("overview", {"overview": "story"})]
    written = write(tiny_study, tmp_path / "out.html", views)
    assert (written.views, written.left_out) == (1, ("Masks",))
    assert "Masks: nothing of them is measured, they need a browser, or they could not be drawn" in (
        written.path.read_text()
    )


def test_the_commands_say_the_link_and_where_a_packed_study_came_from(tiny_study: Path, tmp_path: Path) -> None:
    own = commands(Study.open(tiny_study), [], [], "r.html", {"tickets": "dense~imp-90"})
    assert "--out r.html --link '?tickets=dense~imp-90'" in own
    assert f"python -m pruning run {tiny_study}" in own
    file = tmp_path / "theirs.study.zip"
    pack(Study.open(tiny_study), file)
    told = commands(Study.open(file), [View("masks")], [View("masks")], "r.html", {"seed": "1"})
    assert f"python -m analysis report {file} --out r.html --view masks\n" in told
    assert f"python -m app {file}\n" in told
    assert "is only read here" in told
    assert " run " not in told
    assert str(opened_folder()) not in told


def test_commands_on_its_pages_are_for_others(monkeypatch: pytest.MonkeyPatch, view: StudyView) -> None:
    monkeypatch.setattr(writing, "draw", lambda *given: typed("analysis", "run", "STUDY"))
    assert writing._drawn(View("masks"), view, "light") == "python -m analysis run STUDY"


def test_a_link_says_which_view() -> None:
    view = View.read("http://127.0.0.1:8501/masks?masks=pairs&tickets=dense~imp-90", {"tickets": "dense", "seed": "1"})
    assert view == View("masks", {"masks": "pairs", "tickets": "dense~imp-90", "seed": "1"})
    assert View.read(view.link, {}) == view
    with pytest.raises(UserError, match="nowhere"):
        View.read("nowhere?a=b", {})
