"""From descriptions to tensors: what cannot be used is refused, then memory is reckoned, then numbers are read."""

from collections import Counter

import torch
from torch import Tensor

from pruning.checkpoints.contents import Store, View
from pruning.checkpoints.limits import MAX_REUSE, available_memory
from pruning.checkpoints.source import AGAIN, Source, shown
from pruning.checkpoints.sparse import put_together, taken_apart
from pruning.errors import UserError

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_COUNTS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64)
_SMALL = (torch.uint8, torch.int8, torch.uint16, torch.int16)
_SAVE = 'and save the state dict again with torch.save(state, "weights.pt")'


def load(source: Source, views: dict[str, View], store: Store) -> dict[str, Tensor]:
    """The tensors that are described, contiguous, each with memory of its own; floating ones as float32.

    Raises:
        UserError: a tensor lies outside its storage, overlaps itself, is of a kind that cannot be used, or all of them
            together do not fit into memory.
    """
    parts = taken_apart(source, views)
    for name, view in parts.items():
        _refuse_odd(source, name, view)
        _refuse_outside(source, name, view, store)
    _refuse_large(source, views, parts, store)
    return put_together(source, views, _read(parts, store))


def _refuse_odd(source: Source, name: str, view: View) -> None:
    what = f"its tensor '{shown(name)}'"
    if "quantised" in view.odd:
        raise source.error(f"{what} is quantised", f"convert it with tensor.dequantize() {_SAVE}")
    if "sparse" in view.odd:
        raise source.error(f"{what} is stored in a sparse layout", f"convert it with tensor.to_dense() {_SAVE}")
    if view.odd or view.dtype is None:
        raise source.error(f"{what} {view.odd or 'has an unknown dtype'}", f"convert it with tensor.float() {_SAVE}")
    if view.dtype.is_complex:
        raise source.error(
            f"{what} holds complex numbers, with which no network here computes", "give a network with real weights"
        )
    if view.dtype not in (*FLOATS, *_COUNTS, torch.bool):
        dtype = str(view.dtype).removeprefix("torch.")
        raise source.error(f"{what} is of the dtype {dtype}", f"convert it with tensor.float() {_SAVE}")


def refuse_whole_numbers(source: Source, views: dict[str, View]) -> None:
    """Raise UserError when what must be weights are whole numbers, which stand for others by a scale not given."""
    for name, view in views.items():
        weight = name.rpartition(".")[2] in ("weight", "bias", "weight_orig", "bias_orig")
        if view.dtype in (*_COUNTS, torch.bool) and (weight or (view.dtype in _SMALL and len(view.shape) > 1)):
            dtype = str(view.dtype).removeprefix("torch.")
            raise source.error(
                f"its tensor '{shown(name)}' is of the dtype {dtype}, as quantised weights are",
                f"convert them to float32 with their scales {_SAVE}",
            )


def _refuse_outside(source: Source, name: str, view: View, store: Store) -> None:
    assert view.dtype is not None
    stored = store.length(view.storage.key)
    promised = view.storage.length * (view.storage.dtype.itemsize if view.storage.dtype else 1)
    if promised > stored:
        raise source.damaged(f"the tensor '{shown(name)}' was promised {promised} bytes and has {stored}")
    if view.extent * view.dtype.itemsize > stored:
        raise source.damaged(f"the tensor '{shown(name)}' claims more elements than its storage has")
    if view.overlaps:
        raise source.error(
            f"its tensor '{shown(name)}' uses some numbers more than once (it was expanded)",
            f"convert it with tensor.clone() {_SAVE}",
        )


def _refuse_large(source: Source, whole: dict[str, View], views: dict[str, View], store: Store) -> None:
    """Sums are reckoned before anything is read, so that a small file cannot become a large one in memory."""
    stored = sum(store.length(key) for key in {view.storage.key for view in views.values()})
    used = sum(view.numel * view.dtype.itemsize for view in views.values() if view.dtype)
    if used > MAX_REUSE * stored:
        raise source.error(f"its tensors claim {_size(used)} and only {_size(stored)} are stored", AGAIN)
    needed = stored + sum(view.numel * 4 for view in whole.values())
    available = available_memory()
    if available is not None and needed > available:
        raise too_large(source, f" ({_size(needed)} are needed, {_size(available)} are free)")


def too_large(source: Source, detail: str = "") -> UserError:
    """The sentence for weights that do not fit into memory."""
    return source.error(f"its weights do not fit into memory{detail}", "close other programs or take a larger machine")


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10**7 else f"{count / 1e9:,.1f} GB"


def _read(views: dict[str, View], store: Store) -> dict[str, Tensor]:
    """Storages are let go as soon as their last tensor is read."""
    waiting = Counter(view.storage.key for view in views.values())
    open_storages: dict[str, bytearray] = {}
    found = {}
    for name, view in views.items():
        key = view.storage.key
        if key not in open_storages:
            open_storages[key] = store.fetch(key)
        found[name] = _tensor(open_storages[key], view)
        waiting[key] -= 1
        if not waiting[key]:
            del open_storages[key]
    return found


def _tensor(stored: bytearray, view: View) -> Tensor:
    assert view.dtype is not None
    if view.numel == 0:
        return torch.zeros(view.shape, dtype=torch.float32 if view.dtype in FLOATS else view.dtype)
    # Bytes of a bool other than 0 and 1 would make torch do what nobody knows
    dtype = torch.uint8 if view.dtype == torch.bool else view.dtype
    count = len(stored) // dtype.itemsize
    numbers = torch.frombuffer(stored, dtype=dtype, count=count).as_strided(view.shape, view.strides, view.offset)
    if view.dtype == torch.bool:
        return numbers != 0
    wanted = torch.float32 if view.dtype in FLOATS else view.dtype
    return numbers.to(wanted, memory_format=torch.contiguous_format, copy=True)


def refuse_not_finite(source: Source, state: dict[str, Tensor]) -> None:
    """Raise UserError when a tensor contains NaN or infinity, naming it and how many."""
    for name, value in state.items():
        if not value.is_floating_point() or bool(torch.isfinite(value).all()):
            continue
        counts = {"NaN": int(value.isnan().sum()), "infinite": int(value.isinf().sum())}
        found = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        raise source.error(
            f"its tensor '{shown(name)}' has {found} values among {value.numel()}",
            "give a checkpoint from before the training went wrong",
        )


def conversions(views: dict[str, View]) -> list[str]:
    """Sentences on which dtypes became float32."""
    counts = Counter(view.dtype for view in views.values() if view.dtype in FLOATS and view.dtype != torch.float32)
    names = {dtype: str(dtype).removeprefix("torch.") for dtype in counts}
    return [f"{count} tensors were converted from {names[dtype]} to float32." for dtype, count in counts.items()]
