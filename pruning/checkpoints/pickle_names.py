"""The names that a pickle may ask for: those that describe tensors, those that are mere data, and all the others."""

import torch


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


DTYPES = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Short": torch.int16,
    "Int": torch.int32,
    "Long": torch.int64,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
}
QUANTISED = ("QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")

PLAIN = words(
    """
    collections.OrderedDict collections.Counter collections.defaultdict _codecs.encode torch.Size torch.device
    torch.serialization._get_layout torch.nn.parameter.Parameter torch.Tensor torch._utils._rebuild_tensor
    torch._utils._rebuild_tensor_v2 torch._utils._rebuild_tensor_v3 torch._utils._rebuild_parameter
    torch._utils._rebuild_parameter_with_state torch._utils._rebuild_qtensor torch._utils._rebuild_sparse_tensor
    torch._utils._rebuild_meta_tensor_no_storage torch._utils._rebuild_wrapper_subclass
    torch._tensor._rebuild_from_type_v2 torch._utils._rebuild_device_tensor_from_numpy
    torch._utils._rebuild_device_tensor_from_cpu_tensor torch.per_tensor_affine torch.per_tensor_symmetric
    torch.per_channel_affine torch.per_channel_symmetric torch.per_channel_affine_float_qparams numpy.dtype
    numpy.ndarray numpy.core.multiarray.scalar numpy._core.multiarray.scalar numpy.core.multiarray._reconstruct
    numpy._core.multiarray._reconstruct
    """
)
"""Names that published checkpoints hold beside weights. None is called or even looked up, so none can do harm."""
_BUILTINS = words(
    """
    set frozenset complex bytearray list dict tuple int float str bool slice range long
    """
)
_HOSTILE = words(
    """
    os posix nt sys subprocess runpy importlib shutil socket ctypes pty webbrowser pickle _pickle marshal code
    codeop timeit commands platform pip multiprocessing asyncio operator _operator pdb bdb cProfile profile trace
    urllib requests http ftplib
    """
)
_RUNNING = words(
    """
    eval exec execfile compile __import__ open input breakpoint apply globals
    """
)


def storage_type(name: str) -> str | None:
    """What a storage class holds, as 'Float' of ``torch.FloatStorage``; None for other names."""
    module, _, last = name.rpartition(".")
    if module not in ("torch", "torch.cuda", "torch.storage") or not last.endswith("Storage"):
        return None
    kind = last.removesuffix("Storage")
    return kind if kind in DTYPES or kind in QUANTISED or kind == "Untyped" else None


def dtype_of(name: str) -> torch.dtype | None:
    """The dtype of a name like ``torch.float32``; None for other names."""
    module, _, last = name.rpartition(".")
    found = getattr(torch, last, None) if module == "torch" and last.isidentifier() else None
    return found if isinstance(found, torch.dtype) else None


def is_plain(name: str) -> bool:
    """Whether a name is one that files of weights may hold."""
    module, _, last = name.rpartition(".")
    if name in PLAIN or storage_type(name) or dtype_of(name):
        return True
    return (module in ("builtins", "__builtin__") and last in _BUILTINS) or module == "numpy.dtypes"


def is_hostile(name: str) -> bool:
    """Whether a name is one that can start programs, open files or reach the network."""
    module, _, last = name.rpartition(".")
    return name.partition(".")[0] in _HOSTILE or (module in ("builtins", "__builtin__") and last in _RUNNING)
