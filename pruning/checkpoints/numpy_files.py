"""Files of numpy.savez: a zip archive of arrays, each behind a header of its own."""

import io
import math
import warnings
from typing import Any

import numpy as np
import torch

from pruning.checkpoints.archive import SAVE_AGAIN, Archive
from pruning.checkpoints.contents import Contents, Storage, View, contiguous, sensible
from pruning.checkpoints.limits import MAX_NPY_HEADER, MAX_TENSORS
from pruning.checkpoints.source import Source, shown

_NUMPY = {
    "f8": torch.float64,
    "f4": torch.float32,
    "f2": torch.float16,
    "i8": torch.int64,
    "i4": torch.int32,
    "i2": torch.int16,
    "i1": torch.int8,
    "u8": torch.uint64,
    "u4": torch.uint32,
    "u2": torch.uint16,
    "u1": torch.uint8,
    "b1": torch.bool,
    "c8": torch.complex64,
    "c16": torch.complex128,
}


def read_arrays(archive: Archive) -> Contents:
    """The arrays that numpy.savez or savez_compressed wrote, by name.

    Raises:
        UserError: an array holds objects, text or records, or contradicts its header.
    """
    if len(archive.names) > MAX_TENSORS:
        raise archive.source.error(f"it holds {len(archive.names)} arrays, more than any network has", SAVE_AGAIN)
    tree = {name.removesuffix(".npy"): _array(archive, name) for name in archive.names}
    return Contents(tree, archive)


def _array(archive: Archive, entry: str) -> View:
    """One array; the header is a part of its storage, so that it begins some elements into it."""
    source, name = archive.source, shown(entry.removesuffix(".npy"))
    content = io.BytesIO(archive.beginning(entry, MAX_NPY_HEADER))
    shape, fortran, dtype = _npy_header(source, name, content)
    odd = (
        "" if dtype.str[1:] in _NUMPY else f"holds {'objects' if dtype.hasobject else f'values of {shown(dtype.str)}'}"
    )
    if dtype.byteorder == ">":
        odd = "is in big-endian byte order"
    if odd:
        return View(Storage(entry, None, 0), None, odd=odd)
    known = _NUMPY[dtype.str[1:]]
    if math.prod(shape) * dtype.itemsize != archive.length(entry) - content.tell():
        raise source.damaged(f"the shape of '{name}' does not fit the bytes that it has")
    if content.tell() % dtype.itemsize:
        raise source.damaged(f"the header of '{name}' has an odd length")
    strides = contiguous(shape[::-1])[::-1] if fortran else contiguous(shape)
    skipped = content.tell() // dtype.itemsize
    return View(Storage(entry, known, skipped + math.prod(shape)), known, shape, strides, skipped)


def _npy_header(source: Source, name: str, content: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = np.lib.format.read_magic(content)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(content)
    # The header is a Python literal, and a damaged one makes numpy raise whatever it stumbles over
    except Exception:
        raise source.damaged(f"the header of '{name}' makes no sense") from None
    if not sensible(shape):
        raise source.damaged(f"the shape of '{name}' makes no sense")
    return shape, fortran, dtype
