"""A device that is not there, `far`: tensors on it compute on the CPU, and refuse whatever a GPU refuses.

Tensors of different devices in one operation, numpy's view of a far
tensor, and a generator of the CPU for numbers drawn far away raise as they do with CUDA, so that tests find such
mistakes on a machine without a GPU; and as the arithmetic is the CPU's, results must be those of the CPU to the bit.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

NAME = "far"
_MOVES = {"aten::copy_", "aten::_to_copy", "aten::_copy_from"}
_INDEXES = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
_SEEN: list[Any] = []
_SET: Any = vars(torch._C.TensorBase)["data"].__set__


class FarTensor(Tensor):
    """A tensor on the far device, with its values in main memory."""

    raw: Tensor

    @staticmethod
    def __new__(cls, raw: Tensor) -> "FarTensor":
        found: FarTensor = Tensor._make_wrapper_subclass(
            cls, raw.shape, raw.stride(), raw.storage_offset(), dtype=raw.dtype, device=torch.device(NAME, 0)
        )
        found.raw = raw
        return found

    def __init__(self, raw: Tensor) -> None:
        pass

    def __repr__(self) -> str:  # type: ignore[override]
        return f"{self.raw!r} on {NAME}"

    def tolist(self) -> Any:
        """As of any tensor; torch would refuse it for other classes than its own."""
        return self.cpu().tolist()

    def untyped_storage(self) -> torch.UntypedStorage:
        """Where the values are, by which a view is known."""
        return self.raw.untyped_storage()

    @classmethod
    def __torch_dispatch__(
        cls, op: Any, kinds: Any, arguments: Any = (), options: Mapping[str, Any] | None = None
    ) -> Any:
        return run(op, *arguments, **(options or {}))


class FarMode(TorchFunctionMode):
    """While it is entered there is a far device: `with FarMode() as far: tensor.to(far)`.

    Without `double` it has no numbers of 64 bits after the point, as MPS has none.
    """

    double = True
    left = 0  # values of the largest tensor that came back from the device

    def __init__(self, double: bool = True) -> None:
        super().__init__()
        self.asked = double

    def __enter__(self) -> torch.device:
        if not _SEEN:
            torch.utils.backend_registration._setup_privateuseone_for_python_backend(NAME)
            library = torch.library.Library("_", "IMPL")
            library.fallback(run, "PrivateUse1")
            _SEEN.append(library)
        super().__enter__()
        FarMode.double, FarMode.left = self.asked, 0
        return torch.device(NAME, 0)

    def __exit__(self, *raised: Any) -> None:
        FarMode.double = True
        super().__exit__(*raised)

    def __torch_function__(
        self, function: Any, kinds: Any, arguments: Any = (), options: Mapping[str, Any] | None = None
    ) -> Any:
        """Numbers of Python become a tensor here first: torch itself would not get them to such a device."""
        options = dict(options or {})
        if function in (torch.tensor, torch.as_tensor) and _is_far(options.get("device")):
            return function(*arguments, **{**options, "device": None}).to(NAME)
        if function is Tensor.new_tensor and isinstance(arguments[0], FarTensor):
            return torch.tensor(arguments[1], **{"dtype": arguments[0].dtype, **options}).to(NAME)
        result = function(*arguments, **options)
        if function == _SET and isinstance(arguments[0], FarTensor):
            arguments[0].raw = arguments[1].raw
        return result


def _is_far(device: Any) -> bool:
    return device is not None and torch.device(device).type == NAME


def run(op: Any, *arguments: Any, **options: Any) -> Any:
    """An operation of torch, some of whose tensors are far or are to be."""
    name = op._schema.name
    leaves = pytree.tree_leaves((arguments, options))
    far = [leaf for leaf in leaves if isinstance(leaf, FarTensor)]
    near = [leaf for leaf in leaves if isinstance(leaf, Tensor) and not isinstance(leaf, FarTensor)]
    wanted = options.get("device")
    leaves_far = bool(far) and wanted is not None and torch.device(wanted).type != NAME
    _check(name, arguments, far, near, [leaf for leaf in leaves if isinstance(leaf, torch.Generator)])
    if wanted is not None:
        options = {**options, "device": torch.device("cpu")}
    owners = {id(each.raw): each for each in far}
    result = op(*pytree.tree_map(_near, arguments), **pytree.tree_map(_near, options))
    if leaves_far:
        FarMode.left = max([FarMode.left, *(each.numel() for each in far)])
        return result
    return pytree.tree_map(lambda value: _far(value, owners), result)


def _near(value: Any) -> Any:
    return value.raw if isinstance(value, FarTensor) else value


def _far(value: Any, owners: Mapping[int, FarTensor]) -> Any:
    if not isinstance(value, Tensor):
        return value
    if value.dtype == torch.float64 and not FarMode.double:
        raise TypeError(f"The device '{NAME}' has no float64")
    known = owners.get(id(value))
    return FarTensor(value) if known is None else known


def _check(name: str, arguments: Any, far: list[FarTensor], near: list[Tensor], generators: list[Any]) -> None:
    if generators:
        raise RuntimeError(f"{name}: Expected a '{NAME}' device type for generator but found 'cpu'")
    if not far or name in _MOVES:
        return
    if name in _INDEXES and isinstance(arguments[0], FarTensor):
        return  # indices may lie on the CPU
    if any(each.dim() for each in near) or (near and not any(each.dim() for each in far)):
        raise RuntimeError(f"{name}: Expected all tensors to be on the same device, found {NAME} and cpu")
