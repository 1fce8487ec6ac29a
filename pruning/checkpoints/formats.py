"""The formats of files of weights, told by their first bytes; what is no file of weights is told by name.

Whatever goes wrong in the reader of a format is turned into one sentence here.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from pruning.checkpoints.archive import Archive
from pruning.checkpoints.contents import Contents
from pruning.checkpoints.numpy_files import read_arrays
from pruning.checkpoints.safetensors_files import read_safetensors
from pruning.checkpoints.source import AGAIN, Source
from pruning.checkpoints.tensors import too_large
from pruning.checkpoints.torch_files import read_archive, read_legacy
from pruning.errors import UserError

LEGACY_MAGIC = b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""The number that files of torch before 1.6 begin with, as a pickle writes it."""
UNPACK = "unpack it first and give the file of weights that is in it"
SAVE = 'where it can be loaded, run torch.save(model.state_dict(), "weights.pt") and give weights.pt'

_SIGNS = (
    (0, b"version https://git-lfs.", "it is a Git LFS pointer, not the file itself", "run git lfs pull"),
    (0, b"\x1f\x8b", "it is packed with gzip", UNPACK),
    (0, b"BZh", "it is packed with bzip2", UNPACK),
    (0, b"\xfd7zXZ\x00", "it is packed with xz", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "it is packed with zstd", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", UNPACK),
    (0, b"Rar!", "it is a rar archive", UNPACK),
    (257, b"ustar", "it is a tar archive", UNPACK),
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "it is an HDF5 file, as Keras writes them",
        "convert its weights to a .npz or .safetensors file",
    ),
    (0, b"GGUF", "it is a GGUF file, which holds quantised weights", "give the weights it was made from"),
    (0, b"\x93NUMPY", "it is a single array without a name", "save all arrays by name with numpy.savez"),
    (0, b"\x89PNG", "it is a PNG image", "give a file of weights"),
    (0, b"\xff\xd8\xff", "it is a JPEG image", "give a file of weights"),
    (0, b"%PDF", "it is a PDF document", "give a file of weights"),
)
_PAGES = (b"<!doctype", b"<html", b"<head", b"<body")


@contextmanager
def read_contents(source: Source) -> Iterator[Contents]:
    """Read what an open file holds; it can be used while the file is open.

    Raises:
        UserError: whatever is wrong with the file.
    """
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
    """Keep Python from searching all of memory for cycles while many small objects are made.

    These are the steps of a pickle and the names in a header. The search takes longer than making them in a program
    that holds much.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _contents(source: Source) -> Contents:
    head = bytes(source.take(0, min(512, source.size)))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive = Archive(source)
        arrays = bool(archive.names) and all(name.endswith(".npy") for name in archive.names)
        return read_arrays(archive) if arrays else read_archive(archive)
    if head[:1] == b"\x80" and LEGACY_MAGIC in head[:40]:
        return read_legacy(source)
    _refuse_known(source, head)
    if head[8:9] == b"{" or source.path.suffix.lower() == ".safetensors":
        return read_safetensors(source)
    raise _unknown(source, head)


def _refuse_known(source: Source, head: bytes) -> None:
    for start, sign, reason, advice in _SIGNS:
        if head[start:].startswith(sign):
            raise source.error(reason, advice)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGES):
        raise source.error("it is an HTML page, so the download went wrong", "download the file itself again")
    if text.startswith(b"<?xml"):
        raise source.error("it is an XML page, so the download went wrong", "download the file itself again")


def _unknown(source: Source, head: bytes) -> UserError:
    if source.path.suffix.lower() == ".onnx" or (head[:1] == b"\x08" and b"pytorch" in head[:32]):
        return source.error(
            "it is an ONNX file, which holds a graph", f"go back to the network it was made from: {SAVE}"
        )
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return source.error("it is a pickle that torch.save did not write, and pickles can run programs", SAVE)
    if _is_text(head):
        return source.error("it is text", "give a file that torch.save, safetensors or numpy.savez wrote")
    return source.error("it is no file that torch.save, safetensors or numpy.savez wrote", f"{AGAIN}, or convert it")


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else only the last letter is cut
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)
