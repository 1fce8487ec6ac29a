"""What a page's sentence takes is worked out when the page is first drawn, and not again at each click."""

from pathlib import Path

import pytest

from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401


@pytest.mark.parametrize(
    ("page", "section", "work", "said"),
    [
        ("overview", "pareto", "analysis.comparisons.dominance.verdicts_of", "front"),
        ("geometry", "features", "app.views.geometry.neighbours.against_retraining", "neighbours"),
        ("geometry", "local", "app.answers.moves.class_changes", "gap"),
    ],
)
def test_it_is(
    page: str, section: str, work: str, said: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _, name = work.rpartition(".")
    plain = getattr(__import__(module, fromlist=[name]), name)
    calls: list[object] = []

    def counted(*arguments: object, **named: object) -> object:
        calls.append(arguments)
        return plain(*arguments, **named)

    monkeypatch.setattr(work, counted)
    test = draw(page, tiny_study, monkeypatch, **{page: section})
    first, many = text(test), len(calls)
    assert said in first
    assert many > 0
    again = test.run()
    assert not again.exception
    assert text(again) == first
    assert len(calls) == many
