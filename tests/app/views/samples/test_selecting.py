"""The images that the filters of the page leave become the selection, with the query that finds them again."""

import shutil
from pathlib import Path

import pytest

from analysis.comparisons import of_study
from analysis.comparisons.queried_images import images_where
from app.shell.codec import decode_samples
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401

LINK = {
    "tickets": "dense~imp-90",
    "among": "one",
    "corruption": "gaussian_noise",
    "severity": "3",
    "lost": "imp-90",
    "kept": "dense",
    "classes": "1~8",
    **dict.fromkeys(["brush", "brush-of", "combine"], "<b>%00~"),
}


def test_what_the_filters_leave_is_selected(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", tiny_study, monkeypatch, **LINK)
    test.button(key="select-these").click().run()
    assert not test.exception
    parameters = {name: test.query_params[name] for name in ("samples", "samples-of")}
    samples, words = (value if isinstance(value, str) else value[0] for value in parameters.values())
    condition = "under gaussian_noise 3"
    assert words == f"class 1 or 8 and wrong for imp-90 {condition} and right for dense {condition}"
    found = images_where(Study.open(tiny_study), words)
    assert len(found)
    assert decode_samples(samples).tolist() == found.tolist()
    assert all(button.key != "select-these" for button in test.button)  # there is nothing left to select


@pytest.fixture
def part(tiny_study: Path, tmp_path: Path) -> Path:
    """The study while a job measures it: of one ticket nothing is there yet, of another no corrupted images."""
    folder = Path(shutil.copytree(tiny_study, tmp_path / "part"))
    found = of_study.tickets(Study.open(folder))
    ids = found[found["seed"] == 0].set_index("key")["ticket_id"]
    for path in [*folder.glob(f"results/*/{ids['imp-90']}*"), *folder.glob(f"results/corrupted/{ids['random-90']}*")]:
        path.unlink()
    return folder


@pytest.mark.parametrize("without", ["imp-90", "random-90"])
def test_a_ticket_that_is_not_measured_loses_no_image(
    without: str, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = LINK | {"tickets": f"dense~magnitude-90~{without}", "lost": without, "classes": ""}
    test = draw("samples", part, monkeypatch, **own)
    label = "IMP 90 %" if without == "imp-90" else "Random 90 %"
    assert f"{label} is not measured under Gaussian noise 3" in text(test)
    assert f"lost by {label}" not in text(test)
    kept = images_where(Study.open(part), "right for dense under gaussian_noise 3")
    assert f"**{len(kept):,} images kept by Dense under Gaussian noise 3" in text(test)
    test.button(key="select-these").click().run()
    assert test.query_params["samples-of"] in ("right for dense under gaussian_noise 3",
                                               ["right for dense under gaussian_noise 3"])  # fmt: skip


def test_over_all_conditions_only_tickets_that_are_measured_count(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("samples", part, monkeypatch, tickets="dense~magnitude-90~imp-90", **{"lost-by": "imp-90"})
    assert "IMP 90 % is not measured: which images it has wrong is not known." in text(test)
    assert "Of the predictions of the ticket on all" in text(test)
    assert "most fragile first" not in text(test)


def test_what_is_said_of_the_clean_images_does_not_name_a_corruption(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in part.glob("results/corrupted/*"):
        path.unlink()
    test = draw(
        "samples", part, monkeypatch, **(LINK | {"tickets": "dense~random-90", "lost": "random-90", "classes": ""})
    )
    assert "the clean ones are shown" in text(test)
    assert "lost by Random 90 %, kept by Dense, by disagreement" in text(test)
