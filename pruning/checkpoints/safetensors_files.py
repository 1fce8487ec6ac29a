"""Files of safetensors: a JSON header with names, dtypes, shapes and places, then the numbers."""

import json
import math
from dataclasses import dataclass, field

import torch

from pruning.checkpoints.archive import SAVE_AGAIN
from pruning.checkpoints.contents import Contents, Storage, View, contiguous, sensible
from pruning.checkpoints.limits import MAX_HEADER, MAX_TENSORS
from pruning.checkpoints.source import Source, shown

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


class _Twice(ValueError):
    """A JSON object has a key more than once."""


@dataclass(frozen=True)
class _Stretches:
    """The tensors of a safetensors file, one after the other."""

    source: Source
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # name -> (start, length) in bytes

    def length(self, key: str) -> int:
        return self.places[key][1]

    def fetch(self, key: str) -> bytearray:
        return self.source.take(*self.places[key])


def read_safetensors(source: Source) -> Contents:
    """What a safetensors file holds; its order is that of the file, which is seldom that of the network.

    Raises:
        UserError: the header is absurd, or contradicts itself or the size of the file.
    """
    header, start = _header(source)
    metadata = header.pop("__metadata__", None)
    if metadata is not None and not isinstance(metadata, dict):
        raise source.damaged("its metadata make no sense")
    if len(header) > MAX_TENSORS:
        raise source.error(f"it holds {len(header)} tensors, more than any network has", SAVE_AGAIN)
    store, tree = _Stretches(source), {}
    for name, entry in header.items():
        begin, end, tree[name] = _entry(source, name, entry)
        store.places[name] = (start + begin, end - begin)
    _refuse_gaps(source, start, store.places)
    return Contents(tree, store)


def _header(source: Source) -> tuple[dict[str, object], int]:
    """The JSON header and where it ends: eight bytes of length, then the header."""
    if source.size < 10:
        raise source.damaged("it has no header")
    length = int.from_bytes(source.take(0, 8), "little")
    if length > source.size - 8:
        raise source.damaged("its header is longer than the file")
    if length > MAX_HEADER:
        raise source.error(f"its header takes {length} bytes, more than that of any network", SAVE_AGAIN)
    try:
        header = json.loads(bytes(source.take(8, length)), object_pairs_hook=_once)
    except _Twice as error:
        raise source.damaged(f"its header has '{shown(str(error))}' more than once") from None
    except (ValueError, RecursionError):
        raise source.damaged("its header is no JSON") from None
    if not isinstance(header, dict):
        raise source.damaged("its header names no tensors")
    return header, 8 + length


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _entry(source: Source, name: str, entry: object) -> tuple[int, int, View]:
    """Where a tensor begins and ends, in bytes after the header, and the tensor."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        raise source.damaged(f"the description of '{shown(name)}' lacks its dtype, shape or place")
    dtype, shape, place = (entry[key] for key in ("dtype", "shape", "data_offsets"))
    if not sensible(shape):
        raise source.damaged(f"the shape of '{shown(name)}' makes no sense")
    if not sensible(place) or len(place) != 2 or place[0] > place[1]:
        raise source.damaged(f"the place of '{shown(name)}' makes no sense")
    begin, end = place
    known = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if known is None:
        odd = f"has the dtype '{shown(dtype)}', which is none that weights have"
        return begin, end, View(Storage(name, None, end - begin), None, odd=odd)
    if math.prod(shape) * known.itemsize != end - begin:
        raise source.damaged(f"the shape of '{shown(name)}' does not fit the {end - begin} bytes that it has")
    size = tuple(shape)
    return begin, end, View(Storage(name, known, math.prod(size)), known, size, contiguous(size))


def _refuse_gaps(source: Source, start: int, places: dict[str, tuple[int, int]]) -> None:
    """Tensors must follow one another to the end of the file, without gaps and without sharing bytes."""
    reached = start
    for name, (begin, length) in sorted(places.items(), key=lambda item: item[1]):
        if begin != reached:
            raise source.damaged(f"'{shown(name)}' does not begin where the tensor before it ends")
        reached = begin + length
    if reached != source.size:
        raise source.damaged(f"its tensors end at {reached} bytes and the file has {source.size}")
