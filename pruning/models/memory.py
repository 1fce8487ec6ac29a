"""How much memory a network needs while it runs, or is worked on, counted from the tensors that are made."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, UntypedStorage, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call, unused-ignore]
    """Adds up the bytes of the tensors that are there at the same time, a storage that several share once.

    What is made while it is entered counts: `now` at this moment, `course` after each operation that made something.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.now = 0
        self.course: list[int] = []
        self.known: dict[int, weakref.ref[UntypedStorage]] = {}

    def ignore(self, tensor: Tensor) -> None:
        """Leave out what is there anyway."""
        storage = tensor.untyped_storage()
        self.known[storage._cdata] = weakref.ref(storage)

    def add(self, tensor: Tensor) -> None:
        """Count a tensor from here on."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self.known:
            return
        self.now += size

        def gone(_: weakref.ref[UntypedStorage]) -> None:
            self.now -= size
            self.known.pop(key, None)

        self.known[key] = weakref.ref(storage, gone)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, Tensor):
                self.add(leaf)
        self.course.append(self.now)
        return made


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    """Bytes of the storages of some tensors, each storage once."""
    storages = {tensor.untyped_storage()._cdata: tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


@torch.no_grad()
def peak_bytes(model: nn.Module, shape: tuple[int, int, int], batch: int) -> int:
    """Bytes of parameters and buffers, and the most that activations take at once.

    That is while `batch` images of `shape` (C, H, W) pass through the network in evaluation mode, the images themselves
    included. Counted from what the network makes and lets go on the CPU, so that it is the same every time. The working
    space inside a single operation, which depends on the library, is left out. The network is left in evaluation mode.
    """
    held = [*model.parameters(), *model.buffers()]
    images = torch.zeros(batch, *shape)
    live = LiveBytes()
    live.add(images)
    for tensor in held:
        live.ignore(tensor)
    with live:
        model.eval()(images)
    return tensor_bytes(held) + max(live.course)
