"""Files of torch.save: zip archives, and the older layout in which the storages follow the pickle."""

import io
from dataclasses import dataclass, field
from typing import BinaryIO

from pruning.checkpoints.archive import SAVE_AGAIN, Archive
from pruning.checkpoints.contents import Contents, Storage
from pruning.checkpoints.limits import MAX_PICKLE
from pruning.checkpoints.pickle_calls import Unclear
from pruning.checkpoints.pickle_machine import Described, TooLong, describe
from pruning.checkpoints.source import AGAIN, Source, listed
from pruning.checkpoints.unsafe_names import refuse_unsafe
from pruning.errors import UserError

JIT = 'run torch.save(torch.jit.load("FILE").state_dict(), "weights.pt") and give weights.pt'


@dataclass(frozen=True)
class _Records:
    """The storages of an archive, an entry each."""

    archive: Archive
    folder: str

    def length(self, key: str) -> int:
        return self.archive.length(f"{self.folder}data/{key}")

    def fetch(self, key: str) -> bytearray:
        return self.archive.fetch(f"{self.folder}data/{key}")


def read_archive(archive: Archive) -> Contents:
    """What torch.save put into a zip archive.

    Raises:
        UserError: it is a program of TorchScript, compressed, of another byte order, damaged, or asks for classes.
    """
    source = archive.source
    folder = _folder(archive)
    if archive.compressed:
        raise source.error(
            f"its entry {listed(archive.compressed)} is compressed, which torch.save never does", SAVE_AGAIN
        )
    if f"{folder}byteorder" in archive.names and archive.length(f"{folder}byteorder") <= 16:
        order = bytes(archive.fetch(f"{folder}byteorder"))
        if order != b"little":
            raise source.error("its numbers are not in little-endian byte order", SAVE_AGAIN)
    length = archive.length(f"{folder}data.pkl")
    if length > MAX_PICKLE:
        raise source.error(f"its description takes {length} bytes, more than that of any network", SAVE_AGAIN)
    described = _describe(source, io.BytesIO(bytes(archive.fetch(f"{folder}data.pkl"))))
    refuse_unsafe(source, described)
    return Contents(described.tree, _Records(archive, folder))


def _folder(archive: Archive) -> str:
    """The folder of an archive that its parts are in, with a slash at its end."""
    source, names = archive.source, archive.names
    scripts = [name for name in names if name.split("/")[-1] == "constants.pkl" or name.split("/")[1:2] == ["code"]]
    if scripts:
        raise source.error("it is a TorchScript archive, which holds a program", JIT.replace("FILE", source.path.name))
    if any(name.endswith("serialized_exported_program.json") or "/models/" in name for name in names):
        raise source.error("it is an exported program of torch.export", SAVE_AGAIN)
    found = [name.removesuffix("data.pkl") for name in names if name.split("/")[1:] == ["data.pkl"]]
    if len(found) == 1:
        return found[0]
    if found:
        raise source.error(f"it holds {len(found)} files of torch at once", SAVE_AGAIN)
    inside = [name for name in names if name.endswith((".pt", ".pth", ".th", ".bin", ".safetensors", ".npz", ".ckpt"))]
    if inside:
        raise source.error(f"it is a zip archive with {listed(inside)} in it", "unpack it first and give that file")
    raise source.error("it is a zip archive without weights in it", f"{AGAIN}, or give the file of weights")


def _describe(source: Source, stream: BinaryIO) -> Described:
    try:
        return describe(stream)
    except TooLong:
        raise source.error("it describes more objects than any network has", SAVE_AGAIN) from None
    except Unclear as error:
        raise source.damaged(str(error)) from None
    # What a damaged pickle makes its steps stumble over: values, keys and names that are not there
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise source.damaged("its description ends or breaks off") from None


@dataclass(frozen=True)
class _Rows:
    """The storages of a file in the older layout, one after the other."""

    source: Source
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # key -> (start, length) in bytes

    def length(self, key: str) -> int:
        if key not in self.places:
            raise self.source.damaged("the numbers of a tensor are missing")
        return self.places[key][1]

    def fetch(self, key: str) -> bytearray:
        self.length(key)
        return self.source.take(*self.places[key])


def read_legacy(source: Source) -> Contents:
    """What torch.save wrote before its files were zip archives, or with _use_new_zipfile_serialization=False.

    Raises:
        UserError: it is of another byte order, damaged, or asks for classes.
    """
    stream = io.BytesIO(bytes(source.take(0, min(source.size, MAX_PICKLE))))
    _describe(source, stream)  # the magic number
    version = _describe(source, stream).tree
    if version != 1001:
        raise source.error("it is of an unknown version of torch's older layout", SAVE_AGAIN)
    system = _describe(source, stream).tree
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise source.error("its numbers are not in little-endian byte order", SAVE_AGAIN)
    described = _describe(source, stream)
    refuse_unsafe(source, described)
    keys = _describe(source, stream).tree
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise source.damaged("its list of storages makes no sense")
    return Contents(described.tree, _rows(source, stream.tell(), keys, described.storages))


def _rows(source: Source, start: int, keys: list[str], storages: dict[str, Storage]) -> _Rows:
    """Where each storage is: its number of elements as an int64, then the elements."""
    rows = _Rows(source)
    for key in keys:
        storage = storages.get(key)
        if storage is None:
            raise source.damaged("it has a storage that nothing uses")
        count = int.from_bytes(source.take(start, 8), "little", signed=True)
        length = count * (storage.dtype.itemsize if storage.dtype is not None else 1)
        if count != storage.length or start + 8 + length > source.size:
            raise _wrong_length(source, count, storage)
        rows.places[key] = (start + 8, length)
        start += 8 + length
    return rows


def _wrong_length(source: Source, count: int, storage: Storage) -> UserError:
    if count == storage.length:
        return source.damaged(f"a storage of {count} elements does not fit into what is left of the file")
    return source.damaged(f"a storage has {count} elements and {storage.length} were promised")
