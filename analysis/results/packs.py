"""Files that hold the rows of many tickets, so that a study of thousands is read from few.

A measurement is written to a file of its ticket's own, `results/TABLE/TICKET.parquet`. `compact` brings such files
together into packs, `results/TABLE/+GENERATION-DIGEST.parquet`, which keep what made each ticket's parts and have a
digest of all their bytes. A ticket's own file counts before any pack, a pack of a later generation before an earlier
one, and files go only when the pack that holds their rows is there: so nothing is lost or doubled by a kill at any
moment, and what is written while packs are there is a file of its own again. Large files stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.results import files
from analysis.results.asking import Part
from analysis.results.tables import TICKET, Table
from pruning.errors import UserError
from pruning.files import write_atomically

SMALL = 1_000_000
"""Bytes up to which a file is worth bringing together with others."""
FULL = 32_000_000
"""Bytes of files that a pack holds at most, about; so much is lost where a pack is damaged."""
ROWS = 2_000_000
"""Rows that a pack holds at most, about, as they are in memory while it is made."""
MEMORY = 400_000_000
"""Bytes of these rows, before they are compressed."""
UNRECORDED = ("", "[]")
"""What files say that do not tell what made them."""
ENDING = ".parquet"
_NAME = re.compile(r"\+(\d{6,})-[0-9a-f]{12}\.parquet")


def is_pack(name: str) -> bool:
    """Whether a file of that name is a pack, which no ticket's id begins like."""
    return _NAME.fullmatch(name) is not None


def names(folder: Path) -> list[str]:
    """The names of a table's files, sorted."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(ENDING) and not name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


def packs_in(folder: Path) -> list[Path]:
    """The packs of a table, generation after generation."""
    return [folder / name for name in sorted(filter(is_pack, names(folder)), key=_generation)]


def remove_damaged(folder: Path) -> None:
    """Remove the packs of a table that cannot be used."""
    for path in packs_in(folder):
        try:
            verify(path)
        except FileNotFoundError:
            continue
        except UserError:
            path.unlink(missing_ok=True)


def made_in(path: Path) -> dict[str, str]:
    """The tickets whose rows a pack holds -> what made them, as `files.made_by` of each one's own file.

    Raises:
        Damaged: that cannot be read.
        FileNotFoundError: there is no such pack.
    """
    seen = files.seen(path)
    known = _made.get(path)
    if known is None or known[0] != seen:
        try:
            plain = json.loads(files.made_by(path))
            known = _made[path] = seen, {str(key): str(text) for key, text in plain.items()}
        except (ValueError, AttributeError):
            raise files.damaged(path) from None
    return known[1]


_made: dict[Path, tuple[tuple[int, ...], dict[str, str]]] = {}
"""What was read of packs in this process, and their times of change, sizes and inodes then."""


@dataclass(frozen=True)
class Shelf:
    """Where the rows of a table's tickets are: in files of their `own`, the others' in packs; `damaged` packs."""

    own: Mapping[str, Path]
    packed: Mapping[str, Path]
    damaged: Sequence[Path] = field(default=())

    @classmethod
    def of(cls, folder: Path) -> Shelf:
        """What is in a table's folder."""
        own = {name.removesuffix(ENDING): folder / name for name in names(folder) if not is_pack(name)}
        packed: dict[str, Path] = {}
        damaged = []
        for path in packs_in(folder):
            try:
                packed |= dict.fromkeys(made_in(path), path)
            except FileNotFoundError:
                continue  # removed since
            except UserError:
                damaged.append(path)
        return cls(own, {key: path for key, path in packed.items() if key not in own}, damaged)

    def parts(self, ids: Iterable[str] | None = None) -> list[Part]:
        """The files that hold the rows of tickets, or of all; damaged packs too, whose rows nobody knows."""
        chosen = dict.fromkeys(sorted([*self.own, *self.packed]) if ids is None else ids)
        found = [Part(self.own[key]) for key in chosen if key in self.own]
        for path, held in self.by_pack().items():
            only = [key for key in held if key in chosen]
            if only:
                found.append(Part(path, None if len(only) == len(made_in(path)) else only))
        return found + [Part(path) for path in self.damaged]

    def by_pack(self) -> dict[Path, list[str]]:
        """The tickets whose rows are to be taken from each pack."""
        found: dict[Path, list[str]] = {}
        for ticket_id, path in self.packed.items():
            found.setdefault(path, []).append(ticket_id)
        return found


def verify(path: Path) -> None:
    """See whether a pack, or a ticket's own file, is as it was written. Raises as `files.verify`."""
    files.verify(path, made_in(path) if is_pack(path.name) else None)


def compact(table: Table, folder: Path, least: int = 2) -> int:
    """Bring the small files of a table together, with what is in packs that have room; how many files went.

    The caller sees to it that nobody writes meanwhile. Files that are damaged, large, or made by an earlier version
    stay as they are. Nothing is done for fewer than `least` files.
    """
    shelf = Shelf.of(folder)
    small = {key: path for key, path in sorted(shelf.own.items()) if _fits(table, key, path)}
    if len(small) < least:
        return 0
    packs = [path for path in packs_in(folder) if path not in shelf.damaged]
    roomy = [path for path in packs if (2 * np.array(_size(path)) < _most()).all()]
    held = {key: path for key, path in shelf.packed.items() if path in roomy}
    generation = max((_generation(path.name) for path in packs), default=0) + 1
    everything = sorted({**held, **small}.items())
    for number, group in enumerate(_groups(everything, roomy)):
        _write(table, folder, generation + number, group)
    for path in (*small.values(), *roomy):
        path.unlink(missing_ok=True)
    return len(small)


def gather(table: Table, folder: Path, into: Path, ids: Sequence[str]) -> None:
    """Write packs of the rows of some tickets into another folder; files that cannot be used are left out."""
    shelf = Shelf.of(folder)
    places = {**shelf.packed, **shelf.own}
    usable = [(key, places[key]) for key in sorted(ids) if key in places and _usable(table, places[key])]
    for number, group in enumerate(_groups(usable, packs_in(folder)), 1):
        _write(table, into, number, group)


def without(table: Table, path: Path, ticket_id: str) -> None:
    """Take a ticket out of a pack."""
    rest = [(key, path) for key in made_in(path) if key != ticket_id]
    if rest:
        _write(table, path.parent, _generation(path.name), rest)
    path.unlink(missing_ok=True)


def _fits(table: Table, ticket_id: str, path: Path) -> bool:
    with suppress(OSError, UserError):
        if path.stat().st_size <= SMALL:
            files.verify(path)
            names = pq.read_schema(path).names
            return files.made_by(path) not in UNRECORDED and bool(names == list(table.all_columns))
    return False


def _usable(table: Table, path: Path) -> bool:
    with suppress(OSError, UserError):
        verify(path)
        return bool(pq.read_schema(path).names == list(table.all_columns))
    return False


def _groups(everything: Sequence[tuple[str, Path]], packs: Sequence[Path]) -> Iterator[list[tuple[str, Path]]]:
    """Tickets and where their rows are, cut so that each group is a pack's fill."""
    shares = {path: np.array(_size(path)) / max(1, len(made_in(path))) for path in packs}
    group: list[tuple[str, Path]] = []
    size = np.zeros(3)
    for key, path in everything:
        own = shares[path] if path in shares else np.array(_size(path))
        if group and (size + own > _most()).any():
            yield group
            group, size = [], np.zeros(3)
        group.append((key, path))
        size = size + own
    if group:
        yield group


def _most() -> tuple[int, int, int]:
    """What `_size` of a pack may be."""
    return FULL, ROWS, MEMORY


def _size(path: Path) -> tuple[int, int, int]:
    said = pq.read_metadata(path)
    inside = sum(said.row_group(number).total_byte_size for number in range(said.num_row_groups))
    return path.stat().st_size, said.num_rows, inside


def _write(table: Table, folder: Path, generation: int, group: Sequence[tuple[str, Path]]) -> None:
    read: dict[Path, pa.Table] = {}
    rows, made = [], {}
    for key, path in group:
        if is_pack(path.name):
            verify(path)
            whole = read.setdefault(path, _rows(table, path)) if path not in read else read[path]
            rows.append(whole.filter(pc.equal(whole[TICKET], key)))
            made[key] = made_in(path)[key]
        else:
            rows.append(_rows(table, path))
            made[key] = files.made_by(path)
    text = json.dumps(made, separators=(",", ":"))
    content = files.encode(table, pa.concat_tables(rows).combine_chunks(), text, by_ticket=True)
    name = f"+{generation:06d}-{hashlib.blake2b(content, digest_size=6).hexdigest()}.parquet"
    write_atomically(folder / name, content)


def _rows(table: Table, path: Path) -> pa.Table:
    return pq.read_table(path, partitioning=None).replace_schema_metadata().select(list(table.all_columns))


def _generation(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0
