"""The metadata of a ticket's file, which come before its tensors, and the sentence for a file that is none."""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pruning.errors import UserError

MAX_HEADER = 16 * 2**20
DIGEST = "digest"  # the key of that of all other metadata
DIGITS = 16


def damaged(path: Path, reason: str) -> UserError:
    """The sentence for a ticket file that cannot be read; what a study can find anew may go, and nothing else."""
    own = path.absolute().parent.name in ("tickets", "cache")
    anew = "; delete it and run the study again to find it anew" if own else ""
    return UserError(f"{path} is not a readable ticket ({reason}){anew}.")


def digest_of_metadata(metadata: Mapping[str, str]) -> str:
    """The digest of all metadata but itself."""
    rest = json.dumps({key: value for key, value in metadata.items() if key != DIGEST}, sort_keys=True)
    return hashlib.sha256(rest.encode()).hexdigest()[:DIGITS]


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a safetensors file: eight bytes of length, then a JSON header.

    Raises:
        UserError: there is no such file, or it is cut short or none of these.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise damaged(path, "it is cut short or not a safetensors file")
            header = json.loads(file.read(length))
        if not isinstance(header, dict) or _end(header) != size - 8 - length:
            raise damaged(path, "it is cut short or not a safetensors file")
    except FileNotFoundError:
        raise UserError(f"There is no ticket file {path}.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise damaged(path, str(error)) from None
    metadata = header.get("__metadata__", {})
    return metadata if isinstance(metadata, dict) else {}


def _end(header: dict[str, Any]) -> int:
    """Where the last tensor ends, in bytes after the header; -1 when the header does not say."""
    try:
        return max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
    except (KeyError, TypeError, IndexError):
        return -1
