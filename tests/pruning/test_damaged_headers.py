"""A ticket or study file may hold anything: each is one sentence, never a traceback."""

import json
import struct
from pathlib import Path

import pytest

from pruning import Study, Ticket, UserError
from pruning.checkpoints.ticket_metadata import DIGEST, digest_of_metadata

NESTED = "[" * 50_000
ODD: list[object] = [None, 3, "", "x", [], {}, NESTED, "null", "3", "[]", '{"a": -1}', '{"a": [1e400]}', '{"a": "b"}']


@pytest.mark.parametrize("key", ["format", "recipe", "info", "shapes", "content", "other"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
def test_a_ticket_whose_metadata_are_odd(key: str, value: object, found_study: Path, tmp_path: Path) -> None:
    raw = sorted((found_study / "tickets").iterdir())[0].read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    metadata = header["__metadata__"] | {key: value}
    metadata.pop("content") if key != "content" else None
    metadata[DIGEST] = digest_of_metadata(metadata)
    if key != "content":
        del metadata[DIGEST]  # as files of earlier versions are, which nothing vouches for
    changed = json.dumps(header | {"__metadata__": metadata}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(changed)) + changed + raw[8 + size :])
    with pytest.raises(UserError, match=r"x\.safetensors"):
        Ticket.load(path)


@pytest.mark.parametrize(
    "content",
    [f"title = {NESTED}".encode(), b"a" + b".a" * 5_000 + b" = 1", b"\xff\xfe", b"\x00", b"title = 2000-99-99", b""],
    ids=["nested", "dotted", "no text", "nul", "no date", "empty"],
)
def test_a_study_file_that_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_bytes(content)
    with pytest.raises(UserError, match=r"study\.toml"):
        Study.open(tmp_path)
