"""Picks the reader for a file, and turns whatever goes wrong in it into one sentence."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from pruning.checkpoints.archive import Archive
from pruning.checkpoints.kinds import Kind, kind_of
from pruning.checkpoints.numpy_files import read_arrays
from pruning.checkpoints.safetensors_files import read_safetensors
from pruning.checkpoints.source import Source
from pruning.checkpoints.torch_files import read_archive, read_legacy
from pruning.checkpoints.values import too_large
from pruning.checkpoints.views import Contents
from pruning.errors import UserError


@contextmanager
def read_contents(source: Source) -> Iterator[Contents]:
    """What an open file holds, while it is open. Raises UserError for everything that is wrong with it."""
    try:
        with _uncollected():
            yield _contents(source)
    except UserError:
        raise
    except MemoryError:
        raise too_large(source) from None
    # A last resort: damage that no check has foreseen is still the file's fault and not a reason for a traceback
    except Exception as error:
        raise source.damaged(type(error).__name__) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from searching all of memory for cycles while many small objects are made (the steps of a pickle,
    the names in a header), which takes longer than making them in a program that holds much."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _contents(source: Source) -> Contents:
    kind = kind_of(source)
    if kind is Kind.SAFETENSORS:
        return read_safetensors(source)
    if kind is Kind.LEGACY:
        return read_legacy(source)
    archive = Archive(source)
    arrays = bool(archive.names) and all(name.endswith(".npy") for name in archive.names)
    return read_arrays(archive) if arrays else read_archive(archive)
