"""What the calls in a pickle stand for: tensors, dictionaries, or something that is only remembered by name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from pruning.checkpoints.contents import Storage, View, sensible
from pruning.checkpoints.pickle_names import QUANTISED, dtype_of
from pruning.checkpoints.sparse import sparse_view


class Unclear(Exception):
    """A step of a pickle makes no sense; the message says which, as part of a sentence."""


@dataclass(frozen=True)
class Name:
    """Something in a module, by its full name, that is not looked up."""

    name: str


@dataclass(frozen=True)
class Opaque:
    """What a call of `name` would give, which is not called."""

    name: str


def rebuild(function: object, arguments: object) -> object:
    """What calling `function` with `arguments` stands for.

    Raises:
        Unclear: it stands for nothing.
    """
    if not isinstance(function, Name) or not isinstance(arguments, tuple):
        raise Unclear("it calls what is no function")
    known = _KNOWN.get(function.name)
    if known is None:
        return Opaque(function.name)
    try:
        return known(*arguments)
    except TypeError:
        raise Unclear(f"{function.name} is called with values that it does not take") from None


def _tensor(storage: object, offset: object, shape: object, strides: object, *_: object) -> View:
    return _view(storage, storage.dtype if isinstance(storage, Storage) else None, offset, shape, strides)


def _tensor_with_dtype(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    _grad: object,
    _hooks: object,
    dtype: object,
    *_: object,
) -> View:
    found = dtype_of(dtype.name) if isinstance(dtype, Name) else None
    if found is None:
        raise Unclear("a tensor has an unknown dtype")
    return _view(storage, found, offset, shape, strides)


def _view(storage: object, dtype: torch.dtype | None, offset: object, shape: object, strides: object) -> View:
    if not isinstance(storage, Storage):
        raise Unclear("a tensor has no storage")
    if not (
        isinstance(offset, int)
        and sensible([offset])
        and sensible(shape)
        and sensible(strides)
        and len(shape) == len(strides)
    ):
        return View(storage, dtype, odd="has sizes, strides or an offset that make no sense")
    odd = "is quantised" if storage.kind in QUANTISED else ""
    if dtype is None and not odd:
        odd = "has an unknown dtype"
    return View(storage, dtype, tuple(shape), tuple(strides), offset + storage.start, odd)


def _parameter(data: object, *_: object) -> object:
    if not isinstance(data, View):
        raise Unclear("a parameter holds no tensor")
    return data


def _odd(what: str) -> Callable[..., View]:
    def make(*_: object) -> View:
        return View(Storage("", None, 0), None, odd=what)

    return make


def _with_attributes(function: object, type_: object, arguments: object, *_: object) -> object:
    if isinstance(type_, Name) and type_.name in ("torch.Tensor", "torch.nn.parameter.Parameter"):
        return rebuild(function, arguments)
    return _odd("is of a class of its own")()


def _dictionary(items: object = (), *_: object) -> dict[object, object]:
    if not isinstance(items, list | tuple):
        raise Unclear("a dictionary is made of what is no list")
    pairs = [pair for pair in items if isinstance(pair, list | tuple) and len(pair) == 2]
    if len(pairs) != len(items):
        raise Unclear("a dictionary is made of what are no pairs")
    return {key: value for key, value in pairs if isinstance(key, str | int)}


_KNOWN: dict[str, Callable[..., object]] = {
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": lambda *_: {},
    "torch.Size": lambda items=(): tuple(items),
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_with_dtype,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch._tensor._rebuild_from_type_v2": _with_attributes,
    "torch._utils._rebuild_qtensor": _odd("is quantised"),
    "torch._utils._rebuild_sparse_tensor": sparse_view,
    "torch.serialization._get_layout": lambda name: name,
    "torch._utils._rebuild_meta_tensor_no_storage": _odd("holds no numbers (it is on the device 'meta')"),
    "torch._utils._rebuild_wrapper_subclass": _odd("is of a class of its own"),
    "torch._utils._rebuild_device_tensor_from_numpy": _odd("was saved from a device of its own kind"),
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _odd("was saved from a device of its own kind"),
}
