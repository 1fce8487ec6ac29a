"""The images that the filters of the page leave become the selection, with the query that finds them again."""

from pathlib import Path

import pytest

from analysis.comparisons.queried_images import images_where
from app.shell.codec import decode_samples
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw  # noqa: F401

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
