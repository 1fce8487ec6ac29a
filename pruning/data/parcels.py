"""Data sets on their way to workers of other machines."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from pruning.data import load_data, source_of
from pruning.data.base import EmbeddedData
from pruning.data.held import Packed, hold
from pruning.data.lazy import LazyImages
from pruning.data.modular import ModularData
from pruning.execution import Parcel


def parcels_of(names: Iterable[str], root: str | Path | None = None) -> tuple[Parcel, ...]:
    """The data sets of these names, but for those that any machine makes by itself."""
    lying = (name for name in dict.fromkeys(names) if _lies(name))
    return tuple(Parcel(("data", name), partial(_pack, name, root), hold) for name in lying)


def _lies(name: str) -> bool:
    """Whether a data set lies in files, and is not made by code that is everywhere."""
    return not isinstance(source_of(name), (EmbeddedData, ModularData))


def _pack(name: str, root: str | Path | None) -> Packed:
    data = load_data(name, root)
    train, test = ((_sent(part.images), part.labels.numpy()) for part in (data.train, data.test))
    return Packed(name, data.name, data.classes, train, test, data.mean, data.std)


def _sent(images: Tensor) -> np.ndarray | LazyImages:
    return images if isinstance(images, LazyImages) else images.numpy()
