"""Results that were brought together are the same results, whatever is written, removed or killed in between."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis.engine.status import status
from analysis.results import files as stored_files
from analysis.results import packs
from analysis.results.provenance import Provenance
from analysis.results.stamps import files
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning import files as writing
from pruning.errors import UserError, WriteError
from pruning.study.folder import Study
from tests.analysis.results.test_store import rows
from tests.samples import CORRUPTED

TABLE = "conditions"


def frame(seed: int) -> pd.DataFrame:
    """Rows that only this seed has."""
    plain = rows(TABLE, 1 + seed % 4)
    return plain.assign(corruption=[f"c{number}" for number in range(len(plain))], severity=1, accuracy=seed / 7)


def made(seed: int) -> dict[str, Provenance]:
    """What made them."""
    return {f"c{number} 1": Provenance(1, f"digest {seed}") for number in range(1 + seed % 4)}


def fill(results: Results, count: int) -> dict[str, int]:
    """Write tickets; which seed each has."""
    for seed in range(count):
        results.write(TABLE, f"t{seed:02}", frame(seed), made(seed))
    return {f"t{seed:02}": seed for seed in range(count)}


def check(results: Results, known: dict[str, int]) -> None:
    """Hold all that can be asked against what was written."""
    assert results.ids(TABLE) == sorted(known)
    whole = results.table(TABLE)
    expected = [frame(known[key]).assign(ticket_id=key) for key in sorted(known)]
    pd.testing.assert_frame_equal(whole[sorted(whole)], _joined(expected, whole), check_dtype=False)
    some = random.Random(0).sample(sorted(known), min(5, len(known)))
    chosen = results.table(TABLE, ids=[*some, "none"], columns=["accuracy"])
    assert chosen["accuracy"].tolist() == [value for key in some for value in frame(known[key])["accuracy"]]
    stored = results.stored(TABLE)
    assert stored.made == {key: made(seed) for key, seed in known.items()}
    assert not stored.damaged
    assert all(results.made(TABLE, key) == made(seed) for key, seed in list(known.items())[:3])
    counted = results.query(f"SELECT ticket_id, count(*) AS n FROM {TABLE} GROUP BY ticket_id")
    assert dict(counted.itertuples(index=False)) == {key: 1 + seed % 4 for key, seed in known.items()}
    assert set(files(results.path.parent, fresh=True).results[TABLE]) == set(known)


def _joined(frames: list[pd.DataFrame], like: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)[sorted(like)]


def test_a_hundred_changes_at_random_give_what_was_written_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "FULL", 40_000)  # a dozen files
    results, draw = Results(tmp_path), random.Random(1)
    known = fill(results, 12)
    for turn in range(40):
        key = f"t{draw.randrange(20):02}"
        match draw.randrange(4):
            case 0:
                results.remove(key)
                known.pop(key, None)
            case 1:
                results.compact()
            case _:
                results.write(TABLE, key, frame(turn), made(turn))
                known[key] = turn
        if turn % 8 == 0:
            check(results, known)
    assert results.compact() or packs.packs_in(results.path / TABLE)
    check(results, known)


def test_few_files_are_left_and_a_second_time_there_is_nothing_to_do(tmp_path: Path) -> None:
    results = Results(tmp_path)
    known = fill(results, 30)
    results.write("summary", "t00", rows("summary", 1), {"": Provenance(1, "x")})
    assert results.compact(least=31) == {}
    assert results.compact() == {TABLE: 30}
    assert [packs.is_pack(path.name) for path in (results.path / TABLE).iterdir()] == [True]
    assert results.compact() == {}
    check(results, known)


@pytest.mark.parametrize("moment", range(4))
def test_a_kill_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    results = Results(tmp_path)
    known = fill(results, 6)
    results.compact()
    known |= {key: seed + 50 for key, seed in fill(results, 3).items()}
    for key in ("t00", "t01", "t02"):
        results.write(TABLE, key, frame(known[key]), made(known[key]))
    unlink, left = Path.unlink, [moment]

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".parquet":
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        results.compact()
    monkeypatch.undo()
    check(results, known)
    results.compact()
    check(results, known)


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(tmp_path)
    known = fill(results, 4)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_fill", full)
    with pytest.raises(WriteError, match="disk is full"):
        results.compact()
    monkeypatch.undo()
    assert sorted(path.name for path in (results.path / TABLE).iterdir()) == [f"{key}.parquet" for key in known]
    check(results, known)


def test_a_damaged_pack_is_named_left_out_when_forgiven_and_goes_when_it_is_made_anew(tmp_path: Path) -> None:
    results = Results(tmp_path)
    fill(results, 5)
    results.compact()
    [pack] = packs.packs_in(results.path / TABLE)
    whole = pack.read_bytes()
    for content in (whole[:-100], whole[:300] + bytes([whole[300] ^ 1]) + whole[301:]):
        pack.write_bytes(content)
        with pytest.raises(UserError, match=r"\+000001.* is damaged"):
            results.table(TABLE)
        assert results.stored(TABLE).damaged == [pack.stem]
        forgiving = Results(tmp_path, forgiving=True)
        assert forgiving.table(TABLE).empty
        assert str(pack) in forgiving.found_damaged()[0]
    results.write(TABLE, "t01", frame(1), made(1))
    results.remove_damaged_packs()
    check(results, {"t01": 1})


def test_files_of_an_earlier_version_damaged_and_large_ones_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = Results(tmp_path)
    known = fill(results, 5)
    results.write(TABLE, "old", frame(3))
    (results.path / TABLE / "bad.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(packs, "SMALL", max(path.stat().st_size for path in (results.path / TABLE).iterdir()))
    many, draw = pd.concat([frame(2)] * 3000, ignore_index=True), random.Random(2)
    results.write(TABLE, "large", many.assign(accuracy=[draw.random() for _ in range(len(many))]), made(2))
    assert results.compact() == {TABLE: len(known)}
    own = {path.name for path in (results.path / TABLE).iterdir() if not packs.is_pack(path.name)}
    assert own == {"old.parquet", "large.parquet", "bad.parquet"}


def test_a_real_study_is_as_complete_as_before(tmp_path: Path) -> None:
    source = min(CORRUPTED, key=lambda folder: len(list((folder / "tickets").iterdir())))
    folder = tmp_path / "study"
    shutil.copytree(source, folder)
    study, results = Study.open(folder), Results(folder)
    before, counts = status(study), {table: len(results.table(table)) for table in TABLES}
    assert sum(results.compact().values()) > 100
    assert {table: len(results.table(table)) for table in TABLES} == counts
    assert status(study) == before


def test_a_pack_is_cut_so_that_a_ticket_is_read_without_most_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_files, "BYTES_PER_GROUP", 1_000)
    monkeypatch.setattr(packs, "MEMORY", 6_000)
    results = Results(tmp_path)
    known = fill(results, 40)
    results.compact()
    check(results, known)
    found = [pq.ParquetFile(path).metadata for path in packs.packs_in(results.path / TABLE)]
    sizes = [each.row_group(number).total_byte_size for each in found for number in range(each.num_row_groups)]
    assert len(sizes) > 2 * len(found) > 2
    assert max(sizes) < 4_000  # what a column needs beside its values included
