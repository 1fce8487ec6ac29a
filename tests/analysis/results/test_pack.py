"""A packed study says what the whole one says; one that was tampered with is refused, and nothing is left of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.comparisons import two_studies
from analysis.engine import measure
from analysis.results.pack import pack
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study import bundle, known
from pruning.study.adding import add_method
from pruning.study.folder import Study
from pruning.study.opened import opened_folder, origin
from pruning.study.runner import run
from pruning.training.recording import Recording, of_elsewhere
from tests.samples import CORRUPTED

SOURCE = min(CORRUPTED, key=lambda folder: len(list((folder / "tickets").iterdir())))
Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed sample."""
    found = tmp_path_factory.mktemp("packed") / "theirs.study.zip"
    pack(Study.open(SOURCE), found)
    return found


def test_recipes_summaries_and_digests_are_those_of_the_study(file: Path) -> None:
    whole, packed = Study.open(SOURCE), Study.open(file)
    assert [entry.id for entry in packed.entries()] == [entry.id for entry in whole.entries()]
    for ours, theirs in zip(whole.entries(), packed.entries(), strict=True):
        assert (ours.recipe, ours.digest, ours.kept, ours.total) == (
            theirs.recipe,
            theirs.digest,
            theirs.kept,
            theirs.total,
        )
        assert (ours.info.accuracy, ours.info.seconds) == (theirs.info.accuracy, theirs.info.seconds)
    results = [Results(study.path) for study in (whole, packed)]
    for table in ("summary", "conditions", "reliability", "lost"):
        pd.testing.assert_frame_equal(*(each.table(table) for each in results))
        assert results[0].stored(table) == results[1].stored(table)
    assert packed.path.name == "theirs"
    assert origin(packed.path) == str(file)


def test_it_holds_no_weights_masks_or_rows_of_images(file: Path) -> None:
    ticket = Study.open(file).load(Study.open(SOURCE).entries()[1].id)
    assert not ticket.masks
    assert not ticket.state
    with pytest.raises(UserError, match="neither its masks nor its weights"):
        ticket.model()
    packed = Results(Study.open(file).path)
    assert not packed.ids("corrupted")
    assert not packed.ids("geometry")
    assert len(packed.ids("samples")) == 1
    assert file.stat().st_size < sum(path.stat().st_size for path in SOURCE.rglob("*") if path.is_file()) / 2


def test_it_is_compared_image_for_image_with_the_whole_one(file: Path) -> None:
    rows = [Results(Study.open(place).path).table("conditions") for place in (SOURCE, file)]
    ids = {entry.recipe.label: [entry.id] for entry in Study.open(SOURCE).entries()[:3]}
    found = two_studies.compare_studies(*two_studies.in_common(rows[0], rows[1], (ids, ids)))
    assert len(found) >= 3
    assert (found["difference"] == 0).all()


def test_nothing_is_written_into_it(file: Path) -> None:
    study = Study.open(file)
    for attempt in (run, measure.run, lambda each: add_method(each, "")):
        with pytest.raises(UserError, match="only read here; copy"):
            attempt(study)


def test_the_same_study_gives_the_same_file_and_a_copy_of_it_is_known(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = tmp_path / "studies" / "mine.study.zip"
    pack(Study.open(SOURCE), again)
    assert again.read_bytes() == file.read_bytes()
    (tmp_path / "studies" / "bad.study.zip").write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)
    assert {folder.name for folder in known.study_folders()} == {"mine", "bad.study.zip"}


def changed(file: Path, into: Path, change: Callable[[Entries], Entries]) -> Path:
    """The packed study with other entries."""
    with zipfile.ZipFile(file) as packed:
        entries = change({name: packed.read(name) for name in packed.namelist()})
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return into


def listed(entries: Entries, name: str, content: bytes) -> Entries:
    """The entries with one more, which the list of files knows."""
    index = json.loads(entries["bundle.json"])
    index["files"][name] = bundle.digest(content)
    return entries | {name: content, "bundle.json": json.dumps(index).encode()}


TAMPERED: dict[str, Callable[[Entries], Entries]] = {
    "out of its place": lambda entries: listed(entries, "../../evil.toml", b""),
    "an absolute path": lambda entries: listed(entries, "/tmp/evil.toml", b""),
    "code": lambda entries: listed(entries, "net.py", b"print(1)"),
    "out by results": lambda entries: listed(entries, "results/../x/+000001-0123456789ab.parquet", b""),
    "not listed": lambda entries: entries | {"tickets/0123456789ab.safetensors": b""},
    "another study.toml": lambda entries: entries | {"study.toml": entries["study.toml"] + b"#"},
    "one missing": lambda entries: dict(list(entries.items())[:1] + list(entries.items())[2:]),
    "another form": lambda entries: entries | {"bundle.json": b'{"format": "x", "files": {}}'},
    "no list": lambda entries: entries | {"bundle.json": b"[]"},
    "no json": lambda entries: entries | {"bundle.json": b"\xff{"},
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_tampered_with_is_refused_in_a_sentence_and_leaves_nothing(
    file: Path, tmp_path: Path, how: str
) -> None:
    bad = changed(file, tmp_path / "bad.study.zip", TAMPERED[how])
    with pytest.raises(UserError, match=r"bad\.study\.zip is no packed study that can be read: "):
        Study.open(bad)
    assert not [path for path in opened_folder().rglob("*") if path.is_file()]
    assert not list(tmp_path.rglob("evil*"))


def test_any_cut_or_flip_is_noticed(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    bad = tmp_path / "bad.study.zip"
    middle = len(whole) // 3
    for content in (b"", whole[:middle], whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :]):
        bad.write_bytes(content)
        with pytest.raises(UserError, match="is no packed study that can be read"):
            Study.open(bad)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("damaged", [False, True])
def test_other_ways_to_compress_are_refused_and_hide_no_study(
    method: int, damaged: bool, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "studies").mkdir()
    bad = tmp_path / "studies" / "bad.study.zip"
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(bad, "w", method) as into:
        for name in ("bundle.json", "study.toml"):
            into.writestr(name, packed.read(name))
    content = bytearray(bad.read_bytes())
    content[60:200] = bytes(140) if damaged else content[60:200]
    bad.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.study\.zip is no packed study that can be read: "):
        Study.open(bad)
    monkeypatch.chdir(tmp_path)
    assert bad.resolve() in {folder.resolve() for folder in known.study_folders()}


def test_whatever_reading_raises_is_a_sentence(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*arguments: object) -> bytes:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(bundle, "_read", read)
    with pytest.raises(UserError, match="is no packed study that can be read: division by zero"):
        Study.open(file)


def test_a_bomb_is_refused_before_it_is_unpacked(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "BYTES", 10_000_000)
    bomb = changed(file, tmp_path / "bomb.study.zip", lambda entries: listed(entries, "study.toml", bytes(20_000_000)))
    assert bomb.stat().st_size < 8_000_000
    with pytest.raises(UserError, match="it holds more than"):
        Study.open(bomb)


def test_tickets_that_earlier_versions_packed_are_known_as_packed() -> None:
    before = Recording.model_validate({"images": "", "outputs": {}, "weights": 3})
    assert before.packed
    assert of_elsewhere(before) is None
    recorded = Recording(images="0123", outputs={"fog 3": "4567"})
    assert not recorded.packed
    assert of_elsewhere(recorded) is recorded
