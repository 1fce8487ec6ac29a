"""What arguments hold, as a digest: equal where nothing that can be seen of them differs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel


def digest(*values: object) -> bytes:
    """The digest of values: frames, arrays, data classes, plain functions, and containers of all these.

    Raises:
        TypeError: something among them is of another kind, so that one does not know what it holds.
    """
    found = hashlib.blake2b(digest_size=16)
    _add(found, values)
    return found.digest()


def _add(found: Any, value: object) -> None:
    kind = type(value)
    found.update(f"\n{kind.__module__}.{kind.__qualname__} ".encode())
    if value is None or kind in (bool, int, float, str, bytes) or isinstance(value, np.generic):
        found.update(repr(value).encode())
    elif isinstance(value, np.ndarray):
        found.update(f"{value.dtype} {value.shape}".encode())
        found.update(repr(value.tolist()).encode() if value.dtype.hasobject else np.ascontiguousarray(value).data)
    elif isinstance(value, pd.DataFrame):
        for name in value.columns:
            _add(found, (name, value[name]))
    elif isinstance(value, pd.Series | pd.Index):
        found.update(f"{value.name!r} {value.dtype}".encode())
        _add(found, value.to_numpy() if isinstance(value.dtype, np.dtype) else value.tolist())
        if isinstance(value, pd.Series) and not isinstance(value.index, pd.RangeIndex):
            _add(found, value.index)
    elif isinstance(value, Mapping):
        _add(found, [part for item in value.items() for part in item])
    elif isinstance(value, list | tuple):
        found.update(str(len(value)).encode())
        for part in value:
            _add(found, part)
    elif is_dataclass(value) and not isinstance(value, type):
        _add(found, [getattr(value, field.name) for field in fields(value)])
    elif isinstance(value, BaseModel):
        _add(found, [(name, getattr(value, name)) for name in type(value).model_fields])
    elif isinstance(value, FunctionType) and not value.__closure__:
        found.update(f"{value.__module__}.{value.__qualname__}:{value.__code__.co_firstlineno}".encode())
    else:
        raise TypeError(f"what a {kind.__qualname__} holds is not known")
