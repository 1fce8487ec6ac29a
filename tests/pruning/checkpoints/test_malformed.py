"""Whatever is wrong with a file of weights, it is one sentence, at once, and nothing in the file is run or written."""

import os
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pruning.checkpoints import read, read_masks, reader
from pruning.errors import UserError
from tests.pruning.checkpoints import corpus
from tests.pruning.checkpoints.formats import safetensors_bytes, state

BROKEN = corpus.broken()
FLIPPED = dict(corpus.flipped())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder within the temporary one, which is the current folder, so that what leaves it is seen."""
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


def outcome(path: Path) -> UserError | None:
    """What reading a file ends in; whatever it ends in, it is quick, quiet and leaves no trace."""
    before = sorted(path.parent.parent.rglob("*"))
    start = time.process_time()
    found: dict[str, Tensor] = {}
    try:
        found = read(path).state
        error = None
    except UserError as caught:
        error = caught
    # The promise is one second; it is the processor's time, so that a busy machine does not matter
    assert time.process_time() - start < 1.0
    assert sorted(path.parent.parent.rglob("*")) == before
    if error is None:
        assert found
        assert all(value.isfinite().all() for value in found.values())
    return error


def test_the_corpus_is_large() -> None:
    assert len(BROKEN) >= 200
    assert len(FLIPPED) >= 100


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_a_sentence(name: str, folder: Path) -> None:
    path = folder / name
    path.write_bytes(BROKEN[name])
    error = outcome(path)
    assert error is not None
    assert str(path) in str(error)
    assert str(error).isprintable()
    assert str(error).endswith(".")
    assert "Error)" not in str(error)  # that is the name of an exception that no check has foreseen


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FLIPPED)
def test_a_changed_byte_is_a_sentence_or_does_not_matter(name: str, folder: Path) -> None:
    path = folder / name
    path.write_bytes(FLIPPED[name])
    error = outcome(path)
    if error is not None:
        assert str(path) in str(error)
        assert str(error).isprintable()
        assert "Error)" not in str(error)


SENTENCES = {
    "hostile-system-False.pt": r"asks to run '(posix|os)\.system' when it is opened",
    "hostile-eval-beside-True.pt": r"asks to run '(builtins|__builtin__)\.eval'",
    "namespace.pt": r"wants 'argparse\.Namespace' \(under 'args'\).*run torch\.save\(model\.state_dict\(\)",
    "custom.pt": r"wants '.*corpus\.Custom' \(under 'config'\)",
    "network.pt": r"whole network of the class torch\.nn\.modules\.container\.Sequential.*model\.state_dict\(\)",
    "network-below.pt": r"whole network of the class torch\.nn\.modules\.linear\.Linear",
    "zip-path0.pt": r"'\.\./evil' leads out of the archive",
    "zip-bomb.pt": r"'archive/bomb' would unpack to 69206016 bytes",
    "zip-packed.pt": "is compressed",
    "zip-encrypted.pt": "is encrypted; decrypt it first",
    "zip-checksum.pt": "CRC",
    "zip-script.pt": r"TorchScript.*torch\.jit\.load",
    "zip-around.pt": r"zip archive with 'net\.pth' in it; unpack it first",
    "zip-table.pt": "table of contents is absurdly large|damaged",
    "tensor-outside.pt": "'a' claims more elements than its storage has",
    "tensor-promise.pt": "'a' was promised 4000000000000 bytes and has 16",
    "tensor-overlap.pt": "'a' uses some numbers more than once",
    "steps-keys.pt": "more objects than any network has|more than that of any network",
    "header-length.safetensors": "header is longer than the file",
    "header-twice.safetensors": "has 'a' more than once",
    "header-dtype.safetensors": "'a' has the dtype 'F99'",
    "value-nan.pt": r"'fc\.weight' has 1 NaN and 1 infinite values among 20",
    "value-double.pt": r"'fc\.weight' has \d+ infinite values",
    "value-int8.pt": r"'fc\.weight' is of the dtype int8, as quantised weights are; convert",
    "value-quantised.pt": r"'fc\.weight' is quantised; convert it with tensor\.dequantize\(\)",
    "value-sparse.pt": r"sparse layout; convert it with tensor\.to_dense\(\)",
    "value-sparse-outside.pt": "the places of the values of 'fc.weight' make no sense",
    "value-sparse-absurd.pt": "its sparse tensor 'fc.weight' would take 1099511627776 numbers",
    "value-complex.pt": "holds complex numbers",
    "value-float8.pt": r"of the dtype float8_e4m3fn; convert it with tensor\.float\(\)",
    "content-two.pt": "several state dicts",
    "array-objects.npz": "holds objects",
    "page.pt": "HTML page, so the download went wrong",
    "page.safetensors": "HTML page, so the download went wrong",
    "pointer.pt": "Git LFS pointer, not the file itself; run git lfs pull",
    "packed.pt": "packed with gzip; unpack it first",
    "packed.tar": "tar archive; unpack it first",
    "keras.h5": "HDF5",
    "graph.onnx": "ONNX",
    "objects.pkl": r"pickle that torch\.save did not write",
    "empty.pt": "it is empty",
    "text.pt": "it is text",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_the_sentence_says_what_it_is(name: str, folder: Path) -> None:
    (folder / name).write_bytes(BROKEN[name])
    with pytest.raises(UserError, match=SENTENCES[name]):
        read(folder / name)


@pytest.mark.timeout(20)
def test_odd_places(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    cases = {
        folder / "gone.pt": "There is no file",
        folder: "it is a folder",
        folder / "pipe": "it is a device, a pipe or a socket",
        Path("/dev/zero"): "it is a device, a pipe or a socket",
        folder / "loop": "symbolic links",
        folder / ("x" * 300): "name too long",
        Path("a\0b"): "null",
    }
    for path, sentence in cases.items():
        for function in (read, read_masks):
            with pytest.raises(UserError, match=sentence) as caught:
                function(path)
            assert str(caught.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(folder: Path) -> None:
    torch.save(state(), folder / "net.pt")
    (folder / "net.pt").chmod(0)
    with pytest.raises(UserError, match="you may not read it"):
        read(folder / "net.pt")


def test_names_cannot_break_the_line(folder: Path) -> None:
    path = folder / "a\nb.pt"
    torch.save({"x\n\x1b[31m" + "y" * 10_000: torch.tensor([float("nan")])}, path)
    with pytest.raises(UserError, match=r"a\\nb\.pt") as caught:
        read(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_weights_larger_than_memory_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a hole of a terabyte takes no room on the disk and would in memory."""
    place = {"dtype": "F32", "shape": [2**38], "data_offsets": [0, 2**40]}
    path = folder / "net.safetensors"
    head = safetensors_bytes({"a": place})
    path.write_bytes(head)
    os.truncate(path, len(head) + 2**40)
    with pytest.raises(UserError, match=r"do not fit into memory \(2,199\.0 GB are needed"):
        read(path)
    torch.save(state(), folder / "net.pt")
    monkeypatch.setattr("pruning.checkpoints.tensors.available_memory", lambda: 1000)
    with pytest.raises(UserError, match=r"do not fit into memory \([\d,]+ bytes are needed, 1,000 bytes are free\)"):
        read(folder / "net.pt")
    monkeypatch.setattr("pruning.checkpoints.tensors.available_memory", lambda: None)
    assert reader.read(folder / "net.pt").state.keys() == state().keys()


def test_many_views_of_one_storage_are_refused(folder: Path) -> None:
    row = torch.zeros(1000)
    torch.save({f"t{n}": row[n:] for n in range(50)}, folder / "net.pt")
    with pytest.raises(UserError, match=r"claim [\d,]+ bytes and only 4,000 bytes are stored"):
        read(folder / "net.pt")
