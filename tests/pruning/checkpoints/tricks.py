"""Files that are well-formed at first sight: archives, pickles and headers that claim what cannot be."""

import json
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

from tests.pruning.checkpoints.formats import archive, formats, parts, safetensors_bytes


def pickled(text: bytes) -> bytes:
    """A torch archive with this as its pickle."""
    return archive([("a/data.pkl", b"\x80\x02" + text), ("a/data/0", b"\0" * 16), ("a/version", b"3\n")])


def view(size: str, stride: str, offset: int = 0, length: int = 4, key: str = "0") -> bytes:
    """A torch archive of one tensor, `a`, whose sizes and strides are steps of a pickle that make tuples."""
    storage = f"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00{key}X\x03\x00\x00\x00cpuI{length}\ntQ"
    call = f"ctorch._utils\n_rebuild_tensor_v2\n({storage}I{offset}\n{size}{stride}\x89}}tR"
    return pickled(f"}}X\x01\x00\x00\x00a{call}s.".encode("latin-1"))


def zips() -> Iterator[tuple[str, bytes]]:
    """Archives with tricks."""
    good = parts(formats()["zip.pt"])
    for place, name in enumerate(["../evil", "/evil", "a/../../evil", "..\\evil", "C:/evil", "\\evil", "a/.."]):
        yield f"zip-path{place}.pt", archive([*good, (name, b"x")])
    yield "zip-twice.pt", archive([*good, good[0]])
    yield "zip-two-networks.pt", archive([*good, ("other/data.pkl", good[0][1])])
    yield "zip-packed.pt", archive(good, zipfile.ZIP_DEFLATED)
    yield "zip-bomb.pt", archive([*good, ("archive/bomb", b"\0" * (66 * 2**20))], zipfile.ZIP_DEFLATED)
    yield "zip-without-numbers.pt", archive([part for part in good if "/data/" not in part[0]])
    yield "zip-empty.pt", archive([])
    yield "zip-other.pt", archive([("readme.txt", b"hello")])
    yield "zip-around.pt", archive([("net.pth", formats()["zip.pt"])])
    yield "zip-big-endian.pt", archive([(n, b"big" if n.endswith("byteorder") else content) for n, content in good])
    yield "zip-script.pt", archive([*good, ("archive/constants.pkl", b"."), ("archive/code/x.py", b"")])
    yield "zip-large-pickle.pt", archive([("a/data.pkl", b"\x80\x02" + b"N0" * 9_000_000 + b".")])
    for name, change in {"size": (24, 0x7FFFFFF0), "packed-size": (20, 0x7FFFFFF0), "offset": (42, 0x7FFFFFF0)}.items():
        content = bytearray(archive(good))
        at = content.index(b"PK\x01\x02") + change[0]
        content[at : at + 4] = struct.pack("<I", change[1])
        yield f"zip-{name}.pt", bytes(content)
    content = bytearray(archive(good))
    for sign, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(sign) + place] |= 1
    yield "zip-encrypted.pt", bytes(content)
    content = bytearray(archive(good))
    at = content.index(next(data for name, data in good if name.endswith("/data/0")))
    content[at + 5] ^= 1
    yield "zip-checksum.pt", bytes(content)
    end = archive(good)
    yield "zip-table.pt", end[:-10] + struct.pack("<I", 0x7FFFFFFF) + end[-6:]


def pickles() -> Iterator[tuple[str, bytes]]:
    """Archives whose pickle describes tensors that cannot be, or makes no sense."""
    four, one = "(I4\nt", "(I1\nt"
    cases = {
        "outside": view("(I5\nt", one),
        "offset": view(four, one, offset=1),
        "negative": view("(I-4\nt", one),
        "negative-offset": view(four, one, offset=-4),
        "stride": view(four, "(I9\nt"),
        "negative-stride": view(four, "(I-1\nt"),
        "overlap": view("(I3\nI2\nt", "(I1\nI1\nt"),
        "expanded": view("(I99999999999\nt", "(I0\nt"),
        "huge": view("(I999999999999999999999999999\nt", one),
        "product": view("(I99999999\nI99999999\nI99999999\nt", "(I1\nI1\nI1\nt"),
        "dimensions": view("(" + "I1\n" * 99 + "t", "(" + "I1\n" * 99 + "t"),
        "uneven": view(four, "(I1\nI1\nt"),
        "promise": view(four, one, length=10**12),
        "negative-length": view(four, one, length=-1),
        "missing": view(four, one, key="9"),
        "text-size": view("(X\x01\x00\x00\x004t", one),
        "no-size": view("N", one),
    }
    for name, content in cases.items():
        yield f"tensor-{name}.pt", content
    steps = {
        "empty": b"",
        "stop": b".",
        "pop": b"0.",
        "no-mark": b"t.",
        "memo": b"h\x07.",
        "reduce": b"NNR.",
        "append": b"NNa.",
        "items": b"NNNs.",
        "pid": b"NQ.",
        "extension": b"\x82\x01.",
        "buffer": b"\x97.",
        "int": b"I" + b"9" * 9999 + b"\n.",
        "text": b"X\xff\xff\xff\x7fa.",
        "bad-text": b"X\x01\x00\x00\x00\xff.",
        "dtype": b"ctorch\nfloat33\n.",
        "getattr": b"ctorch\n__dict__\n.",
        "bomb": b"cbuiltins\nbytearray\n(I99999999999\ntR.",
        "tensor-bomb": b"ctorch\nFloatTensor\n(I99999999999\ntR.",
        "hash-bomb": b"}N\x85" + b"2\x86" * 400 + b"Ns.",
        # The same in the steps that torch's own restricted reader knows, where it hashes for ever
        "hash-memo": b"}N\x85q\x00" + b"h\x00\x86q\x00" * 400 + b"Ns.",
        "set-bomb": b"cbuiltins\nset\n(]N\x85q\x00" + b"h\x00\x86q\x00" * 400 + b"atR.",
        "deep": b"]" + b"\x85" * 200_000 + b".",
        "steps": b"N0" * 400_000 + b".",
        "keys": b"}(" + b"".join(b"X\x06\x00\x00\x00%06dN" % n for n in range(1_000_000)) + b"u.",
        "self": b"}q\x00X\x0a\x00\x00\x00state_dicth\x00s.",
        "single": b"K\x01.",
        "list": b"].",
    }
    for name, text in steps.items():
        yield f"steps-{name}.pt", pickled(text)


def headers() -> Iterator[tuple[str, bytes]]:
    """Files of safetensors with absurd headers."""

    def entry(dtype: Any = "F32", shape: Any = (2,), place: Any = (0, 8)) -> dict[str, Any]:
        return {"a": {"dtype": dtype, "shape": shape, "data_offsets": place}}

    eight = b"\0" * 8
    second = {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}
    cases = {
        "length": safetensors_bytes(entry(), eight, length=2**63),
        "length-all": safetensors_bytes(entry(), eight, length=2**64 - 1),
        "length-more": safetensors_bytes(entry(), eight, length=200),
        "length-less": safetensors_bytes(entry(), eight, length=10),
        "length-none": safetensors_bytes(entry(), eight, length=0),
        "header-large": safetensors_bytes(b"{" + b" " * (5 * 2**20) + b"}"),
        "no-json": safetensors_bytes(b"{hello}", eight),
        "latin": safetensors_bytes(b'{"\xff":1}', eight),
        "deep": safetensors_bytes(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "digits": safetensors_bytes(b'{"a":' + b"1" * 10_000 + b"}"),
        "twice": safetensors_bytes(b'{"a":%s,"a":%s}' % ((json.dumps(entry()["a"]).encode(),) * 2), eight),
        "list": safetensors_bytes([1, 2], eight),
        "number": safetensors_bytes({"a": 3}, eight),
        "none": safetensors_bytes({}, b""),
        "metadata": safetensors_bytes({"__metadata__": [], **entry()}, eight),
        "only-metadata": safetensors_bytes({"__metadata__": {"format": "pt"}}),
        "overlap": safetensors_bytes({**entry(), "b": second}, b"\0" * 12),
        "gap": safetensors_bytes(entry(place=(4, 12)), b"\0" * 12),
        "rest": safetensors_bytes(entry(), b"\0" * 12),
        "short": safetensors_bytes(entry(), b"\0" * 4),
        "outside": safetensors_bytes(entry(shape=[2**40], place=(0, 2**42)), eight),
        "backwards": safetensors_bytes(entry(place=(8, 0)), eight),
        "negative": safetensors_bytes(entry(shape=[-2]), eight),
        "both-negative": safetensors_bytes(entry(shape=[-2, -1]), eight),
        "overflow": safetensors_bytes(entry(shape=[2**40, 2**40, 2**40]), eight),
        "fraction": safetensors_bytes(entry(shape=[2.0]), eight),
        "text-shape": safetensors_bytes(entry(shape="2"), eight),
        "true-shape": safetensors_bytes(entry(shape=[True, 2]), eight),
        "no-shape": safetensors_bytes(entry(shape=None), eight),
        "dimensions": safetensors_bytes(entry(shape=[1] * 99 + [2]), eight),
        "no-place": safetensors_bytes(entry(place=None), eight),
        "one-place": safetensors_bytes(entry(place=[8]), eight),
        "text-place": safetensors_bytes(entry(place=["0", "8"]), eight),
        "dtype": safetensors_bytes(entry(dtype="F99"), eight),
        "no-dtype": safetensors_bytes(entry(dtype=None), eight),
        "list-dtype": safetensors_bytes(entry(dtype=["F32"]), eight),
        "other-dtype": safetensors_bytes(entry(dtype="F64"), eight),
        "keys": safetensors_bytes(
            {f"{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(30_000)}
        ),
    }
    for name, content in cases.items():
        yield f"header-{name}.safetensors", content
