"""Where a network computes, how many threads it gets, and whether bfloat16 pays there."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from pruning.errors import UserError

Precision = Literal["float32", "bfloat16"]

# Below this many multiply-adds an image, converting to bfloat16 and waking a second thread cost more than they save.
SMALL_NETWORK = 5_000_000


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


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    return device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()


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


@contextmanager
def settled(macs: int) -> Iterator[None]:
    """Deterministic kernels, and one thread for small networks: results then do not depend on the number of cores."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    if torch.cuda.is_available():
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    if macs < SMALL_NETWORK:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
