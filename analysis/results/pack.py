"""Packs a study into one small file for others: recipes, summaries, digests, and no weights.

Of the tables, those that hold no row an image, and of these that of the clean images for one ticket, which says what
the classes of the images are; so a packed study is compared with another as the whole one is, image for image.
"""

from __future__ import annotations

import json
import struct
import tempfile
import zipfile
from pathlib import Path

from analysis.results import packs
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.checkpoints.ticket_metadata import DIGEST, digest_of_metadata
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.progress import Progress, quiet
from pruning.study.bundle import FORMAT, INDEX, digest
from pruning.study.commands import finding
from pruning.study.folder import SUFFIX, TICKETS, TOML, Entry, Study
from pruning.ticket import CONTENT, read_header
from pruning.ticket import FORMAT as TICKET_FORMAT
from pruning.training.recording import Recording

LABELS = "samples"
"""The table of the clean images, of which one ticket's rows are packed."""
BEGAN = (1980, 1, 1, 0, 0, 0)


def pack(study: Study, file: Path, progress: Progress = quiet) -> int:
    """Write a packed study; returns its size in bytes.

    Raises:
        UserError: the study has no tickets.
        WriteError: the disk will not take it.
    """
    entries = [*study.entries(), *study.elsewhere()]
    if not entries:
        raise UserError(f"Study {study.path} has no tickets yet; `{finding(study.source)}` finds them.")
    with tempfile.TemporaryDirectory(prefix="pack-") as name:
        folder = Path(name)
        _gather(study, folder / "results", progress)
        write_atomically(file, lambda temporary: _write(study, entries, folder, temporary))
    return file.stat().st_size


def _gather(study: Study, into: Path, progress: Progress) -> None:
    results = Results(study.path)
    # the dense network, which pages hold the others against
    usual = {each.id for each in study.entries() if each.recipe.is_dense and each.recipe.seed == study.detail_seed}
    for number, (name, table) in enumerate(TABLES.items()):
        progress(number / len(TABLES), f"gathering {name}")
        ids = results.ids(name)
        if "sample" in table.columns:
            ids = sorted(ids, key=lambda each: each not in usual)[:1] if name == LABELS else []
        if ids:
            packs.gather(table, results.path / name, into / name, ids)


def _write(study: Study, entries: list[Entry], folder: Path, file: Path) -> None:
    contents = {TOML: study.source.read_bytes()}
    contents |= {f"{TICKETS}/{entry.id}{SUFFIX}": _without_tensors(entry) for entry in entries}
    contents |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("+*.parquet"))}
    digests = {name: digest(each) for name, each in contents.items()}
    contents[INDEX] = json.dumps({"format": FORMAT, "files": digests}, indent=1).encode()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in contents.items():
            how = zipfile.ZIP_STORED if name.endswith(".parquet") else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name, BEGAN), content, how)


def _without_tensors(entry: Entry) -> bytes:
    """A ticket's file without masks and weights, which keeps the digest that they had."""
    header = read_header(entry.path)
    brought = header.info.recording or Recording(images="", outputs={}, weights=entry.kept)
    said = brought.model_copy(update={"packed": True})
    info = header.info.model_copy(update={"recording": said, "history": [], "record": {}})
    metadata = {
        "format": TICKET_FORMAT,
        "recipe": header.recipe.model_dump_json(exclude_none=True),
        "info": info.model_dump_json(),
        "shapes": json.dumps(header.shapes),
        CONTENT: entry.digest,
    }
    metadata[DIGEST] = digest_of_metadata(metadata)
    text = json.dumps({"__metadata__": metadata}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text
