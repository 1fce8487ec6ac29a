"""The sections of the page Robustness drawn by Streamlit without a browser, on a small measured study."""

from pathlib import Path

import numpy as np
import pytest

from analysis.results.store import Results
from app.shell.codec import encode_samples
from app.shell.sections import of_page
from pruning.study.commands import typed
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

MINE = {"ranking": 3, "corruptions": 2, "calibration": 2, "pairs": 3}
"""Section -> charts it has."""


@pytest.mark.parametrize(("section", "count"), MINE.items())
def test_a_section_of_a_measured_study(
    section: str, count: int, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section=section)
    assert charts(test) == count
    assert not test.error


@pytest.mark.parametrize("section", list(of_page("robustness")))
def test_a_study_that_is_not_measured_says_how(section: str, study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", study_copy, monkeypatch, section=section)
    assert typed("analysis", "run") in text(test)
    assert charts(test) == 0
    assert not test.error


@pytest.mark.parametrize("section", MINE)
def test_a_ticket_alone_is_no_error(section: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section=section, tickets="dense")
    assert not test.error
    assert not test.exception


@pytest.mark.parametrize("section", MINE)
def test_garbage_in_the_link_leaves_the_section(
    section: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["family", "corruption", "cells", "severity", "order", "level", "pair-severity", "each"]
    test = draw("robustness", tiny_study, monkeypatch, section=section, **dict.fromkeys(names, "<b>%00~-1"))
    assert charts(test) >= 2
    assert not test.error


@pytest.mark.parametrize("corruption", ["mean", "gaussian_noise", "gaussian_blur"])
def test_differences_to_another_baseline(corruption: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"section": "corruptions", "cells": "difference", "baseline": "imp-90", "corruption": corruption}
    test = draw("robustness", tiny_study, monkeypatch, each="yes", **link)
    assert "Accuracy minus that of IMP 90 %" in text(test)
    assert charts(test) == 3
    assert not test.error


def test_the_section_and_its_choices_go_into_the_link(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch)
    test.button_group(key="pick section").set_value("corruptions").run()
    assert test.query_params["section"] in ("corruptions", ["corruptions"])
    test.button_group(key="pick severity").set_value("3").run()
    assert test.query_params["severity"] in ("3", ["3"])
    assert "severity 3" in text(test)


def test_the_table_of_calibration_agrees_with_the_results(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"section": "calibration", "corruption": "gaussian_blur", "level": "3"}
    table = draw("robustness", tiny_study, monkeypatch, **link).dataframe[0].value.set_index("ticket")
    rows = Results(tiny_study).table("conditions", where="corruption = 'gaussian_blur' AND severity = 3")
    labels = {entry.id: entry.recipe.label for entry in Study.open(tiny_study).entries()}
    means = rows.groupby(rows["ticket_id"].map(labels))[["ece", "brier", "nll", "accuracy"]].mean()
    scaled = [name for name in table.index if name not in means.index]
    assert all(", temperature " in name for name in scaled)
    for ticket, row in table.drop(scaled).iterrows():
        np.testing.assert_allclose(row["ece"], 100 * means.at[ticket, "ece"], rtol=1e-5)
        assert row["ece_low"] <= row["ece"] <= row["ece_high"]
        assert 0 < row["floor"] < row["floor_high"]
        np.testing.assert_allclose(row["brier"], means.at[ticket, "brier"])
        np.testing.assert_allclose(row["nll"], means.at[ticket, "nll"])
        np.testing.assert_allclose(row["accuracy"], 100 * means.at[ticket, "accuracy"])


def test_flips_against_the_baseline_agree_with_the_predictions(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = {"section": "pairs", "corruption": "gaussian_noise"}
    test = draw("robustness", tiny_study, monkeypatch, **link)
    table = test.dataframe[1].value
    ids = {(e.recipe.label, e.recipe.seed): e.id for e in Study.open(tiny_study).entries()}
    rows = Results(tiny_study).table("conditions", where="corruption = 'gaussian_noise' AND severity = 3")
    offsets = {row.ticket_id: np.frombuffer(row.offsets, dtype=np.uint8) for row in rows.itertuples()}
    expected = np.mean([(offsets[ids["IMP 90 %", s]] != offsets[ids["Dense", s]]).mean() for s in (0, 1)])
    found = table[(table["ticket"] == "IMP 90 %") & (table["severity"] == 3)]["flipped"].item()
    assert found == pytest.approx(100 * expected)


@pytest.mark.parametrize("section", ["ranking", "corruptions"])
def test_of_the_selected_images_alone(section: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = encode_samples(np.array([3, 8, 41]))
    first = draw("robustness", tiny_study, monkeypatch, section=section, samples=samples)
    assert "no sample" not in text(first)
    test = draw("robustness", tiny_study, monkeypatch, section=section, samples=samples, of="selected")
    assert not test.error
    assert "they are no sample" in text(test)
    assert charts(test) == {"ranking": 1, "corruptions": 2}[section]
    none = draw("robustness", tiny_study, monkeypatch, section=section, of="selected")
    assert "no sample" not in text(none)
    assert not none.error


@pytest.mark.parametrize(
    ("section", "count"), [("pairs", 3), ("redundancy", 2), ("calibration", 1), ("lost", 2), ("classes", 3)]
)
def test_other_sections_of_the_selected_images(
    section: str, count: int, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = encode_samples(np.arange(0, 60, 2))
    test = draw("robustness", tiny_study, monkeypatch, section=section, samples=samples, of="selected")
    assert not test.error
    assert charts(test) == count
    assert ("of all test images" if section == "classes" else "they are no sample") in text(test).replace("Of", "of")


def test_images_of_another_study_end_in_a_sentence(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = encode_samples(np.array([5000]))
    test = draw("robustness", tiny_study, monkeypatch, section="ranking", samples=samples, of="selected")
    assert "None of the selected images" in "".join([text(test), *(str(error.value) for error in test.error)])


def test_images_that_the_study_does_not_have_count_nowhere(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = encode_samples(np.array([3, 7, 20, 5000, 16_000_000]))
    test = draw("robustness", tiny_study, monkeypatch, section="ranking", samples=samples, of="selected")
    assert not test.error
    switches = [option.content for group in test.get("button_group") for option in group.proto.options]
    assert "The 3 selected" in switches
    assert "2 of the 5 selected images in the link" in text(test)
    line = draw("geometry", tiny_study, monkeypatch, samples=samples)
    assert "3 of " in text(line)
    assert "5 images" not in text(line)
