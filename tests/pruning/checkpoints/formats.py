"""A small state dict, and the ways to write files of weights, good and bad."""

import io
import json
import struct
import zipfile
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor


def state() -> dict[str, Tensor]:
    """A small state dict."""
    numbers = torch.Generator().manual_seed(3)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=numbers),
        "bn.running_var": torch.rand(4, generator=numbers),
        "bn.num_batches_tracked": torch.tensor(7),
        "fc.weight": torch.randn(5, 4, generator=numbers),
        "fc.bias": torch.randn(5, generator=numbers),
    }


def torch_bytes(content: object, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def numpy_bytes(arrays: dict[str, Any], compressed: bool = False) -> bytes:
    """What numpy.savez writes."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def formats() -> dict[str, bytes]:
    """The small state dict in each format."""
    return {
        "zip.pt": torch_bytes({"state_dict": state(), "epoch": 3}),
        "legacy.th": torch_bytes({"state_dict": state(), "epoch": 3}, legacy=True),
        "st.safetensors": save_safetensors(state()),
        "plain.npz": numpy_bytes({name: value.numpy() for name, value in state().items()}),
        "packed.npz": numpy_bytes({name: value.numpy() for name, value in state().items()}, compressed=True),
    }


def archive(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return buffer.getvalue()


def parts(content: bytes) -> list[tuple[str, bytes]]:
    """The entries of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return [(name, file.read(name)) for name in file.namelist()]


def safetensors_bytes(header: object, numbers: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with any header, as JSON or as bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + numbers
