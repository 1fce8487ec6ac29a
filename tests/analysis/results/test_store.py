import errno
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results.columns import round_mantissa
from analysis.results.provenance import Provenance
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.errors import UserError
from pruning.study.commands import measuring

EXAMPLES = {"str": "a", "bool": True, "blob": b"\x80", "f32": 0.1, "rounded": 0.1, "f64": 0.1}


def kinds(table: str) -> dict[str, str]:
    """Column -> kind."""
    return {name: column.kind for name, column in TABLES[table].all_columns.items()}


def rows(table: str, count: int = 2) -> pd.DataFrame:
    """A frame that fits the table, without its ticket_id; integer columns count up from 0, and from 0 again at 100."""
    return pd.DataFrame(
        {
            column: [number % 100 for number in range(count)] if kind.startswith("i") else [EXAMPLES[kind]] * count
            for column, kind in kinds(table).items()
            if column != "ticket_id"
        }
    )


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_comes_back_as_written(results: Results, table: str) -> None:
    assert not results.has(table, "b")
    file = results.write(table, "b", rows(table))
    results.write(table, "a", rows(table).iloc[:, ::-1])
    assert file == results.path / table / "b.parquet"
    assert results.has(table, "b")
    assert results.ids(table) == ["a", "b"]
    read = results.table(table)
    assert list(read.columns) == list(kinds(table))
    assert read.ticket_id.tolist() == ["a", "a", "b", "b"]
    for column, kind in kinds(table).items():
        if column == "ticket_id":
            continue
        written = rows(table)[column].tolist() * 2
        if kind == "rounded":
            assert read[column].to_numpy() == pytest.approx(np.array(written), rel=2**-11)
        elif kind == "f32":
            assert read[column].tolist() == np.float32(written).tolist()
        else:
            assert [bytes(v) if kind == "blob" else v for v in read[column]] == written
    pd.testing.assert_frame_equal(read, results.query(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_nobody_wrote_is_empty_with_the_same_columns_and_types(results: Results, table: str) -> None:
    nothing = results.query(f"SELECT * FROM {table}")
    results.write(table, "a", rows(table))
    something = results.query(f"SELECT * FROM {table}")
    assert len(nothing) == 0
    assert list(nothing.columns) == list(something.columns)
    numeric = [c for c, kind in kinds(table).items() if kind[0] in "ifr"]
    assert nothing[numeric].dtypes.tolist() == something[numeric].dtypes.tolist()


def test_writing_again_replaces_and_is_seen_at_once(results: Results) -> None:
    for value in range(5):
        results.write("summary", "a", rows("summary", 1).assign(correct=value))
        assert results.query("SELECT correct FROM summary").correct.tolist() == [value]


def test_a_frame_without_rows_is_a_result(results: Results) -> None:
    results.write("weights", "a", rows("weights", 0))
    assert results.has("weights", "a")
    assert len(results.table("weights")) == 0


def test_joins_parameters_and_filters(results: Results) -> None:
    for number, ticket in enumerate("abc"):
        results.write("summary", ticket, rows("summary", 1).assign(accuracy=number / 10))
        results.write("samples", ticket, rows("samples", 4))
    joined = results.query(
        "SELECT s.ticket_id, count(*) AS n FROM samples JOIN summary s USING (ticket_id) WHERE accuracy > $low"
        " GROUP BY ALL ORDER BY ALL",
        {"low": 0.05},
    )
    assert joined.to_dict("list") == {"ticket_id": ["b", "c"], "n": [4, 4]}
    chosen = results.table("samples", ["c", "nobody", "a"], ["ticket_id", "sample"], "sample >= ?", [2])
    assert chosen.to_dict("list") == {"ticket_id": ["c", "c", "a", "a"], "sample": [2, 3, 2, 3]}
    assert len(results.table("samples", [])) == 0
    with pytest.raises(UserError, match="Did you mean 'sample'"):
        results.table("samples", columns=["sampel"])
    with pytest.raises(UserError, match="Did you mean 'samples'"):
        results.table("sampels")


def test_missing_floats_stay_missing_and_nothing_else_may_be_missing(results: Results) -> None:
    frame = rows("conditions")
    results.write("conditions", "a", frame.assign(mean_angle=[np.nan, 3.0]))
    read = results.table("conditions")
    assert np.isnan(read.mean_angle[0])
    assert results.query("SELECT avg(mean_angle) AS m FROM conditions").m[0] == 3
    with pytest.raises(ValueError, match="'corruption': 1 values are missing"):
        results.write("conditions", "a", frame.assign(corruption=["fog", None]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"severity": 300}, "'severity' holds what is not i8"),
        ({"n": 1.5}, "'n' holds what is not i32"),
        ({"corruption": 3}, "'corruption' holds what is not str"),
        ({"surprise": 1}, "extra columns \\['surprise'\\]"),
        ({"ticket_id": "b"}, "Rows of other tickets"),
    ],
)
def test_a_frame_of_another_form_is_refused(results: Results, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        results.write("conditions", "a", rows("conditions").assign(**change))
    with pytest.raises(ValueError, match="missing columns \\['n'\\]"):
        results.write("conditions", "a", rows("conditions").drop(columns="n"))
    assert results.ids("conditions") == []


@pytest.mark.parametrize("ticket", ["", "../a", ".a", "a/b", "a'b"])
def test_an_id_that_is_no_file_name_is_refused(results: Results, ticket: str) -> None:
    with pytest.raises(ValueError, match="is no ticket id"):
        results.write("maps", ticket, rows("maps"))


def test_a_study_path_with_quotes_and_spaces_works(tmp_path: Path) -> None:
    results = Results(tmp_path / "it's a study")
    results.write("maps", "a", rows("maps"))
    assert len(results.table("maps")) == 2


@pytest.mark.parametrize("keep", [0, 3, 0.5, 0.99])
def test_a_truncated_file_is_named_with_what_to_do(results: Results, keep: float) -> None:
    results.write("corrupted", "a", rows("corrupted", 500))
    file = results.write("corrupted", "b", rows("corrupted", 500))
    content = file.read_bytes()
    file.write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    for read in (lambda: results.table("corrupted"), lambda: results.query("SELECT avg(angle) FROM corrupted")):
        with pytest.raises(UserError) as raised:
            read()
        message = str(raised.value)
        assert str(file) in message
        assert f"delete it and run `{measuring(results.path.parent)}` again" in message
    assert len(results.table("corrupted", ["a"])) == 500
    results.remove("b")
    assert len(results.table("corrupted")) == 500


def test_a_foreign_parquet_file_is_named(results: Results) -> None:
    results.write("maps", "a", rows("maps"))
    foreign = results.path / "maps" / "b.parquet"
    pq.write_table(pa.table({"something": [1, 2]}), foreign)
    with pytest.raises(UserError, match=r"b\.parquet has not the columns of the table 'maps'"):
        results.table("maps")


def test_wrong_sql_is_not_blamed_on_the_files(results: Results) -> None:
    results.write("maps", "a", rows("maps"))
    with pytest.raises(Exception, match="no_such_column") as raised:
        results.query("SELECT no_such_column FROM maps")
    assert not isinstance(raised.value, UserError)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_is_one_sentence_and_leaves_the_old_result(
    results: Results, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    results.write("maps", "a", rows("maps"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, full)
        with pytest.raises(UserError, match=r"maps/a\.parquet: the disk is full; nothing was changed"):
            results.write("maps", "a", rows("maps", 9))
    assert len(results.table("maps")) == 2
    assert os.listdir(results.path / "maps") == ["a.parquet"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="Cannot write"):
        Results(tmp_path).write("maps", "a", rows("maps"))


def test_what_a_killed_run_left_is_ignored_and_can_be_removed(results: Results) -> None:
    results.write("weights", "a", rows("weights"))
    killed = (
        "import os, signal, sys, pandas as pd; from analysis.results.store import Results;"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "frame = pd.DataFrame({'layer': ['l'], 'left': 0., 'right': 1., 'count': [2]});"
        "Results(sys.argv[1]).write('weights', 'b', frame)"
    )
    child = subprocess.run([sys.executable, "-c", killed, str(results.path.parent)], check=False)
    assert child.returncode == -signal.SIGKILL
    assert len(os.listdir(results.path / "weights")) > 1
    assert results.ids("weights") == ["a"]
    assert len(results.table("weights")) == 2
    results.remove_leftovers()
    assert os.listdir(results.path / "weights") == ["a.parquet"]


def test_the_database_is_given_up_before_the_interpreter_ends() -> None:
    """One that is alive while modules go has DuckDB print dozens of lines on what leaks, after the right result."""
    asked = (
        "import atexit\n"
        "from analysis.results import asking\n"
        "atexit.register(lambda: print(asking._database.cache_info()))\n"  # runs after what was registered later
        "assert asking.answer('SELECT 1', None, {}).size == 1"
    )
    child = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert "currsize=0" in child.stdout
    assert not child.stderr


def test_the_fingerprint_changes_with_every_change_and_only_then(results: Results) -> None:
    seen = [results.fingerprint()]
    results.write("maps", "a", rows("maps"))
    seen.append(results.fingerprint())
    results.write("maps", "b", rows("maps"))
    seen.append(results.fingerprint())
    time.sleep(0.02)  # the file system's clock has steps
    results.write("maps", "a", rows("maps").assign(sample=7))
    seen.append(results.fingerprint())
    results.remove("b")
    seen.append(results.fingerprint())
    assert len(set(seen)) == 5
    results.query("SELECT * FROM maps")
    (results.path / "maps" / ".x.tmp").touch()
    assert Results(results.path.parent).fingerprint() == seen[-1]


def test_threads_ask_at_the_same_time_without_mixing_studies(tmp_path: Path) -> None:
    studies = [Results(tmp_path / str(number)) for number in range(4)]
    for number, study in enumerate(studies):
        study.write("summary", "a", rows("summary", 1).assign(correct=number))
    answers: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        query = "SELECT correct FROM summary"
        answers[number] = [int(studies[number].query(query).correct[0]) for _ in range(20)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [number] * 20 for number in range(4)}


def test_equal_rows_give_an_equal_file(results: Results, tmp_path: Path) -> None:
    made = {"fog 0": Provenance(measure=2, ticket="t"), "fog 1": Provenance(measure=3, ticket="t")}
    frame = rows("conditions").assign(corruption="fog")
    other = Results(tmp_path / "elsewhere")
    first, second = (each.write("conditions", "a", frame, made) for each in (results, other))
    assert first.read_bytes() == second.read_bytes()
    assert results.made("conditions", "a") == made


def test_any_flipped_bit_is_noticed(results: Results) -> None:
    """Wherever it is: in the values, in the parquet header, in what made the file, in the digest itself."""
    random = np.random.default_rng(0)
    made = {"": Provenance(measure=1, ticket="0123456789abcdef", images="fedcba9876543210")}
    for table in ("summary", "conditions", "corrupted", "maps", "weights"):
        frame = rows(table, 300)
        file = results.write(table, "a", frame, made)
        content = file.read_bytes()
        marks = [content.index(word) for word in (b"content_digest", b"made_by", b"blake2b")]
        for place in [*random.integers(0, len(content), 60), *marks, len(content) - 3]:
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(random.integers(8))
            file.write_bytes(flipped)
            for read in (partial(results.table, table), partial(results.query, f"SELECT count(*) FROM {table}")):
                with pytest.raises(UserError, match=r"a\.parquet is damaged or cut short: delete it and run"):
                    read()
            assert results.stored(table).damaged == ["a"]
        file.write_bytes(content)
        assert len(results.table(table)) == 300


def test_a_forgiving_reader_leaves_out_what_is_damaged_and_says_so_until_it_is_mended(results: Results) -> None:
    for key in "abc":
        results.write("conditions", key, rows("conditions"))
    content = results._file("conditions", "b").read_bytes()
    forgiving = Results(results.path.parent, forgiving=True)
    for bad in (content[:100], content[:60] + bytes([content[60] ^ 4]) + content[61:], b""):
        results._file("conditions", "b").write_bytes(bad)
        assert set(forgiving.table("conditions")["ticket_id"]) == {"a", "c"}
        assert forgiving.query("SELECT count(DISTINCT ticket_id) AS n FROM conditions").n[0] == 2
        (sentence,) = forgiving.found_damaged()
        assert "b.parquet is damaged" in sentence
        with pytest.raises(UserError, match=r"b\.parquet"):
            results.table("conditions")
    results._file("conditions", "b").write_bytes(content)
    assert set(forgiving.table("conditions")["ticket_id"]) == {"a", "b", "c"}
    assert not forgiving.found_damaged()


@pytest.mark.parametrize("name", ["exp[12]", "star*", "what?", "it's", "a,b", "{1,2}", "100%", "[!x]", "**"])
def test_the_name_of_a_folder_is_no_pattern(tmp_path: Path, name: str) -> None:
    for place, folder in enumerate([name, "exp1", "exp2", "starred", "whats", "a", "1", "y"]):
        frame = rows("conditions").assign(n=place)
        Results(tmp_path / folder).write("conditions", "a", frame)
    assert set(Results(tmp_path / name).table("conditions")["n"]) == {0}
    assert Results(tmp_path / name).query("SELECT max(n) AS n FROM conditions").n[0] == 0


def test_rows_of_another_ticket_are_not_taken_for_those_that_the_file_is_named_after(results: Results) -> None:
    own = results.write("conditions", "a", rows("conditions"))
    (own.parent / "b.parquet").write_bytes(own.read_bytes())
    with pytest.raises(UserError, match=r"b\.parquet holds rows of ticket a, .* delete it"):
        results.table("conditions", ["b"])
    assert results.stored("conditions").damaged == ["b"]
    assert len(results.table("conditions", ["a"]))


def test_a_table_that_has_gained_a_column_stays_readable(results: Results) -> None:
    old = results.write("conditions", "a", rows("conditions"))
    results.write("conditions", "b", rows("conditions"))
    pq.write_table(pq.read_table(old).drop_columns(["ece", "offsets"]).replace_schema_metadata(), old)
    for ids in (["a"], ["a", "b"], ["b", "a"]):
        read = results.table("conditions", ids)
        assert list(read.columns) == list(kinds("conditions"))
        assert read["ece"].isna().tolist() == [key == "a" for key in read["ticket_id"]]
        assert read["n"].tolist() == [0, 1] * len(ids)
    assert results.query("SELECT count(ece) AS n FROM conditions").n[0] == 2
    assert results.stored("conditions").lacking == {"a": ["ece", "offsets"]}


@given(st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100), st.integers(1, 22))
def test_rounding_gives_the_nearest_value_of_that_many_bits(value: float, bits: int) -> None:
    (rounded,) = round_mantissa(np.array([value], np.float32), bits)
    if value == 0 or abs(value) < 2.0**-126:
        return  # subnormal numbers have fewer bits to start with
    _, exponent = np.frexp(value)
    step = 2.0 ** (int(exponent) - 1 - bits)
    assert rounded == np.round(value / step) * step  # np.round also sends ties to even


def test_rounding_keeps_what_is_no_number() -> None:
    hidden = np.array([0x7F800001], np.uint32).view(np.float32)[0]  # a NaN whose only set bit would be dropped
    rounded = round_mantissa(np.array([np.inf, -np.inf, np.nan, hidden, -0.0], np.float32))
    assert rounded[:2].tolist() == [np.inf, -np.inf]
    assert np.isnan(rounded[2:4]).all()
    assert np.signbit(rounded[4])
    assert round_mantissa(np.array([1 + 2**-10 + 2**-11 + 2**-20])) == [np.float32(1 + 2**-9)]
