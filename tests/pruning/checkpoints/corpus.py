"""Malformed files of weights, made by rule: cut short, with a byte changed, hostile, absurd, or something else."""

import argparse
import os
import struct
import subprocess
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import nn

from tests.pruning.checkpoints.formats import archive, formats, numpy_bytes, state, torch_bytes
from tests.pruning.checkpoints.tricks import headers, pickles, zips

MARKER = "marker"
"""The file that hostile content would make in the current folder."""


def truncated() -> Iterator[tuple[str, bytes]]:
    """Each format, cut at many places."""
    for name, content in formats().items():
        for cut in sorted({1, 4, 7, 9, 20, *(len(content) * part // 16 for part in range(1, 16)), len(content) - 1}):
            yield f"cut{cut}-{name}", content[:cut]


def flipped() -> Iterator[tuple[str, bytes]]:
    """Each format with one byte changed, most of them in headers and tables. Some of these may still be read."""
    for name, content in formats().items():
        places = [*range(0, 40, 4), *range(60, 900, 60), *range(len(content) - 400, len(content), 40)]
        for place in sorted({place for place in places if place < len(content)}):
            changed = bytearray(content)
            changed[place] ^= 0xFF if place % 3 else 0x01
            yield f"flip{place}-{name}", bytes(changed)


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


class Custom:
    """A class that no reader knows."""


def hostile() -> Iterator[tuple[str, bytes]]:
    """Files that make a marker file, or evaluate text, when they are unpickled."""
    make = f"open({MARKER!r}, 'w')"
    calls = {
        "system": Calls(os.system, f"touch {MARKER}"),
        "popen": Calls(os.popen, f"touch {MARKER}"),
        "run": Calls(subprocess.run, ["touch", MARKER]),
        "eval": Calls(eval, make),
        "exec": Calls(exec, make),
        "open": Calls(open, MARKER, "w"),
        "import": Calls(__import__, "antigravity"),
        "getattr": Calls(getattr, [], "append"),
        "mkdir": Calls(os.mkdir, MARKER),
    }
    for name, call in calls.items():
        for legacy in (False, True):
            yield f"hostile-{name}-{legacy}.pt", torch_bytes(call, legacy)
            yield f"hostile-{name}-beside-{legacy}.pt", torch_bytes({"state_dict": state(), "args": call}, legacy)
            yield f"hostile-{name}-within-{legacy}.pt", torch_bytes({**state(), "x": [(call,)]}, legacy)
    yield "namespace.pt", torch_bytes({"state_dict": state(), "args": argparse.Namespace(lr=0.1)})
    yield "custom.pt", torch_bytes({"state_dict": state(), "config": Custom()})
    yield "network.pt", torch_bytes(nn.Sequential(nn.Linear(2, 2)))
    yield "network-legacy.pt", torch_bytes(nn.Linear(2, 2), legacy=True)
    yield "network-below.pt", torch_bytes({"model": nn.Linear(2, 2), "epoch": 2})


def values() -> Iterator[tuple[str, bytes]]:
    """Tensors that can be read and are no weights."""
    weight = state()["fc.weight"]
    quantised = torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)
    broken = weight.clone()
    broken[1, 2], broken[0, 0] = float("nan"), float("inf")
    kinds: dict[str, Any] = {
        "nan": broken,
        "int8": weight.to(torch.int8),
        "int32": weight.to(torch.int32),
        "int64": weight.to(torch.int64),
        "bool": weight > 0,
        "complex": weight.to(torch.complex64),
        "float8": weight.to(torch.float8_e4m3fn),
        "sparse": weight.to_sparse_bsr((1, 1)),
        "sparse-outside": torch.sparse_coo_tensor(torch.tensor([[9], [0]]), torch.ones(1), (5, 4)),
        "sparse-below": torch.sparse_coo_tensor(torch.tensor([[-1], [0]]), torch.ones(1), (5, 4)),
        "sparse-absurd": torch.sparse_coo_tensor(torch.tensor([[0], [0]]), torch.ones(1), (2**20, 2**20)),
        "sparse-rows": torch.sparse_csr_tensor(
            torch.tensor([0, 3, 1]), torch.zeros(1, dtype=torch.int64), torch.ones(1), (2, 2), check_invariants=False
        ),
        "quantised": quantised,
        "meta": weight.to("meta"),
        "expanded": weight[:, :1].expand(5, 9),
        "double": weight.double() * 1e300,
    }
    for name, value in kinds.items():
        yield f"value-{name}.pt", torch_bytes({**state(), "fc.weight": value})
    for name in ("int8", "complex", "float8", "nan", "bool"):
        yield f"value-{name}.safetensors", save_safetensors({"fc.weight": kinds[name]})
    contents: tuple[Any, ...] = (
        None,
        3,
        "text",
        [weight],
        (weight,),
        weight,
        {},
        {"epoch": 3},
        {"state_dict": {}},
        {1: weight},
    )
    for content in contents:
        yield f"content-{type(content).__name__}-{len(str(content))}.pt", torch_bytes(content)
    yield "content-two.pt", torch_bytes({"generator": state(), "discriminator": state()})
    yield "array-objects.npz", numpy_bytes({"a": np.array([{}, {}], dtype=object)})
    yield "array-text.npz", numpy_bytes({"a": np.array(["hello"])})
    yield "array-records.npz", numpy_bytes({"a": np.zeros(3, dtype=[("x", "f4")])})
    yield "array-big-endian.npz", numpy_bytes({"a": np.zeros(3, dtype=">f4")})
    yield "array-complex.npz", numpy_bytes({"a": np.zeros(3, dtype=np.complex64)})
    for name, header in {"shape": b"(99999999999,)", "deep": b"(" * 5000, "negative": b"(-3,)", "no": b"3"}.items():
        text = b"{'descr': '<f4', 'fortran_order': False, 'shape': " + header + b"}\n"
        array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\0" * 12
        yield f"array-{name}.npz", archive([("a.npy", array)])


def others() -> Iterator[tuple[str, bytes]]:
    """Files that are something else."""
    yield "empty.pt", b""
    yield "text.pt", b"hello"
    yield "page.pt", b"\n<!DOCTYPE html><html><body>Not found</body></html>"
    yield "page.safetensors", b"<html>  <body>Sign in</body></html>"
    yield "denied.pt", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"
    yield "pointer.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
    yield "pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
    yield "packed.pt", b"\x1f\x8b\x08\x00" + bytes(40)
    yield "packed.tar", bytes(257) + b"ustar\x0000" + bytes(300)
    yield "keras.h5", b"\x89HDF\r\n\x1a\n" + bytes(40)
    yield "graph.onnx", b"\x08\x07\x12\x07pytorch\x1a\x052.0.0" + bytes(40)
    yield "objects.pkl", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94."
    yield "array.npy", b"\x93NUMPY\x01\x00" + bytes(60)
    yield "picture.pt", b"\x89PNG\r\n\x1a\n" + bytes(40)
    yield "zeros.pt", bytes(1000)
    yield "noise.pt", np.random.default_rng(1).bytes(1000)


def broken() -> dict[str, bytes]:
    """All files that must be refused, by name."""
    groups = (truncated, hostile, zips, pickles, headers, values, others)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and zipfile are right to warn of what is made here
        return {name: content for group in groups for name, content in group()}
