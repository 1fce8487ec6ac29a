"""The dialog that builds selections, drawn alone: by a query, inverted, kept under a name, and used again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.comparisons.queried_images import ask, images_where
from analysis.results.selections import kept
from app.names import shown
from app.shell.codec import decode_samples
from app.shell.layout import plain
from pruning.study.folder import Study
from tests.app.selected.test_line import line, told
from tests.app.views.test_pages import _fresh, run_script  # noqa: F401

QUERY = "wrong for imp-90 under gaussian_noise 3 and right for dense under gaussian_noise 3"


@pytest.fixture(scope="module")
def study(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(tiny_study, tmp_path_factory.mktemp("selections") / "copy"))


def dialog(folder: Path, monkeypatch: pytest.MonkeyPatch, **link: str) -> AppTest:
    def script() -> None:
        from app.selected import builder
        from app.shell import navigation
        from app.shell.url import synchronise

        synchronise()
        selection = navigation.select()
        assert selection is not None
        builder.contents(selection)

    return run_script(script, folder, monkeypatch, link)


def press(test: AppTest, key: str) -> None:
    test.button(key=key).click().run()
    assert not test.exception


def parameter(test: AppTest, name: str) -> str:
    value = test.query_params.get(name, "")
    return value if isinstance(value, str) else value[0]


def said(test: AppTest) -> str:
    return " ".join(each.value for each in [*test.markdown, *test.warning, *test.html])


def test_from_a_query_to_a_selection_that_is_kept(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = images_where(Study.open(study), QUERY)
    images = len(ask(Study.open(study)).labels)
    test = dialog(study, monkeypatch, tickets="dense~imp-90", corruption="gaussian_noise", severity="3")
    press(test, "query-more")
    press(test, "query-more")
    assert parameter(test, "query") == QUERY
    assert f"**{len(found)}** of {images} test images fit" in said(test)
    press(test, "select-go")
    assert decode_samples(parameter(test, "samples")).tolist() == found.tolist()
    assert parameter(test, "samples-of") == QUERY

    test.text_input(key="keep-name").set_value("Lost *by* IMP/../x").run()
    press(test, "keep")
    (one,), _ = kept(study)
    assert (one.name, one.words, one.of) == ("Lost *by* IMP/../x", QUERY, images)
    assert one.file.parent == study / "selections"
    assert plain(shown(one.name)) in said(test)

    press(test, "select-invert")
    rest = np.setdiff1d(np.arange(images), found)
    assert decode_samples(parameter(test, "samples")).tolist() == rest.tolist()
    assert parameter(test, "samples-of") == f"all but ({QUERY})"

    test.text_input(key="query text").set_value("class 3 or 5").run()
    assert test.multiselect(key="query-0-classes").value == ["3", "5"]
    test.button_group(key="pick combine").set_value("intersect").run()
    press(test, "select-go")
    both = np.intersect1d(rest, images_where(Study.open(study), "class 3 or 5"))
    assert decode_samples(parameter(test, "samples")).tolist() == both.tolist()
    assert parameter(test, "samples-of").endswith(", and also class 3 or 5")

    test.button_group(key="pick combine").set_value("replace").run()
    press(test, "kept-0-go")
    assert decode_samples(parameter(test, "samples")).tolist() == found.tolist()
    press(test, "kept-0-gone")
    assert kept(study) == ([], [])
    press(test, "select-clear")
    assert not parameter(test, "samples")


def test_a_row_says_in_the_text_what_it_holds(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = dialog(study, monkeypatch, query="class 3 and margin of imp-90 at most 0.5")
    test.selectbox(key="query-1-condition").set_value(("gaussian_noise", 3)).run()
    test.number_input(key="query-1-low").set_value(-2.0).run()
    assert parameter(test, "query") == "class 3 and margin of imp-90 under gaussian_noise 3 between -2 and 0.5"
    test.selectbox(key="query-1-kind").set_value("predicted").run()
    test.multiselect(key="query-1-classes").set_value(["7", "1"]).run()
    assert parameter(test, "query") == "class 3 and predicted 7 or 1 by imp-90 under gaussian_noise 3"
    press(test, "query-0-gone")
    assert parameter(test, "query") == "predicted 7 or 1 by imp-90 under gaussian_noise 3"
    assert not test.exception


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("class 3 and", "The query ends after"),
        ('class "<script>"', "Unknown class"),
        ("class <script>", "The query has"),
        ("wrong for nobody-90 under fog 3", "Unknown ticket"),
        ("margin of imp-90 under gaussian_noise 2 at least 1", "test images fit"),
    ],
)
def test_a_link_with_another_query_ends_in_a_sentence(
    study: Path, monkeypatch: pytest.MonkeyPatch, query: str, sentence: str
) -> None:
    garbage = dict.fromkeys(["combine", "samples-of"], "<b>%00~")
    test = dialog(study, monkeypatch, query=query, samples="beNorAAAAcQBx", **garbage)
    assert "<b>%00" not in said(test)
    assert sentence in said(test).replace("\\", "")


def test_a_study_that_cannot_be_written_says_so(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (study / "selections").rmdir()
    (study / "selections").write_text("in the way")
    test = dialog(study, monkeypatch, samples="beNorAAAAcQBx")
    test.text_input(key="keep-name").set_value("a").run()
    press(test, "keep")
    (study / "selections").unlink()
    assert "nothing was changed" in said(test)


def test_where_networks_make_images_there_is_nothing_to_open(
    generative_study: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = line("overview", generative_study("vae"), monkeypatch)
    assert not told(test)
    assert all(button.key != "select-images-open" for button in test.button)
