"""The form of a query holds what its text says."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons.image_query import Term, parse, text
from app.selected.query_form import KINDS, Offered, condition, fields
from tests.analysis.comparisons.test_image_query import QUERIES, TERMS

OFFERED = Offered(("cat", "dog"), {"dense": "Dense", "imp-90": "IMP 90 %"}, [("clean", 0), ("fog", 3)], "dense")


@given(QUERIES)
def test_what_the_rows_hold_is_what_the_text_says(query: tuple[Term, ...]) -> None:
    rows = [fields(term, OFFERED) for term in query]
    again = tuple(condition(row) for row in rows)
    assert again == query
    assert parse(text(again)) == query


@given(TERMS, st.sampled_from(list(KINDS)))
def test_a_row_of_another_kind_keeps_what_both_have(term: Term, kind: str) -> None:
    before = fields(term, OFFERED)
    other = condition({**before, "kind": kind})
    after = fields(other, OFFERED)
    assert after["kind"] == kind
    for name in ("classes", "ticket", "condition"):
        if hasattr(term, name) and hasattr(other, name):
            assert after[name] == before[name]
    assert parse(text([other])) == (other,)
