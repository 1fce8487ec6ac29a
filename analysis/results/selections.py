"""Selections of test images that are kept in a study under a name: a small file each, in its folder `selections/`.

What is in these files may come from anybody. It is checked when it is read, and shown as text.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pruning.errors import UserError
from pruning.files import cannot_write, leads_out, write_atomically
from pruning.study.folder import SELECTIONS
from pruning.study.opened import refuse_writing

LONGEST = 80
"""Characters of a name."""

WORDS = 400
"""Characters of the words on how a selection came about."""

MOST = 1_000
"""Files that are read."""

LARGEST = 64_000_000
"""Bytes of a file that is read."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A selection under a name.

    Attributes:
        name: what the user calls it.
        images: int64 indices of test images, rising.
        of: how many test images the study had.
        labels: a digest of their true classes.
        words: how it came about.
        file: where it lies.
    """

    name: str
    images: np.ndarray
    of: int
    labels: str
    words: str
    file: Path

    def is_of(self, labels: np.ndarray) -> bool:
        """Whether it was made of these test images, as far as their number and their true classes tell."""
        return self.of == len(labels) and self.labels == _digest(labels)


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=LONGEST)
    words: str = Field("", max_length=WORDS)
    of: int = Field(ge=1, le=2**24)
    labels: str = Field(pattern="^[0-9a-f]{16}$")
    images: list[int] = Field(min_length=1)

    @model_validator(mode="after")
    def _indices_rise(self) -> _Content:
        images = np.array(self.images, dtype=object)
        if images[0] < 0 or images[-1] >= self.of or (images[1:] <= images[:-1]).any():
            raise ValueError("the images are not rising indices below their number")
        return self


def keep(study: Path, name: str, images: Sequence[int] | np.ndarray, labels: np.ndarray, words: str = "") -> Path:
    """Keep a selection in a study's folder, in the place of one that has the same name.

    Args:
        study: the folder.
        name: any text; runs of white space become one space.
        images: indices of test images, one at least.
        labels: int [images], the true classes of all test images.
        words: how the selection came about; the end of long ones is cut.

    Returns:
        Its file.

    Raises:
        UserError: there is no name, it is too long, or there is no image; or the folder cannot be written, or is a link
            that leads out of the study.
    """
    refuse_writing(study)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise UserError(f"A selection needs a name of 1 to {LONGEST} characters; this one has {len(name)}.")
    chosen = np.unique(np.asarray(images, dtype=np.int64))
    chosen = chosen[(chosen >= 0) & (chosen < len(labels))]
    if not len(chosen):
        raise UserError("No image is selected, so there is nothing to keep; select some.")
    content = {
        "name": name, "words": words[:WORDS], "of": len(labels), "labels": _digest(labels), "images": chosen.tolist(),
    }  # fmt: skip
    file = _inside(study) / f"{hashlib.blake2b(name.encode(errors='replace'), digest_size=8).hexdigest()}.json"
    write_atomically(file, json.dumps(content) + "\n")
    return file


def kept(study: Path) -> tuple[list[Kept], list[str]]:
    """Read the selections that a study keeps.

    Returns:
        (the selections by their names, a sentence for each file that cannot be used).
    """
    try:
        folder = _inside(study)
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
    except UserError as error:
        return [], [str(error)]
    except OSError:
        return [], []
    found: dict[str, Kept] = {}
    problems = [f"Of {len(names):,} files in {folder} the first {MOST:,} are read."] if len(names) > MOST else []
    for name in names[:MOST]:
        try:
            one = _read(folder / name, study)
        except UserError as error:
            problems.append(str(error))
            continue
        found[one.name] = one
    return sorted(found.values(), key=lambda one: (one.name.casefold(), one.name)), problems


def forget(selection: Kept) -> None:
    """Delete a kept selection; no error when it is gone already.

    Raises:
        WriteError: the folder cannot be written.
    """
    try:
        selection.file.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(selection.file, error) from error


def _inside(study: Path) -> Path:
    """The folder. Raises UserError where it is a link out of the study."""
    folder = study / SELECTIONS
    if leads_out(folder, study):
        raise UserError(f"{folder} is a link that leads out of the study; put a folder in its place.")
    return folder


def _read(file: Path, study: Path) -> Kept:
    if leads_out(file, study):
        raise UserError(f"{file} is a link that leads out of the study, and is passed over.")
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        content = _Content.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        reason = _reason(error)
        raise UserError(f"The kept selection {file} cannot be used ({reason}); delete it.") from None
    images = np.array(content.images, dtype=np.int64)
    return Kept(content.name, images, content.of, content.labels, content.words, file)


def _digest(labels: np.ndarray) -> str:
    return hashlib.blake2b(np.asarray(labels, dtype="<i8").tobytes(), digest_size=8).hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][:2]))
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return " ".join(str(error).split())[:80]
