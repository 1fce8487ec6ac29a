"""What the shipped studies hold, as digests: `python -m tests.shipped` writes them to `tests/shipped.json`.

The file was written once, from the studies as they shipped; it is written again only for what a mended fault changes,
and then the changelog says what that was.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from pruning.study.folder import Study
from pruning.ticket import Ticket

FILE = Path(__file__).with_name("shipped.json")
STUDIES = sorted(path.parent for path in Path("sample_checkpoints").glob("*/study.toml"))
REPRODUCTIONS = sorted(path.parent for path in Path("analysis/reproductions/studies").glob("*/study.toml"))


def ticket_digest(path: Path) -> str:
    """The digest of a ticket's masks and weights, names, types and shapes included."""
    ticket = Ticket.load(path)
    digest = hashlib.sha256()
    for kind, tensors in (("mask", ticket.masks), ("state", ticket.state)):
        for name in sorted(tensors):
            value = tensors[name].contiguous().numpy()
            digest.update(f"{kind} {name} {value.dtype} {value.shape}\n".encode())
            digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def column_digests(folder: Path) -> dict[str, str]:
    """The digest of each column of a table, over the files of all tickets in the order of their names."""
    found: dict[str, hashlib._Hash] = {}
    for file in sorted(folder.glob("*.parquet")):
        table = pq.read_table(file)
        for name in table.column_names:
            column = table.column(name).combine_chunks()
            digest = found.setdefault(name, hashlib.sha256())
            digest.update(f"{file.stem} {column.type} {len(column)}\n".encode())
            if str(column.type) in ("string", "binary"):
                for value in column.to_pylist():
                    raw = value.encode() if isinstance(value, str) else value
                    digest.update(len(raw).to_bytes(4, "little") + raw)
            else:
                digest.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).tobytes())
    return {name: digest.hexdigest()[:16] for name, digest in found.items()}


def digests(study: Path) -> dict[str, dict[str, object]]:
    """The digests of a study's tickets, by id, and of its results, by table and column."""
    tickets = {path.stem: ticket_digest(path) for path in sorted((study / "tickets").glob("*.safetensors"))}
    tables = {folder.name: column_digests(folder) for folder in sorted((study / "results").iterdir())}
    return {"tickets": dict(tickets), "tables": dict(tables)}


def recipe_digest(study: Path) -> str:
    """The digest of the ids of all tickets that a study asks for, in its order."""
    return hashlib.sha256(" ".join(recipe.id for recipe in Study.open(study).recipes()).encode()).hexdigest()[:16]


if __name__ == "__main__":
    content: dict[str, object] = {study.name: digests(study) for study in STUDIES}
    content["recipes"] = {study.name: recipe_digest(study) for study in [*STUDIES, *REPRODUCTIONS]}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
