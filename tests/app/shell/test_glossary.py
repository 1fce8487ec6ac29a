"""What the numbers of a card are: words, formulas and papers, a click from it."""

from pathlib import Path

import pytest

from analysis.results.definitions import DEFINITIONS
from analysis.results.tables import TABLES
from app.shell.columns import describe
from app.shell.glossary import text
from tests.app.views.test_pages import _fresh, draw  # noqa: F401
from tests.app.views.test_pages import text as written


def test_what_is_defined_is_a_column_that_has_words() -> None:
    measured = {name for table in TABLES.values() for name in table.all_columns}
    without = set(DEFINITIONS) - measured - set(describe(DEFINITIONS))
    assert not without


@pytest.mark.parametrize("name", DEFINITIONS)
def test_formulas_have_their_brackets(name: str) -> None:
    formula = DEFINITIONS[name].formula
    assert formula.count("{") == formula.count("}")
    assert formula.count(r"\left") == formula.count(r"\right")
    assert "$" not in formula


def test_a_number_comes_with_words_formula_and_paper_and_bounds_are_left_out() -> None:
    said = text({"mce": "mean error [ratio]", "gap_low": "end", "gap": "an angle", "own*": "<b>"})
    assert r"**mce**: mean error \[ratio\]" in said
    assert "Hendrycks & Dietterich 2019" in said
    assert said.count("$") == 4
    assert "gap low" not in said
    assert r"**own\***: \<b\>" in said


def test_each_card_has_it_and_says_nothing_until_it_is_opened(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("overview", tiny_study, monkeypatch)
    assert "Hendrycks" not in written(test)
    test.session_state["glossary-robustness"] = True
    test.run()
    assert "arXiv 2010.09670" in written(test)
