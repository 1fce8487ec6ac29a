"""Where a network computes, how many threads it gets, and whether bfloat16 pays there."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from pruning.errors import UserError

Precision = Literal["float32", "bfloat16"]

# Below this many multiply-adds an image, converting to bfloat16 costs more than it saves.
SMALL_NETWORK = 5_000_000

# From this many on, several threads save more than waking them costs, and few such networks fit into memory at once.
LARGE_NETWORK = 1_000_000_000
LARGE_THREADS = 4

WITHOUT_DOUBLES = {"mps"}
"""Types of devices that have no float64."""

WARN = 1
"""torch's number for deterministic kernels where there are any, and a warning where there are none."""

_MEMORY: Any = torch.utils.deterministic  # torch says nothing of the types of its own settings
_asked: ContextVar[int] = ContextVar("threads", default=0)


def pick_device(name: str = "auto") -> torch.device:
    """``auto`` is the GPU when there is one, else the CPU.

    Raises:
        UserError: torch does not know the name, or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"Device '{name}' cannot be used here: {str(error).splitlines()[0]}") from None


def with_doubles(device: torch.device) -> torch.device:
    """The device where it has numbers of 64 bits, else the CPU: MPS has none."""
    return torch.device("cpu") if device.type in WITHOUT_DOUBLES else device


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    return device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def check_precision(asked: str) -> None:
    """Raises UserError unless it is a precision that can be asked for."""
    known = ("auto", *get_args(Precision))
    if asked not in known:
        raise UserError(f"Precision {asked!r} is not known; there are {', '.join(known)}.")


def pick_precision(asked: str, macs: int, device: torch.device) -> Precision:
    """Resolve ``auto``: bfloat16 where the hardware has it and the network is large enough for it to pay.

    The choice depends on the hardware alone, never on a timing, so that a repeated run is the same to the bit.
    """
    if asked != "auto":
        return "bfloat16" if asked == "bfloat16" else "float32"
    return "bfloat16" if macs >= SMALL_NETWORK and has_fast_bfloat16(device) else "float32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which the forward pass runs."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def prepare(module: nn.Module, device: torch.device, macs: int) -> nn.Module:
    """Move a network to its device; larger convolutional ones go channels_last, the layout fast kernels want."""
    module = module.to(device)
    return module.to(memory_format=torch.channels_last) if macs >= SMALL_NETWORK else module


def as_input(images: Tensor, device: torch.device, macs: int) -> Tensor:
    """Images in the memory layout that `prepare` chose for the network."""
    images = images.to(device)
    return images.contiguous(memory_format=torch.channels_last) if macs >= SMALL_NETWORK else images


def pick_threads(macs: int) -> int:
    """How many threads a network of `macs` multiply-adds an image gets: those of `on_threads`, else by its size alone.

    That is 1, or 4 for a large network, however many cores there are: which numbers are added up in which order, and so
    the last digits of most results, depends on how many threads share the work.
    """
    return _asked.get() or (LARGE_THREADS if macs >= LARGE_NETWORK else 1)


def threads_asked() -> int:
    """The threads of `on_threads`; 0 outside of it."""
    return _asked.get()


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Run networks on so many threads, whatever their size; 0 changes nothing. Also everything else within."""
    before, token = torch.get_num_threads(), _asked.set(count or _asked.get())
    try:
        torch.set_num_threads(_asked.get() or before)
        yield
    finally:
        torch.set_num_threads(before)
        _asked.reset(token)


def cpu_capability() -> str:
    """The vector instructions that torch uses here, such as ``AVX512``: another set rounds otherwise."""
    return str(torch.backends.cpu.get_cpu_capability())


def device_name(device: torch.device) -> str:
    """``cpu``, or the device with the name of the hardware: ``cuda (NVIDIA H200)``."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def hardware(device: torch.device) -> str:
    """What the last digits depend on beside the precision: ``1 thread of cpu (AVX512)``."""
    threads = torch.get_num_threads()
    return f"{threads} thread{'s' * (threads > 1)} of {device_name(device)} ({cpu_capability()})"


@contextmanager
def settled(macs: int) -> Iterator[None]:
    """Deterministic kernels on a number of threads that is `pick_threads`'.

    Results then depend neither on the number of cores nor on what else is at work. New memory is not filled with NaN
    first, which torch adds to deterministic kernels to find those that read it, and which takes a tenth of the time.
    """
    filling = _MEMORY.fill_uninitialized_memory
    deterministic = torch.get_deterministic_debug_mode()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    if torch.cuda.is_available():
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    _deterministic(WARN)
    _MEMORY.fill_uninitialized_memory = False
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    threads = torch.get_num_threads()
    torch.set_num_threads(pick_threads(macs))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _deterministic(deterministic)
        _MEMORY.fill_uninitialized_memory = filling
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn


def _deterministic(mode: int) -> None:
    """What `torch.use_deterministic_algorithms` does, which imports torch's compiler to tell it: over a second.

    Args:
        mode: as `torch.get_deterministic_debug_mode` gives it.
    """
    torch.set_deterministic_debug_mode(mode)
    compiler: Any = sys.modules.get("torch._inductor.config")
    if compiler is not None:
        compiler.deterministic = mode > 0
