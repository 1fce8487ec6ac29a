"""Queries as text: what they mean, that they survive writing and reading, and what is said of what is none."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons.image_query import LONGEST, MOST, OfClass, Outcome, Predicted, Term, Within, parse, text
from pruning.errors import UserError

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["and", "under", "a b", '"'])
CONDITIONS = st.just(("clean", 0)) | st.tuples(NAMES, st.integers(0, 999))
CLASSES = st.lists(NAMES, min_size=1, max_size=4, unique=True).map(tuple)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def within(draw: Any) -> Within:
    low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
    open_ = draw(st.sampled_from(["neither", "low", "high"]))
    bounds = (-math.inf if open_ == "low" else low, math.inf if open_ == "high" else high)
    return Within(draw(NAMES), draw(NAMES), draw(CONDITIONS), *bounds)


TERMS: st.SearchStrategy[Term] = (
    st.builds(OfClass, CLASSES)
    | st.builds(Outcome, st.sampled_from(["right", "wrong"]), NAMES, CONDITIONS)
    | st.builds(Predicted, CLASSES, NAMES, CONDITIONS)
    | within()
)
QUERIES = st.lists(TERMS, min_size=1, max_size=5).map(tuple)


@given(QUERIES)
def test_a_query_that_is_written_reads_the_same(query: tuple[Term, ...]) -> None:
    written = text(query)
    if len(written) <= LONGEST:
        assert parse(written) == query
        assert "\n" not in written


@given(st.text(max_size=60) | st.lists(st.sampled_from(["class", "a", "and", "wrong", "for", "1", "of"])).map(" ".join))
def test_any_text_is_read_or_answered_in_a_sentence(anything: str) -> None:
    said = ""
    found: tuple[Term, ...] = ()
    try:
        found = parse(anything)
    except UserError as error:
        said = str(error)
    assert said.endswith(".") == (not found)
    assert "\n" not in said
    if found:
        assert parse(text(found)) == found


def test_what_a_query_means() -> None:
    said = "class cat or dog and wrong for imp-90 under fog 5 and right for dense and margin of imp-90 at most -.5"
    assert parse(said) == (
        OfClass(("cat", "dog")),
        Outcome("wrong", "imp-90", ("fog", 5)),
        Outcome("right", "dense"),
        Within("margin", "imp-90", high=-0.5),
    )
    assert parse('predicted "ice cream" by dense\tunder  fog 1 and gap of dense between 1 and 2e1') == (
        Predicted(("ice cream",), "dense", ("fog", 1)),
        Within("gap", "dense", low=1, high=20),
    )
    assert text(parse(said)) == said.replace("-.5", "-0.5")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "The query ends, where a condition, such as “class …”, “wrong for …” or “margin of …”, should stand."),
        ("class", "The query ends after “class”, where the name of a class should stand."),
        ("class cat wrong for dense", "The query has “wrong” after “class cat”, where “and” should stand."),
        ("wrong of dense", "The query has “of” after “wrong”, where “for” should stand."),
        ("wrong for and", "The query has “and” after “wrong for”, where the key of a ticket should stand."),
        (
            "right for a under fog heavy",
            "The query has “heavy” after “right for a under fog”, where a severity, such as 3, should stand.",
        ),
        ("gap of a between 2 and 1", "Nothing lies between 2 and 1; swap the two numbers."),
        (
            "gap of a between 2 and nan",
            "The query has “nan” after “gap of a between 2 and”, where a number should stand.",
        ),
        ("gap of a at least 1e999", "The query has “1e999” after “gap of a at least”, where a number should stand."),
        ('class "cat', 'The query has a quotation mark that is not closed, at “"cat”; close it.'),
        ("class x and", "The query ends after “class x and”, where a condition, such as"),
    ],
)
def test_what_is_no_query_is_answered(query: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        parse(query)
    assert str(error.value).startswith(said)


def test_a_query_has_its_bounds() -> None:
    with pytest.raises(UserError, match="characters"):
        parse("class " + "x" * LONGEST)
    with pytest.raises(UserError, match="conditions"):
        parse(" and ".join(["class x"] * (MOST + 1)))
