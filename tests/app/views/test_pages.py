"""Pages drawn by Streamlit without a browser, on a small study and on what is broken."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.metrics.overlap_metrics import METRICS, OverlapMetric
from app.shell.pages import in_order
from pruning.study.commands import typed
from pruning.study.folder import Study
from tests import ROOT

MAIN = ROOT / "app" / "main.py"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # where there are neither shipped studies nor those of whoever runs the tests
    monkeypatch.setenv("PRUNING_STUDIES", "")
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def run_script(
    script: Callable[..., None],
    folder: Path | None,
    monkeypatch: pytest.MonkeyPatch,
    link: Mapping[str, str],
    **arguments: str,
) -> AppTest:
    """A script, run once on a study with the parameters of a link; it draws a page, or a part of one."""
    if folder is not None:
        monkeypatch.setenv("PRUNING_STUDIES", str(folder))
    test = AppTest.from_function(script, kwargs=arguments, default_timeout=60)
    for name, value in link.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def draw(page: str, folder: Path | None, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> AppTest:
    """The page, drawn once."""

    def script(page: str) -> None:
        from app.shell import navigation
        from app.shell.pages import PAGES
        from app.shell.url import synchronise

        synchronise()
        navigation.show(PAGES[page], navigation.select())

    return run_script(script, folder, monkeypatch, parameters, page=page)


def text(test: AppTest) -> str:
    """Everything that is written on the page."""
    written = [str(element.value) for element in [*test.markdown, *test.caption, *test.error, *test.code]]
    written += [folded.label for folded in test.expander]
    return "\n".join([*written, *(element.proto.body for element in test.get("html"))])


def charts(test: AppTest) -> int:
    return len(test.get("plotly_chart"))


def test_the_overview_of_a_study(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch)
    assert "A tiny study" in text(test)
    assert charts(test) == 6
    table = test.dataframe[0].value
    assert table["ticket"].tolist() == ["Dense", "Random 90 %", "Magnitude 90 %", "IMP 90 %", "IMP shuffled 90 %"]
    assert table["seeds"].tolist() == [2] * 5
    assert table["accuracy"].between(0, 100).all()
    assert not test.error


def test_the_table_follows_the_tickets_of_the_link(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, tickets="imp-50~imp-90")
    assert test.dataframe[0].value["ticket"].tolist() == ["IMP 50 %", "IMP 90 %"]


def test_the_masks_of_a_study(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, a="imp-90", b="magnitude-90", view="over")
    assert charts(test) == 4
    assert not test.error
    assert test.selectbox(key="pick a").value == "imp-90"
    assert test.selectbox(key="pick b").value == "magnitude-90"


def test_the_masks_open_on_what_lies_beyond_chance_without_the_dense_network(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("masks", tiny_study, monkeypatch)
    assert test.button_group(key="pick metric").value == "adjusted"
    chart = json.loads(test.get("plotly_chart")[0].proto.spec)
    assert chart["layout"]["yaxis"]["ticktext"] == ["Random 90 %", "Magnitude 90 %", "IMP 90 %", "IMP shuffled 90 %"]
    # with the dense network and one more there is but that pair
    test = draw("masks", tiny_study, monkeypatch, tickets="dense~imp-90")
    assert "Dense" in json.loads(test.get("plotly_chart")[0].proto.spec)["layout"]["yaxis"]["ticktext"]


@pytest.mark.parametrize("page", [page.name for page in in_order()])
def test_every_page_has_one_heading_of_the_first_level(
    page: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [element.value for element in draw(page, tiny_study, monkeypatch).markdown]
    assert sum(text.startswith("# ") for text in written) == 1


def test_choosing_the_other_ticket_swaps_the_two(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, a="imp-90", b="magnitude-90")
    test.selectbox(key="pick a").set_value("magnitude-90").run()
    assert (test.selectbox(key="pick a").value, test.selectbox(key="pick b").value) == ("magnitude-90", "imp-90")
    assert test.query_params["a"] in ("magnitude-90", ["magnitude-90"])


def test_another_layer_goes_into_the_link(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch)
    test.selectbox(key="pick layer").set_value("fc2.weight").run()
    assert test.query_params["layer"] in ("fc2.weight", ["fc2.weight"])
    assert not test.exception


def test_another_baseline_is_compared_with(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch)
    test.selectbox(key="pick baseline").set_value("imp-90").run()
    assert "Difference in accuracy to IMP 90 %" in text(test)
    assert test.query_params["baseline"] in ("imp-90", ["imp-90"])


def test_an_overlap_metric_that_is_registered_is_on_the_page_masks(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    METRICS.register(OverlapMetric("both", "Both", "Kept by both", "Weights that both keep.", lambda pair: pair.both))
    try:
        test = draw("masks", tiny_study, monkeypatch, metric="both", a="imp-90", b="magnitude-90")
        assert not test.exception
        assert "Weights that both keep." in text(test)
        assert "Both" in test.button_group(key="pick metric").options
    finally:
        METRICS.unregister("both")


@pytest.mark.parametrize("page", ["overview", "masks"])
def test_garbage_in_the_link_leaves_a_page_and_notes(
    page: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    garbage = dict.fromkeys(["tickets", "baseline", "seed", "samples", "metric", "layer", "part", "a"], "<b>%00~")
    test = draw(page, tiny_study, monkeypatch, **garbage)
    assert charts(test) >= 2
    assert "passed over" in text(test)
    assert "<b>%00" not in text(test)  # what the link says is shown as text
    assert not test.error
    test = draw(page, tiny_study, monkeypatch, study="<b>%00~")
    assert charts(test) == 0  # of another study than the link means
    assert "<b>%00" not in text(test)
    assert not test.exception


def test_one_ticket_alone_has_no_masks_to_compare(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, tickets="dense")
    assert "Two tickets are needed" in text(test)
    assert charts(test) == 0


@pytest.mark.parametrize("page", ["overview", "masks"])
def test_no_ticket_chosen(page: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw(page, tiny_study, monkeypatch, tickets="none")
    assert charts(test) == 0
    assert "in the sidebar" in text(test)


def test_no_study_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", None, monkeypatch)
    assert "There is no study to show." in text(test)
    assert "make study" in text(test)


def test_a_study_without_tickets_says_how_to_find_them(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    shutil.copy(tiny_study / "study.toml", tmp_path / "new")
    test = draw("overview", tmp_path / "new", monkeypatch)
    assert "has no tickets yet" in text(test)
    assert typed("pruning", "run", tmp_path / "new") in text(test)


def test_tickets_without_results_say_how_to_measure_them(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("analysis", "run") in text(draw("overview", study_copy, monkeypatch))
    masks = draw("masks", study_copy, monkeypatch)
    assert charts(masks) == 3  # masks need no results; how much of each layer is kept does
    assert "not measured yet" in text(masks)


def test_a_ticket_that_is_found_later_appears(
    study_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for entry in Study.open(study_copy).entries():
        if entry.recipe.label == "IMP 90 %":
            entry.path.rename(tmp_path / entry.path.name)
    test = draw("masks", study_copy, monkeypatch)
    assert "IMP 90 %" not in test.selectbox(key="pick baseline").options
    for file in tmp_path.glob("*.safetensors"):
        file.rename(study_copy / "tickets" / file.name)
    test.run()
    assert "IMP 90 %" in test.selectbox(key="pick baseline").options


def test_a_damaged_ticket_is_named_and_the_others_are_shown(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = sorted((study_copy / "tickets").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:100])
    test = draw("masks", study_copy, monkeypatch)
    assert damaged.name in text(test)
    assert charts(test) >= 2
    assert not test.error


@pytest.mark.parametrize("page", ["overview", "robustness"])
def test_a_damaged_result_costs_its_own_rows_and_a_sentence(
    page: str, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(tiny_study, tmp_path / "copy"))
    for table in ("conditions", "summary"):
        damaged = sorted((copy / "results" / table).glob("*.parquet"))[1]
        damaged.write_bytes(damaged.read_bytes()[:-1])
    test = draw(page, copy, monkeypatch)
    assert f"{damaged.stem}.parquet is damaged" in text(test)
    assert charts(test) >= 1
    assert not test.error


def test_a_typo_in_the_study_file_is_one_sentence(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = study_copy / "study.toml"
    file.write_text(file.read_text().replace("seeds =", "sedes ="))
    test = draw("overview", study_copy, monkeypatch)
    assert "sedes" in text(test)
    assert "Traceback" not in text(test)
    assert charts(test) == 0


def test_the_main_script_draws_the_overview(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNING_STUDIES", str(tiny_study))
    test = AppTest.from_file(str(MAIN), default_timeout=60).run()
    assert not test.exception
    assert "A tiny study" in text(test)
