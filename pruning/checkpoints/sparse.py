"""Tensors in a sparse layout (COO, CSR, CSC): their parts are read like other tensors, judged, and put together."""

import math

import torch
from torch import Tensor

from pruning.checkpoints.contents import Storage, View, sensible
from pruning.checkpoints.limits import MAX_RATIO, MAX_UNPACKED
from pruning.checkpoints.source import Source, shown

LAYOUTS = {"torch.sparse_coo": 2, "torch.sparse_csr": 3, "torch.sparse_csc": 3}
"""What torch calls them, and of how many parts each is: the places, then the values."""


def sparse_view(layout: object, data: object) -> View:
    """The tensor that torch rebuilds from a layout and (places, values, sizes)."""
    parts = LAYOUTS.get(layout, 0) if isinstance(layout, str) else 0
    odd = View(Storage("", None, 0), None, odd="is stored in a sparse layout")
    if not parts or not isinstance(data, tuple) or len(data) <= parts or not sensible(data[parts]):
        return odd
    views = data[:parts]
    if not all(isinstance(view, View) and not view.odd for view in views):
        return odd
    values: View = views[-1]
    return View(values.storage, values.dtype, tuple(data[parts]), parts=views, layout=str(layout))


def taken_apart(source: Source, views: dict[str, View]) -> dict[str, View]:
    """The views with the parts of each sparse tensor in its place.

    Raises:
        UserError: a tensor would be absurdly larger than what is stored of it.
    """
    found: dict[str, View] = {}
    for name, view in views.items():
        stored = sum(part.numel for part in view.parts)
        if view.parts and math.prod(view.shape) > max(MAX_UNPACKED // 4, MAX_RATIO * stored):
            raise source.error(f"its sparse tensor '{shown(name)}' would take {view.numel} numbers", "save it dense")
        found |= {_part(name, rank): part for rank, part in enumerate(view.parts)} if view.parts else {name: view}
    return found


def put_together(source: Source, views: dict[str, View], found: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by name, sparse ones dense.

    Raises:
        UserError: the places of a sparse tensor's values make no sense.
    """
    whole: dict[str, Tensor] = {}
    for name, view in views.items():
        if not view.parts:
            whole[name] = found[name]
            continue
        parts = [found[_part(name, rank)] for rank in range(len(view.parts))]
        dense = _dense(view.layout, parts, view.shape)
        if dense is None:
            raise source.damaged(f"the places of the values of '{shown(name)}' make no sense")
        whole[name] = dense
    return whole


def _part(name: str, rank: int) -> str:
    return f"{name} (part {rank})"


def _dense(layout: str, parts: list[Tensor], shape: tuple[int, ...]) -> Tensor | None:
    values = parts[-1]
    if any(places.is_floating_point() or places.dtype == torch.bool for places in parts[:-1]):
        return None
    places = parts[0].long() if len(parts) == 2 else _coordinates(parts[0].long(), parts[1].long(), shape)
    if places is None or places.ndim != 2 or (layout != "torch.sparse_coo" and values.ndim != 1):
        return None
    sizes = torch.tensor(shape[: len(places)], dtype=torch.int64)[:, None]
    if values.shape != (places.shape[1], *shape[len(places) :]) or len(sizes) != len(places):
        return None
    if layout == "torch.sparse_csc":
        places = places.flip(0)
    if bool(((places < 0) | (places >= sizes)).any()):
        return None
    # Values at one place are summed, as torch does
    return torch.zeros(shape, dtype=values.dtype).index_put_(tuple(places), values, accumulate=True)


def _coordinates(starts: Tensor, others: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Coordinates [2, nnz] from where each row (or column) starts, and the places along the other dimension."""
    if len(shape) != 2 or starts.ndim != 1 or others.ndim != 1 or len(starts) == 0:
        return None
    counts = starts.diff()
    if int(starts[0]) != 0 or int(starts[-1]) != len(others) or bool((counts < 0).any()):
        return None
    return torch.stack([torch.arange(len(counts)).repeat_interleave(counts), others])
