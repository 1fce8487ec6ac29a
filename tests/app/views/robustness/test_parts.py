"""Redundancy, Classes and Fourier drawn by Streamlit without a browser, on a small measured study."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.corruptions.fourier import NAMES
from analysis.results.store import Results
from pruning.study.commands import measuring
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

SECTIONS = ["redundancy", "classes"]


@pytest.fixture(scope="module")
def with_waves(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study, in which the waves leave everything as it is on clean images."""
    folder = Path(shutil.copytree(tiny_study, tmp_path_factory.mktemp("waves") / "tiny"))
    results = Results(folder)
    for entry in Study.open(folder).entries():
        rows = results.table("conditions", ids=[entry.id]).drop(columns="ticket_id")
        clean = rows[rows["corruption"] == "clean"]
        waves = [clean.assign(corruption=name, severity=4) for name in NAMES]
        results.write("conditions", entry.id, pd.concat([rows, *waves], ignore_index=True).astype(dict(rows.dtypes)))
    return folder


@pytest.mark.parametrize(("section", "count"), [("redundancy", 3), ("classes", 3)])
def test_a_section_of_a_measured_study(
    section: str, count: int, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section=section)
    assert charts(test) == count
    assert not test.error


@pytest.mark.parametrize("section", SECTIONS)
def test_a_ticket_alone_is_told_what_it_lacks(section: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section=section, tickets="dense")
    assert not test.error
    assert not test.exception
    wanted = "at least 4 tickets" if section == "redundancy" else "Only the baseline is chosen"
    assert wanted in text(test)


def test_frequencies_that_were_not_measured_come_with_the_command(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="fourier")
    assert charts(test) == 0
    assert measuring(tiny_study, "--family", "fourier") in text(test)


@pytest.mark.parametrize("waves", ["error", "difference"])
def test_frequencies_have_a_curve_and_maps(waves: str, with_waves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", with_waves, monkeypatch, section="fourier", waves=waves)
    assert charts(test) == 2
    assert not test.error


@pytest.mark.parametrize(("option", "value"), [("alike", "tickets"), ("alike", "beyond"), ("fail", "plain")])
def test_what_is_alike_can_be_asked_otherwise(
    option: str, value: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="redundancy", **{option: value})
    assert charts(test) == 3
    assert not test.error


def test_costs_under_corruption_and_exemplars_of_one_ticket(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"under": "corrupted", "exemplars-of": "imp-90", "baseline": "random-90"}
    test = draw("robustness", tiny_study, monkeypatch, section="classes", **link)
    assert "against Random 90 %, on corrupted images" in text(test)
    assert "the modal class over 2 pruned runs" in text(test)
    assert not test.error


@pytest.mark.parametrize("apart", ["agreement", "js"])
def test_divergence_by_class_is_there_stored_or_not(
    apart: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="classes", apart=apart)
    said = "Prediction agreement with Dense" if apart == "agreement" else "Divergence from Dense"
    assert f"{said} by class: clean images" in text(test)
    assert "Two trainings of Dense" in text(test)
    assert charts(test) == 3


def test_detection_is_shown_where_it_was_measured(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "ood"))
    before = charts(draw("robustness", folder, monkeypatch, section="calibration"))
    rates = {f"{rate}{end}": 0.9 for rate in ("auroc", "fpr95") for end in ("", "_low", "_high")}
    for place, entry in enumerate(Study.open(folder).entries()):
        own = {"kind": "mnist5k", "n": 359, "foreign": 500, **rates, "auroc": 0.8 + 0.01 * place}
        Results(folder).write("ood", entry.id, pd.DataFrame([own | {"score": score} for score in ("msp", "energy")]))
    test = draw("robustness", folder, monkeypatch, section="calibration", **{"ood-rate": "fpr95"})
    assert charts(test) == before + 1
    assert "359 own and 500 foreign test images" in text(test)
    assert not test.error


def test_without_dense_networks_there_are_no_exemplars(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "without"))
    for entry in Study.open(folder).entries():
        if entry.recipe.finder == "dense":
            (folder / "tickets" / f"{entry.id}.safetensors").unlink()
    test = draw("robustness", folder, monkeypatch, section="classes", baseline="random-90")
    assert "There are no dense networks to compare with" in text(test)
    assert not test.error


@pytest.mark.parametrize("section", SECTIONS)
def test_garbage_in_the_link_leaves_the_section(
    section: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["alike", "fail", "under", "exemplars-of", "sample", "family"]
    test = draw("robustness", tiny_study, monkeypatch, section=section, **dict.fromkeys(names, "<b>%00~-1"))
    assert charts(test) >= 2
    assert not test.error


def test_errors_are_relative_to_any_ticket(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mCE: corruption error relative to Dense" in text(draw("robustness", tiny_study, monkeypatch))
    test = draw("robustness", tiny_study, monkeypatch, reference="imp-90")
    assert "mCE: corruption error relative to IMP 90 %" in text(test)
    assert not test.error


def test_attacks_of_any_size_have_curves_and_signs(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "attacked"))
    asked = {"section": "corruptions", "tickets": "dense,imp-90,random-90"}
    before = charts(draw("robustness", folder, monkeypatch, **asked))
    for place, entry in enumerate(Study.open(folder).entries()):
        rows = []
        for norm, size, kept in (("linf", 8, 150 - place), ("l2", 1, 60), ("linf", 255, 40 * (place == 0))):
            for attack, count in (("clean", 190), ("one_step", kept), ("steps", kept)):
                right = np.arange(200) < count
                own = {"kind": f"{norm} {size}", "attack": attack, "norm": norm, "size": float(size), "n": 200}
                rows.append(own | {"accuracy": right.mean(), "right": np.packbits(right).tobytes()})
        Results(folder).write("security", entry.id, pd.DataFrame(rows))
    for shown in ("accuracy", "difference"):
        test = draw("robustness", folder, monkeypatch, attacked=shown, **asked)
        assert charts(test) == before + 1
        assert "200 test images, evenly spaced" in text(test)
        assert "signs of masked gradients" in text(test)
        assert not test.error
        assert not test.exception


def test_other_domains_have_a_card(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "domains"))
    before = charts(draw("robustness", folder, monkeypatch))
    for place, entry in enumerate(Study.open(folder).entries()):
        right = np.arange(200) < 150 - 5 * place
        own = {"n": 200, "classes": 9, "accuracy": right.mean(), "right": np.packbits(right).tobytes()}
        said = {"left_out": "dog", "absent": "9"}
        rows = [{"kind": f"folder:/{name}", **own, **said} for name in ("photo", "sketch")]
        Results(folder).write("domains", entry.id, pd.DataFrame(rows))
    for shown in ("accuracy", "difference"):
        test = draw("robustness", folder, monkeypatch, domains=shown)
        assert charts(test) == before + 1
        assert "sketch: 200 images of 9 classes (none of 9; dog left out)" in text(test)
        assert not test.error
        assert not test.exception
