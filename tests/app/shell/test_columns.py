"""No column is given away without a word on what it means."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import pandas as pd
import pytest

from app.shell import layout
from app.shell.columns import describe
from tests.app.views.test_pages import _fresh, draw  # noqa: F401


@pytest.mark.parametrize(
    "address",
    [
        "overview",
        "masks",
        "geometry",
        "geometry?geometry=similarity",
        "geometry?geometry=correlates",
        "robustness",
        "robustness?section=lost",
        "robustness?section=lost&lost-against=baseline",
        "samples",
    ],
)
def test_every_column_of_a_page_has_a_meaning(address: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(address, tiny_study, monkeypatch)


def every_column_has_a_meaning(address: str, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a page of a study, and look at all that it gives away."""
    found: dict[str, tuple[list[str], dict[str, str]]] = {}
    header = layout.header

    def watched(
        title: str, data: pd.DataFrame | Callable[[], pd.DataFrame], key: str, *rest: object, **options: object
    ) -> None:
        names = [str(name) for name in (data() if callable(data) else data).columns]
        own = {name: options.get(name) for name in ("meanings", "percent")}
        found[key] = names, describe(names, own["meanings"], options.get("columns"), bool(own["percent"]))  # type: ignore[arg-type]
        header(title, data, key, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(layout, "header", watched)
    page, _, query = address.partition("?")
    draw(page, study, monkeypatch, **dict(parse_qsl(query)))
    assert found
    for key, (names, meanings) in found.items():
        assert set(names) == set(meanings), key
