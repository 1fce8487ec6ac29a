"""Zip archives, judged before anything is taken out of them. Nothing is ever extracted to the disk."""

import os
import zipfile
from collections import Counter

from pruning.checkpoints.limits import MAX_DIRECTORY, MAX_RATIO, MAX_UNPACKED
from pruning.checkpoints.source import Source, listed, shown
from pruning.errors import UserError

SAVE_AGAIN = "save its weights again with torch.save, safetensors or numpy.savez"


class _Careful:
    """A file that refuses to hand out very much at once while a table of contents is read, whose size it claims."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.limit: int | None = MAX_DIRECTORY

    def read(self, count: int = -1) -> bytes:
        if self.limit is not None and count > self.limit:
            raise self._source.error("its table of contents is absurdly large", SAVE_AGAIN)
        return self._source.file.read(count)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._source.file.seek(offset, whence)

    def tell(self) -> int:
        return self._source.file.tell()

    def seekable(self) -> bool:
        return True


class Archive:
    """A zip archive.

    Raises:
        UserError: the archive is damaged or has entries that no file of weights has.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        careful = _Careful(source)
        try:
            self._zip = zipfile.ZipFile(careful)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise source.damaged(f"as a zip archive: {shown(str(error)) or 'it has no end'}") from None
        careful.limit = None
        self._entries = {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}
        self._judge(self._zip.infolist())

    def _judge(self, entries: list[zipfile.ZipInfo]) -> None:
        source = self.source
        names = [entry.filename for entry in entries]
        leading = [name for name in names if _leads_out(name)]
        if leading:
            raise source.error(
                f"its entry {listed(leading)} leads out of the archive", f"do not trust it; {SAVE_AGAIN}"
            )
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise source.error(f"it has {listed(twice)} more than once", SAVE_AGAIN)
        secret = [entry.filename for entry in entries if entry.flag_bits & 1]
        if secret:
            raise source.error(f"its entry {listed(secret)} is encrypted", "decrypt it first")
        if sum(entry.compress_size for entry in entries) > source.size:
            raise source.damaged("its entries claim more bytes than the file has")
        for entry in entries:
            if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
                raise source.damaged(f"the entry '{shown(entry.filename)}' has two sizes")
            if entry.file_size > max(MAX_UNPACKED, MAX_RATIO * entry.compress_size):
                raise source.error(
                    f"its entry '{shown(entry.filename)}' would unpack to {entry.file_size} bytes", SAVE_AGAIN
                )

    @property
    def names(self) -> list[str]:
        """The entries that are files, in order."""
        return list(self._entries)

    @property
    def compressed(self) -> list[str]:
        """The entries that are not stored as they are."""
        return [name for name, entry in self._entries.items() if entry.compress_type != zipfile.ZIP_STORED]

    @property
    def unpacked(self) -> int:
        """Bytes of all entries together, unpacked."""
        return sum(entry.file_size for entry in self._entries.values())

    def length(self, name: str) -> int:
        """Bytes of an entry, unpacked.

        Raises:
            UserError: there is none of this name.
        """
        if name not in self._entries:
            raise self.source.damaged(f"the entry '{shown(name)}' is missing")
        return self._entries[name].file_size

    def beginning(self, name: str, count: int) -> bytes:
        """The first bytes of an entry, at most `count`; no checksum is compared.

        Raises:
            UserError: they cannot be read.
        """
        try:
            with self._zip.open(self._entries[name]) as file:
                return file.read(count)
        # As in `fetch`
        except Exception as error:
            raise self._broken(name, error) from None

    def _broken(self, name: str, error: Exception) -> UserError:
        return self.source.damaged(f"the entry '{shown(name)}': {shown(str(error)) or 'it is cut short'}")

    def fetch(self, name: str) -> bytearray:
        """An entry's bytes.

        Raises:
            UserError: they are cut short or do not have their checksum.
        """
        found = bytearray(self.length(name))
        view, done = memoryview(found), 0
        try:
            with self._zip.open(self._entries[name]) as file:
                while done < len(found):
                    count = file.readinto(view[done : done + 2**22])  # type: ignore[attr-defined]
                    if not count:
                        break
                    done += count
                # The checksum is compared when the end is read
                done += len(file.read(1))
        # zipfile raises whatever a damaged entry makes it and zlib stumble over
        except Exception as error:
            raise self._broken(name, error) from None
        if done != len(found):
            raise self.source.damaged(f"the entry '{shown(name)}' is not as long as it says")
        return found


def _leads_out(name: str) -> bool:
    """Whether an entry's name would be a place outside the folder that an archive is unpacked in."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in name
