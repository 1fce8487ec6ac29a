"""Ticket files: whole, small, and refused with a sentence when they are not."""

import json
import struct
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import _TYPES, load_file, save_file

from pruning import Recipe, Study, Ticket, UserError
from pruning.checkpoints.ticket_metadata import digest_of_metadata
from pruning.study.folder import SUFFIX, TICKETS, Entry
from pruning.ticket import TicketInfo, _digest_of, read_header

STORED = sorted(_TYPES.values(), key=str)


def a_ticket(study: Path) -> Path:
    entries = Study.open(study).entries()
    return next(entry.path for entry in entries if entry.recipe.method == "imp" and entry.recipe.sparsity == 0.9)


def test_round_trip(found_study: Path, tmp_path: Path) -> None:
    ticket = Ticket.load(a_ticket(found_study))
    ticket.save(tmp_path / "again.safetensors")
    again = Ticket.load(tmp_path / "again.safetensors")
    assert again.recipe == ticket.recipe
    assert again.info == ticket.info
    assert list(again.masks) == list(ticket.masks)
    for name, mask in ticket.masks.items():
        assert torch.equal(again.masks[name], mask)
    for name, value in ticket.state.items():
        assert torch.equal(again.state[name], value)
        assert again.state[name].dtype == value.dtype


def test_masks_and_weights_agree(found_study: Path) -> None:
    ticket = Ticket.load(a_ticket(found_study))
    assert ticket.total == 50_200
    assert ticket.kept == 5_020
    assert ticket.sparsity == pytest.approx(0.9)
    model = ticket.model()
    assert not model.training
    for name, mask in ticket.masks.items():
        weight = dict(model.named_parameters())[name]
        assert bool((weight[~mask] == 0).all())
        assert bool((weight[mask] != 0).all())


def test_a_file_shrinks_with_sparsity(found_study: Path) -> None:
    sizes = {e.recipe.sparsity: e.path.stat().st_size for e in Study.open(found_study).entries() if e.recipe.seed == 0}
    # 4 bytes a kept weight, an eighth of a byte a mask position, and a little for biases and header
    for sparsity, size in sizes.items():
        expected = 50_200 * ((1 - sparsity) * 4 + 1 / 8)
        assert expected < size < expected + 8_000


def test_the_accuracy_in_the_file_is_that_of_the_model(found_study: Path) -> None:
    from pruning.data import load_data, normalise

    ticket, data = Ticket.load(a_ticket(found_study)), load_data("digits")
    with torch.no_grad():
        logits = ticket.model()(normalise(data.test.images, data.mean, data.std))
    assert ticket.info.accuracy == float((logits.argmax(1) == data.test.labels).double().mean())


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.999))
def test_a_truncated_file_is_one_sentence(
    cut: float, found_study: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = a_ticket(found_study).read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.safetensors"
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(UserError, match="is not a readable ticket") as caught:
        Ticket.load(path)
    assert str(path) in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), position=st.floats(0, 1))
def test_foreign_bytes_never_crash(
    data: bytes, position: float, found_study: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(a_ticket(found_study).read_bytes())
    at = int(position * (4_000 - len(data)))
    whole[at : at + len(data)] = data
    path = tmp_path_factory.mktemp("foreign") / "x.safetensors"
    path.write_bytes(bytes(whole))
    with suppress(UserError):
        Ticket.load(path)


def _file(path: Path, tensors: dict[str, torch.Tensor], **metadata: str) -> Path:
    save_file(tensors, path, metadata=metadata or None)
    return path


def test_other_files_are_refused(found_study: Path, tmp_path: Path) -> None:
    plain = _file(tmp_path / "plain.safetensors", {"weight": torch.zeros(3)})
    with pytest.raises(UserError, match="without the mark 'ticket-1'"):
        Ticket.load(plain)
    marked = _file(tmp_path / "marked.safetensors", {"weight": torch.zeros(3)}, format="ticket-1")
    with pytest.raises(UserError, match="bad metadata"):
        Ticket.load(marked)
    with pytest.raises(UserError, match="There is no ticket file"):
        Ticket.load(tmp_path / "none.safetensors")
    huge = tmp_path / "huge.safetensors"
    huge.write_bytes(struct.pack("<Q", 2**60) + b"{}")
    with pytest.raises(UserError, match="cut short or not a safetensors file"):
        Ticket.load(huge)


def test_contradictions_are_named(found_study: Path, tmp_path: Path) -> None:
    source = a_ticket(found_study)
    with safe_open(source, "pt") as file:  # as earlier versions wrote it, without digests
        metadata = {key: value for key, value in file.metadata().items() if key not in ("content", "digest")}
    tensors = load_file(source)
    fewer = {**tensors, "fc1.weight.kept": tensors["fc1.weight.kept"][1:].clone()}
    with pytest.raises(UserError, match=r"mask of 'fc1\.weight' keeps"):
        Ticket.load(_file(tmp_path / "a.safetensors", fewer, **metadata))
    nan = {**tensors, "fc1.weight.kept": tensors["fc1.weight.kept"] * float("nan")}
    with pytest.raises(UserError, match=r"'fc1\.weight' contain NaN"):
        Ticket.load(_file(tmp_path / "b.safetensors", nan, **metadata))
    missing = {key: value for key, value in tensors.items() if not key.startswith("fc1.weight")}
    with pytest.raises(UserError, match=r"fc1\.weight.* missing"):
        Ticket.load(_file(tmp_path / "c.safetensors", missing, **metadata))
    wrong = {**metadata, "shapes": json.dumps({**json.loads(metadata["shapes"]), "fc1.weight": [7, 7]})}
    with pytest.raises(UserError, match="does not fit its shape"):
        Ticket.load(_file(tmp_path / "d.safetensors", tensors, **wrong))


@pytest.mark.parametrize(
    "shape",
    [[2**32, 2**32], [2**39, 2**39, 0], [0, 2**39, 2**39], [1] * 65, [2**41], [1] * 17, [2**31, 2**31, 4], [-1]],
)
def test_shapes_beyond_all_bounds_are_a_sentence(found_study: Path, tmp_path: Path, shape: list[int]) -> None:
    """Whoever made the file can make its digests fit; 2**32 x 2**32 is 0 in 64 bits, and needs no mask then."""
    tensors, metadata = _content(a_ticket(found_study))
    tensors |= {"fc1.weight.kept": torch.zeros(0), "fc1.weight.mask": torch.zeros(0, dtype=torch.uint8)}
    shapes = {**json.loads(metadata["shapes"]), "fc1.weight": shape}
    with pytest.raises(UserError, match="is not a readable ticket"):
        Ticket.load(_vouched(tmp_path / "a.safetensors", tensors, metadata, shapes))


@pytest.mark.parametrize(
    "info",
    [
        {"shape": [2**40, 2**40, 3]},
        {"shape": [0, 8, 8]},
        {"mean": []},
        {"mean": [0.5, 0.5]},
        {"std": [0.0]},
        {"layers": {"fc1.weight": [2**70, 2**80]}},
    ],
    ids=str,
)
def test_what_it_says_of_its_images_and_layers_can_be(
    found_study: Path, tmp_path: Path, info: dict[str, object]
) -> None:
    """Before its tensors are read: it is not listed as sound, and the others of a study are measured."""
    tensors, metadata = _content(a_ticket(found_study))
    metadata["info"] = json.dumps(json.loads(metadata["info"]) | info)
    path = _vouched(tmp_path / "a.safetensors", tensors, metadata, json.loads(metadata["shapes"]))
    with pytest.raises(UserError, match=r"a\.safetensors"):
        read_header(path)


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize("part", ["fc1.weight.kept", "fc1.weight.mask", "fc1.bias"])
@pytest.mark.parametrize("kind", STORED, ids=str)
def test_any_type_of_numbers_is_read_or_a_sentence(
    found_study: Path, tmp_path: Path, kind: torch.dtype, part: str
) -> None:
    tensors, metadata = _content(a_ticket(found_study))
    raw = tensors[part].view(torch.uint8)
    tensors[part] = (
        raw[: len(raw) - len(raw) % 16].view(kind)
        if part.endswith("mask")
        else torch.zeros_like(tensors[part], dtype=kind)
    )
    with suppress(UserError):
        Ticket.load(_vouched(tmp_path / "a.safetensors", tensors, metadata, json.loads(metadata["shapes"]))).model()


def _content(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return load_file(path), file.metadata()


def _vouched(
    path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str], shapes: dict[str, list[int]]
) -> Path:
    """A file of other content whose digests fit."""
    changed = {**metadata, "shapes": json.dumps(shapes), "content": _digest_of(tensors, shapes)}
    return _file(path, tensors, **{**changed, "digest": digest_of_metadata(changed)})


def test_every_flipped_bit_is_noticed(found_study: Path, tmp_path: Path) -> None:
    """In the length, the header, the metadata and the tensors; one bit in 997, a prime, so that all eight are among
    them, and every bit of the first 80 bytes."""
    whole = a_ticket(found_study).read_bytes()
    bits = [*range(8 * 80), *range(0, 8 * len(whole), 997)]
    assert len(bits) > 700
    for bit in bits:
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path = tmp_path / "flipped.safetensors"
        path.write_bytes(flipped)
        with pytest.raises(UserError, match="is not a readable ticket"):
            Ticket.load(path)


def test_the_header_alone_tells_that_its_metadata_changed(found_study: Path, tmp_path: Path) -> None:
    whole = a_ticket(found_study).read_bytes()
    changed = whole.replace(b'\\"accuracy\\":0.9', b'\\"accuracy\\":0.1')
    assert changed != whole
    (tmp_path / "changed.safetensors").write_bytes(changed)
    with pytest.raises(UserError, match="its metadata are not those that were written"):
        read_header(tmp_path / "changed.safetensors")


def test_the_digest_is_that_of_masks_and_weights_alone(found_study: Path, tmp_path: Path) -> None:
    path = a_ticket(found_study)
    ticket = Ticket.load(path)
    entry = next(entry for entry in Study.open(found_study).entries() if entry.path == path)
    assert entry.content == entry.digest == ticket.digest
    assert len(ticket.digest) == 16
    ticket.info.seconds, ticket.info.created = 1e6, "another day"
    ticket.masks = dict(reversed(ticket.masks.items()))
    ticket.save(tmp_path / "again.safetensors")
    assert Ticket.load(tmp_path / "again.safetensors").digest == entry.digest
    ticket.state["fc1.bias"][0] += 1
    assert ticket.digest != entry.digest


def test_a_file_without_digests_reads_as_before(found_study: Path, tmp_path: Path) -> None:
    source = a_ticket(found_study)
    with safe_open(source, "pt") as file:
        metadata = {key: value for key, value in file.metadata().items() if key not in ("content", "digest")}
    old = _file(tmp_path / "old.safetensors", load_file(source), **metadata)
    header, ticket = read_header(old), Ticket.load(source)
    assert header.content == ""
    assert Entry(old, header.recipe, header.info).digest == Ticket.load(old).digest == ticket.digest


def test_a_ticket_that_does_not_fit_its_model_says_so() -> None:
    recipe = Recipe(model="lenet300", data="digits", criterion="random", sparsity=0.5)
    info = TicketInfo(shape=(1, 8, 8), classes=list("ab"), mean=[0.5], std=[0.5])
    with pytest.raises(UserError, match="does not fit its model 'lenet300'"):
        Ticket(recipe, {}, {"fc1.weight": torch.zeros(2, 2)}, info).model()


def test_saving_where_nothing_can_be_written(found_study: Path, tmp_path: Path) -> None:
    ticket = Ticket.load(a_ticket(found_study))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="Cannot write"):
        ticket.save(tmp_path / "file" / f"x{SUFFIX}")
    assert (tmp_path / "file").read_text() == "in the way"
    assert TICKETS == "tickets"
