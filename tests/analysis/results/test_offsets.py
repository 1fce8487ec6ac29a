from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.results.offsets import stored_offsets, unpack_correct, unpack_offsets
from analysis.results.store import Results
from pruning.errors import UserError


def conditions(ticket: str, correct: np.ndarray, names: list[tuple[str, int]]) -> pd.DataFrame:
    """Rows as they are stored."""
    return pd.DataFrame(
        [
            {
                "ticket_id": ticket,
                "corruption": corruption,
                "severity": severity,
                "n": row.size,
                "correct": int(row.sum()),
                "accuracy": row.mean(),
                "mean_confidence": 0.5,
                "mean_angle": 60.0,
                "mean_length": 1.0,
                "mean_margin": 0.1,
                "nll": 0.1,
                "brier": 0.2,
                "ece": 0.05,
                "offsets": np.where(row, 0, 3).astype(np.uint8).tobytes(),
            }
            for row, (corruption, severity) in zip(correct, names, strict=True)
        ]
    )


NAMES = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1)]


@pytest.mark.parametrize("n", [1, 8, 13, 1000])
def test_correctness_comes_back_from_the_results_as_it_was_stored(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(13)
    stored = {ticket: rng.random((4, n)) < 0.5 for ticket in "ab"}
    results = Results(tmp_path)
    results.write("conditions", "a", conditions("a", stored["a"], NAMES))
    results.write("conditions", "b", conditions("b", stored["b"][::-1], NAMES[::-1]))
    found = unpack_correct(results.table("conditions"))
    assert list(found) == ["a", "b"]
    for ticket in "ab":
        assert found[ticket].dtype == bool
        assert found[ticket].tolist() == stored[ticket].tolist(), "in the first ticket's order of conditions"


@pytest.mark.parametrize(("classes", "stored"), [(10, "u1"), (256, "u1"), (1000, "<u2")])
def test_predictions_come_back_from_offsets(classes: int, stored: str) -> None:
    rng = np.random.default_rng(3)
    labels, predictions = rng.integers(0, classes, (2, 3, 40))
    rows = [
        ("a", *name, 40, ((predictions[place] - labels[0]) % classes).astype(stored).tobytes())
        for place, name in enumerate(NAMES[:3])
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    offsets = unpack_offsets(table)["a"]
    np.testing.assert_array_equal((labels[0] + offsets.astype(int)) % classes, predictions)
    np.testing.assert_array_equal(unpack_correct(table)["a"], predictions == labels[0])


def test_no_conditions_are_no_tickets(tmp_path: Path) -> None:
    assert unpack_correct(Results(tmp_path).table("conditions")) == {}


def test_correctness_that_cannot_be_compared_is_refused() -> None:
    row = np.ones((4, 12), dtype=bool)
    whole = conditions("a", row, NAMES)
    for order in ([whole, conditions("b", row[:2], NAMES[:2])], [conditions("b", row[:2], NAMES[:2]), whole]):
        with pytest.raises(UserError, match="Ticket b has no results under fog 2 yet"):
            unpack_correct(pd.concat(order))
    with pytest.raises(UserError, match=r"Tickets a and b were measured on different test sets \(12 and 13 images\)"):
        unpack_correct(pd.concat([whole, conditions("b", np.ones((4, 13), dtype=bool), NAMES)]))
    with pytest.raises(UserError, match="ticket a under clean 0 are damaged: 12 bytes for 40 images"):
        unpack_correct(whole.assign(n=40))


@pytest.mark.parametrize("kind", [pa.large_binary(), pa.string(), pa.int64(), pa.binary(5)])
def test_blobs_of_another_kind_are_a_damaged_file(tmp_path: Path, kind: pa.DataType) -> None:
    """A file of an earlier version carries no digest, and a stranger's may hold anything."""
    value = 5 if kind == pa.int64() else "abcde" if kind == pa.string() else b"abcde"
    columns = {"ticket_id": ["a"], "corruption": ["clean"], "severity": [0], "n": [5]}
    (tmp_path / "results" / "conditions").mkdir(parents=True)
    rows = pa.table({**columns, "offsets": pa.array([value], kind)})
    pq.write_table(rows, tmp_path / "results" / "conditions" / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet is damaged"):
        list(stored_offsets(Results(tmp_path), ["a"], ["clean"]))
