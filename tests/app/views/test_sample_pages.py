"""Geometry, Robustness and Samples drawn by Streamlit without a browser, on a small study and on what is broken."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.corruptions import corrupt
from analysis.results.store import Results
from app.shell.codec import encode_samples
from app.views.samples.contents import SEED
from pruning.data import load_data, normalise
from pruning.study.commands import typed
from pruning.study.folder import Study
from tests import ROOT
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

PAGES = ["geometry", "robustness", "samples"]


@pytest.mark.parametrize(("page", "count"), [("geometry", 3), ("robustness", 3), ("samples", 2)])
def test_a_page_of_a_measured_study(page: str, count: int, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw(page, tiny_study, monkeypatch)
    assert charts(test) == count
    assert not test.error


@pytest.mark.parametrize("page", PAGES)
def test_tickets_without_results_say_how_to_measure_them(
    page: str, study_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, study_copy, monkeypatch)
    assert typed("analysis", "run") in text(test)
    assert charts(test) == 0
    assert not test.error


@pytest.mark.parametrize("page", PAGES)
def test_no_ticket_chosen(page: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw(page, tiny_study, monkeypatch, tickets="none")
    assert "No ticket is chosen" in text(test)
    assert charts(test) == 0


@pytest.mark.parametrize("page", PAGES)
def test_garbage_in_the_link_leaves_the_page(page: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        "samples",
        "columns",
        "classes",
        "drag",
        "map",
        "colour",
        "corruption",
        "cells",
        "sample",
        "gallery",
        "seen",
    ]
    test = draw(page, tiny_study, monkeypatch, **dict.fromkeys(names, "<b>%00~-1"))
    assert charts(test) >= 1
    assert not test.error


def test_another_seed_says_which_one_has_the_images(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", tiny_study, monkeypatch, seed="1")
    assert "kept for seed 0 only" in text(test)
    assert charts(test) == 0
    test.button[0].click().run()
    assert charts(test) == 2
    assert not test.error


def test_the_marked_samples_are_compared_with_the_rest(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = [1, 5, 8]
    test = draw("geometry", tiny_study, monkeypatch, samples=encode_samples(np.array(marked)), tickets="imp-90")
    assert "3 of 359 images selected" in text(test)
    entry = next(e for e in Study.open(tiny_study).entries() if e.recipe.label == "IMP 90 %" and e.recipe.seed == 0)
    own = Results(tiny_study).table("geometry", ids=[entry.id]).set_index("sample")
    rest = own.drop(marked)
    for heading, name in (("Angle (°)", "centred_angle"), ("Gap (°)", "gap")):
        assert test.dataframe[0].value[heading].tolist() == [
            f"{own.loc[marked, name].mean():.1f}  |  {rest[name].mean():.1f}"
        ]
    assert "selected:" in text(test)
    assert "selected:" not in text(draw("geometry", tiny_study, monkeypatch, tickets="imp-90"))


def test_raw_vectors_and_other_margins_are_options(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(tiny_study)
    entry = next(e for e in Study.open(tiny_study).entries() if e.recipe.label == "IMP 90 %" and e.recipe.seed == 0)
    raw, compared = (results.table(name, ids=[entry.id]).mean(numeric_only=True) for name in ("samples", "geometry"))
    asked = {"vectors": "raw", "against": "angle", "margin": "region_margin"}
    test = draw("geometry", tiny_study, monkeypatch, tickets="imp-90", **asked)
    assert "Angle to the true class against feature length" in text(test)
    row = test.dataframe[0].value.iloc[0]
    assert row["Angle (°)"] == f"{raw['angle']:.1f}"
    assert row["Length (1 = clean)"] == "1.00"
    assert row["Gap (°)"] == f"{compared['raw_gap']:.1f}"
    assert row["Margin"] == f"{compared['region_margin']:.2f}"


def test_results_of_an_earlier_version_are_shown_as_they_are(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "earlier"))
    shutil.rmtree(study / "results" / "geometry")
    test = draw("geometry", study, monkeypatch)
    assert charts(test) == 2
    assert "cannot be compared between tickets" in text(test)
    assert "Gap (°)" not in test.dataframe[0].value
    assert not test.error


def test_classes_filter_the_samples(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, classes="3")
    labels = load_data("digits").test.labels
    assert f"{int((labels == 3).sum())} images" in text(test)


def test_at_most_four_tickets_stand_side_by_side(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch)
    assert test.dataframe[0].value["Ticket"].tolist() == ["Dense", "Random 90 %", "Magnitude 90 %", "IMP 90 %"]


@pytest.mark.parametrize("kind", ["umap", "umap_joint", "tsne", "pca", "classes"])
def test_every_map_is_drawn_with_the_neighbours_below_it(
    kind: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"geometry": "features", "map": kind, "tickets": "dense~imp-90"}
    test = draw("geometry", tiny_study, monkeypatch, **chosen, colour="recall", corruption="gaussian_noise")
    assert charts(test) == 2
    assert not test.error
    said = text(test)
    assert "Under Gaussian noise 3 Dense keeps" in said
    assert ("projected onto the plane" in said) == (kind in ("pca", "classes"))
    assert "Arrows: from each class" in said


def test_clean_neighbours_are_held_against_the_baseline_and_one_seed_too_few_is_said(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="features", tickets="dense~imp-90", sample="7")
    assert charts(test) == 2
    said = text(test)
    assert "IMP 90 % and Dense share" in said
    assert "With 2 trainings nothing can be said" in said
    assert "**Image 7, " in said
    assert said.count("<figure") == 2 * 9  # in each ticket's space the image and its nearest
    assert not test.error


def test_without_images_the_stored_maps_are_there_and_what_is_worked_out_says_why(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "imported"))
    monkeypatch.setenv("PRUNING_DATA", str(tmp_path / "nowhere"))
    toml = study / "study.toml"
    toml.write_text(toml.read_text().replace('data = "digits"', 'data = "cifar10"'))
    assert "cifar10" in toml.read_text()
    chosen = {"geometry": "features", "tickets": "dense~imp-90"}
    test = draw("geometry", study, monkeypatch, **chosen, corruption="gaussian_noise")
    assert charts(test) == 1
    assert "The pictures are not on this machine" in text(test)
    assert not test.error
    test = draw("geometry", study, monkeypatch, **chosen, map="tsne")
    assert charts(test) == 0
    assert "A map by t-SNE is worked out from the images." in text(test)


def test_a_missing_map_says_how_to_make_it(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "unmapped"))
    shutil.rmtree(study / "results" / "maps")
    test = draw("geometry", study, monkeypatch, geometry="features", map="umap")
    assert charts(test) == 0
    assert "There is no UMAP map" in text(test)


def test_where_no_map_is_stored_one_is_worked_out(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "copy"))
    shutil.rmtree(study / "results" / "maps")
    test = draw("geometry", study, monkeypatch, geometry="features")
    assert "There is no" not in text(test)
    assert charts(test) >= 1


def test_the_first_map_is_of_a_kind_that_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transformer that ships has planes alone."""
    test = draw("geometry", ROOT / "sample_checkpoints" / "mnist5k-vit", monkeypatch, geometry="features")
    assert "There is no" not in text(test)
    assert charts(test) >= 1


def test_the_ranking_agrees_with_the_results(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = draw("robustness", tiny_study, monkeypatch).dataframe[0].value
    rows = Results(tiny_study).table("conditions")
    rows = rows[rows["corruption"].isin(["gaussian_noise", "brightness"])]  # gaussian_blur is an extra one
    labels = {entry.id: entry.recipe.label for entry in Study.open(tiny_study).entries()}
    expected = 100 * rows.groupby(rows["ticket_id"].map(labels))["accuracy"].mean()
    np.testing.assert_allclose(table["corrupted"], expected[table["ticket"]])
    assert table["corrupted"].is_monotonic_decreasing
    assert table.set_index("ticket").loc["Dense", "mce"] == pytest.approx(1)


def test_the_pictures_are_those_that_were_evaluated(tiny_study: Path) -> None:
    """A corrupted picture, made anew, shown to the ticket, gives the stored prediction."""
    study = Study.open(tiny_study)
    entry = next(e for e in study.entries() if e.recipe.label == "Magnitude 50 %" and e.recipe.seed == 0)
    stored = Results(tiny_study).table(
        "corrupted", ids=[entry.id], where="corruption = 'gaussian_noise' AND severity = 3"
    )
    data, model = load_data("digits"), study.load(entry.id).model()
    chosen = [358, 0, 17, 200]
    made = torch.cat([corrupt(data.test.images[[i]], "gaussian_noise", 3, seed=SEED, index=[i]) for i in chosen])
    with torch.no_grad():
        shares = model(normalise(made, data.mean, data.std)).softmax(1)
    expected = stored.set_index("sample").loc[chosen]
    np.testing.assert_allclose(shares.amax(1), expected["confidence"], rtol=2e-2)
    assert shares.argmax(1).tolist() == expected["prediction"].tolist()


def test_the_most_fragile_image_comes_first(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", tiny_study, monkeypatch, tickets="dense~imp-90")
    labels = {entry.recipe.label: entry.id for entry in Study.open(tiny_study).entries() if entry.recipe.seed == 0}
    right = {}
    for label in ("Dense", "IMP 90 %"):
        rows = Results(tiny_study).table("corrupted", ids=[labels[label]])
        truth = load_data("digits").test.labels.numpy()
        good = rows["prediction"].to_numpy() == truth[rows["sample"].to_numpy()]
        right[label] = pd.Series(good, index=pd.MultiIndex.from_frame(rows[["corruption", "severity", "sample"]]))
    lost = (right["Dense"] & ~right["IMP 90 %"]).groupby("sample").sum()
    found = next(line for line in text(test).splitlines() if line.startswith("**Image "))
    first = int(found.removeprefix("**Image ").split(":")[0])
    assert lost[first] == lost.max()


def test_a_link_to_a_sample_and_to_a_selection(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", tiny_study, monkeypatch, samples=encode_samples(np.array([4, 9, 30])), sample="9")
    assert "3 images" in text(test)
    assert "Image 9:" in text(test)


def test_without_the_images_everything_else_is_shown(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "far"))
    file = study / "study.toml"
    monkeypatch.setenv("PRUNING_DATA", str(tmp_path / "nowhere"))
    file.write_text(file.read_text().replace('data = "digits"', 'data = "cifar10"'))
    test = draw("samples", study, monkeypatch)
    assert "The pictures are not on this machine" in text(test)
    assert test.button(key="fetch-ask").label == "Fetch cifar10 …"
    assert charts(test) == 2
    assert not test.error


def test_images_that_were_not_measured_are_not_shown(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "other"))
    file = study / "study.toml"
    file.write_text(file.read_text().replace('data = "digits"', 'data = "mnist5k"'))
    test = draw("samples", study, monkeypatch)
    assert "are not those that were measured" in text(test)
    assert charts(test) == 2


def test_a_cut_off_result_is_named(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Path(shutil.copytree(tiny_study, tmp_path / "cut"))
    for file in (study / "results" / "samples").iterdir():
        file.write_bytes(file.read_bytes()[:-20])
    for page in ("geometry", "samples"):
        test = draw(page, study, monkeypatch)
        assert "damaged or cut short" in text(test)
        assert not test.error


def test_images_lost_by_one_and_kept_by_another(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"among": "one", "corruption": "gaussian_noise", "severity": "3", "lost": "imp-90", "kept": "dense"}
    test = draw("samples", tiny_study, monkeypatch, tickets="dense~imp-90", sort="margin", **asked)
    truth = load_data("digits").test.labels.numpy()
    labels = {entry.recipe.label: entry.id for entry in Study.open(tiny_study).entries() if entry.recipe.seed == 0}
    right = {}
    for label in ("Dense", "IMP 90 %"):
        rows = Results(tiny_study).table("corrupted", ids=[labels[label]])
        rows = rows[(rows["corruption"] == "gaussian_noise") & (rows["severity"] == 3)].sort_values("sample")
        right[label] = rows["prediction"].to_numpy() == truth
    count = int((~right["IMP 90 %"] & right["Dense"]).sum())
    assert count > 0
    images = f"{count} image" + ("s" if count > 1 else "")
    assert f"**{images} lost by IMP 90 %, kept by Dense under Gaussian noise 3, by margin**" in text(test)
    assert not test.error


@pytest.mark.parametrize("sort", ["gap", "divergence", "agreement", "disagreement"])
def test_images_in_every_order(sort: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", tiny_study, monkeypatch, among="one", tickets="dense~imp-90", sort=sort)
    assert not test.error
    assert "359 images, by " in text(test)
