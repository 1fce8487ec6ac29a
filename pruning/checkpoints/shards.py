"""Checkpoints in several files: an index of Hugging Face's and the shards that it names."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pruning.checkpoints.contents import Contents, Storage, Store, View
from pruning.checkpoints.formats import read_contents
from pruning.checkpoints.limits import MAX_HEADER
from pruning.checkpoints.source import AGAIN, Source, listed, opened, shown, unreadable

INDEX = ".index.json"


@dataclass(frozen=True)
class _Shards:
    """The numbers of all shards; a key begins with its shard's rank."""

    stores: list[Store]

    def length(self, key: str) -> int:
        rank, _, own = key.partition(":")
        return self.stores[int(rank)].length(own)

    def fetch(self, key: str) -> bytearray:
        rank, _, own = key.partition(":")
        return self.stores[int(rank)].fetch(own)


@contextmanager
def read_all(source: Source) -> Iterator[Contents]:
    """What an open file holds, or what is in the shards that it is the index of.

    Raises:
        UserError: whatever is wrong with the file, or a shard.
    """
    if source.path.name.endswith(INDEX):
        with ExitStack() as stack:
            yield _joined(source, stack)
    else:
        with read_contents(source) as contents:
            yield contents


def _joined(source: Source, stack: ExitStack) -> Contents:
    places = _index(source)
    tree: dict[str, object] = {}
    stores: list[Store] = []
    for rank, file in enumerate(dict.fromkeys(places.values())):
        shard = stack.enter_context(opened(source.path.parent / file))
        contents = stack.enter_context(read_contents(shard))
        stores.append(contents.store)
        held = contents.tree if isinstance(contents.tree, dict) else {}
        wanted = [name for name, place in places.items() if place == file]
        found = {name: _of_shard(view, rank) for name in wanted if isinstance(view := held.get(name), View)}
        lacking = [name for name in wanted if name not in found]
        if lacking:
            raise shard.error(f"it lacks {listed(lacking)}, which {shown(source.path.name)} says are in it", AGAIN)
        tree |= found
    note = f"The weights were taken from {len(stores)} files."
    return Contents({name: tree[name] for name in places}, _Shards(stores), (note,))


def _of_shard(view: View, rank: int) -> View:
    storage: Storage = replace(view.storage, key=f"{rank}:{view.storage.key}")
    return replace(view, storage=storage, parts=tuple(_of_shard(part, rank) for part in view.parts))


def _index(source: Source) -> dict[str, str]:
    """Tensor -> file beside the index."""
    if source.size > MAX_HEADER:
        raise source.error(f"it takes {source.size} bytes, more than the index of any network", AGAIN)
    try:
        content = json.loads(bytes(source.take(0, source.size)))
    except (ValueError, RecursionError):
        raise source.damaged("it is no JSON") from None
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise source.error("it has no weight_map, which says in which file each tensor is", AGAIN)
    outside = [file for file in places.values() if os.path.basename(file) != file or file in ("", ".", "..")]
    if outside:
        raise source.error(f"its file {listed(outside[:1])} is not beside it", "save the weights again")
    return places


def refuse_parts(path: Path) -> None:
    """Raise UserError for a folder, and for a file that is a part of a checkpoint of some other program."""
    try:
        known = _folder(path) if path.is_dir() else _part(path)
    except OSError:
        return
    if known is not None:
        raise unreadable(path, *known)


def _folder(path: Path) -> tuple[str, str] | None:
    """What a folder is, and what to give in its place."""
    if (path / ".metadata").exists() or any(path.glob("*.distcp")):
        return "it is a distributed checkpoint", _distributed(path)
    files = sorted(file for kind in ("safetensors", "bin", "pt", "pth", "ckpt") for file in path.glob(f"*.{kind}"))
    found = (*sorted(path.glob(f"*{INDEX}")), *files)
    return ("it is a folder", f"give the file of weights in it, such as {shown(str(found[0]))}") if found else None


def _part(path: Path) -> tuple[str, str] | None:
    """What a file of another program is, and what to give in its place."""
    if path.suffix == ".distcp" or path.name == ".metadata":
        return "it is a part of a distributed checkpoint", _distributed(path.parent)
    if path.name.startswith(("zero_pp_rank_", "bf16_zero_pp_rank_")):
        return "it is a part of a checkpoint of DeepSpeed", "run its zero_to_fp32.py and give the file that it writes"
    program = "TensorFlow" if path.suffix in (".index", ".meta") or ".data-0" in path.name else ""
    program = "Flax" if path.suffix == ".msgpack" else program
    return (f"it is of {program}", "convert its weights to a .npz or .safetensors file") if program else None


def _distributed(folder: Path) -> str:
    convert = "python -m torch.distributed.checkpoint.format_utils dcp_to_torch"
    return f"run {convert} {shown(str(folder))} weights.pt and give weights.pt"


def index_of(path: Path) -> Path | None:
    """The index beside a file that is one shard of several by its name; None for others."""
    stem, marker, _ = path.name.partition("-0")
    found = sorted(path.parent.glob(f"*{INDEX}")) if marker and "-of-0" in path.name else []
    return next((index for index in found if index.name.startswith(stem)), None)
