"""The layouts that weights are published in, each written by torch or numpy and held against what was put in."""

from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import prune

from pruning.checkpoints import read, read_masks, zeros_as_masks
from pruning.checkpoints.state_dict import PREFIXES, WRAPPERS
from pruning.errors import UserError

FORMATS = ("zip", "legacy", "safetensors", "npz")
QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def network() -> nn.Sequential:
    """A small network with buffers."""
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def write(path: Path, state: dict[str, Tensor], form: str, wrappers: tuple[str, ...] = ()) -> None:
    """Write a state dict in a format, below keys where the format has them."""
    content: dict[str, Any] = state
    for key in reversed(wrappers):
        content = {"epoch": 3, key: content, "best": np.float64(91.5)}
    if form == "safetensors":
        save_file(state, path)
    elif form == "npz":
        with open(path, "wb") as file:
            arrays: dict[str, Any] = {name: value.numpy() for name, value in state.items()}
            np.savez(file, **arrays)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether names, dtypes, shapes and values agree, and nothing shares memory or is strided."""
    return found.keys() == expected.keys() and all(
        value.dtype == expected[name].dtype and value.is_contiguous() and torch.equal(value, expected[name])
        for name, value in found.items()
    )


NAMES = st.text("abc.019_é", min_size=1, max_size=8).filter(lambda name: not name.endswith(("_mask", "_orig", ".")))
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@QUICK
@given(
    shapes=st.dictionaries(NAMES, SHAPES, min_size=1, max_size=6),
    prefixes=st.lists(st.sampled_from(PREFIXES), max_size=3),
    wrappers=st.lists(st.sampled_from(WRAPPERS), max_size=2).map(tuple),
    form=st.sampled_from(FORMATS),
    seed=st.integers(0, 2**31),
)
def test_what_goes_in_comes_out(
    tmp_path: Path,
    shapes: dict[str, tuple[int, ...]],
    prefixes: list[str],
    wrappers: tuple[str, ...],
    form: str,
    seed: int,
) -> None:
    numbers = torch.Generator().manual_seed(seed)
    # A name that all tensors share the beginning of would be taken for a prefix; "_" is none
    state = {f"_{name}": torch.randn(shape, generator=numbers) for name, shape in shapes.items()}
    write(tmp_path / "net", {"".join(prefixes) + name: value for name, value in state.items()}, form, wrappers)
    found = read(tmp_path / "net")
    assert same(found.state, state)
    assert found.masks == {}
    if form in ("zip", "legacy"):
        assert list(found.state) == list(state)


@QUICK
@given(
    content=st.binary(max_size=400),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x10" + b"\0" * 7 + b"{"]),
)
def test_any_bytes_are_a_sentence(tmp_path: Path, content: bytes, start: bytes) -> None:
    (tmp_path / "net").write_bytes(start + content)
    with pytest.raises(UserError) as caught:
        read(tmp_path / "net")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("form", FORMATS)
def test_a_network_loads_it(tmp_path: Path, form: str) -> None:
    state = network().state_dict()
    write(tmp_path / "net", dict(state), form)
    found = read(tmp_path / "net")
    assert same(found.state, state)
    assert network().load_state_dict(found.state)


def test_a_training_checkpoint(tmp_path: Path) -> None:
    """Optimizer, schedule, scores of numpy and a moving average beside the weights; torch.load is the reference."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 3, 3, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    content = {
        "epoch": 7,
        "arch": "small",
        "ema": {name: value * 2 for name, value in model.state_dict().items()},
        "state_dict": OrderedDict((f"module.{name}", value) for name, value in model.state_dict().items()),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "best": np.float64(0.9),
        "history": {"accuracy": [0.1, 0.2], "counts": Counter("abc"), "array": np.arange(3)},
        "rng": torch.get_rng_state(),
    }
    for legacy in (False, True):
        torch.save(content, tmp_path / "net.pt", _use_new_zipfile_serialization=not legacy)
        found = read(tmp_path / "net.pt")
        assert same(found.state, model.state_dict())
        assert found.notes[0].startswith("The weights were taken from 'state_dict'; left out: 'epoch', 'arch', 'ema'")
        assert found.notes[1] == "The prefix 'module.' of all names was removed."
    torch.save(content["state_dict"], tmp_path / "bare.pt")
    loaded = torch.load(tmp_path / "bare.pt", weights_only=True)
    assert same(read(tmp_path / "bare.pt").state, {name.removeprefix("module."): v for name, v in loaded.items()})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_all_protocols(tmp_path: Path, protocol: int) -> None:
    state = network().state_dict()
    for legacy in (False, True):
        path = tmp_path / f"{legacy}.pt"
        torch.save({"net": state}, path, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
        assert same(read(path).state, state)


def test_views_parameters_and_tied_weights(tmp_path: Path) -> None:
    row = torch.arange(24.0)
    shared = row[:6].view(2, 3)
    state = {
        "a": shared.t(),
        "b": row[6:].view(2, 3, 3).permute(2, 0, 1),
        "c": nn.Parameter(shared),
        "d": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "e": row[::5],
        "f": torch.tensor(3.0),
    }
    for legacy in (False, True):
        torch.save(state, tmp_path / "net.pt", _use_new_zipfile_serialization=not legacy)
        found = read(tmp_path / "net.pt").state
        assert same(found, {name: value.detach() for name, value in state.items()})
        found["a"][0, 0] = 99  # each has memory of its own
        assert found["c"][0, 0] == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_become_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {name: v.to(dtype) if v.is_floating_point() else v for name, v in network().state_dict().items()}
    for form in ("zip", "legacy", "safetensors"):
        write(tmp_path / "net", state, form)
        found = read(tmp_path / "net")
        assert same(found.state, {n: v.float() if v.is_floating_point() else v for n, v in state.items()})
        assert f"8 tensors were converted from {str(dtype)[6:]} to float32." in found.notes


def test_counters_are_no_weights(tmp_path: Path) -> None:
    state = network().state_dict()
    more = {
        "total_ops": torch.zeros(1, dtype=torch.float64),
        "0.total_params": torch.zeros(1),
        "n_averaged": torch.tensor(3),
    }
    torch.save({**more, **{f"module.{name}": value for name, value in state.items()}}, tmp_path / "net.pt")
    found = read(tmp_path / "net.pt")
    assert same(found.state, state)
    assert any("'total_ops', '0.total_params', 'n_averaged'" in note for note in found.notes)


def test_networks_pruned_by_torch(tmp_path: Path) -> None:
    model = network()
    prune.l1_unstructured(model[0], "weight", 0.5)
    prune.random_unstructured(model[3], "weight", 0.25)
    prune.l1_unstructured(model[3], "bias", 1)
    weights = {f"{place}.{name}": getattr(model[place], name).detach() for place, name in ((0, "weight"), (3, "bias"))}
    for form in FORMATS:
        write(tmp_path / "net", dict(model.state_dict()), form)
        found = read(tmp_path / "net")
        assert found.masks.keys() == {"0.weight", "3.weight", "3.bias"}
        assert torch.equal(found.masks["0.weight"], model.state_dict()["0.weight_mask"].bool())
        assert torch.equal(found.state["0.weight"], weights["0.weight"])
        assert torch.equal(found.state["3.bias"], weights["3.bias"])
        assert network().load_state_dict(found.state)


def test_masks_beside_weights(tmp_path: Path) -> None:
    weight, mask = torch.ones(2, 3), torch.tensor([[1, 0, 1], [0, 0, 1]])
    for name in ("fc.weight_mask", "fc.weight.mask", "fc.mask"):
        for values in (mask, mask.bool(), mask.float(), mask.to(torch.uint8)):
            torch.save({"fc.weight": weight, name: values}, tmp_path / "net.pt")
            found = read(tmp_path / "net.pt")
            assert found.state.keys() == {"fc.weight"}
            assert torch.equal(found.state["fc.weight"], mask.float())
            assert torch.equal(found.masks["fc.weight"], mask.bool())
    torch.save({"fc.weight": weight, "attention.mask": torch.full((4, 4), -1.0)}, tmp_path / "net.pt")
    assert read(tmp_path / "net.pt").state.keys() == {"fc.weight", "attention.mask"}
    for bad, sentence in ((torch.full((2, 3), 0.5), "other values than 0 and 1"), (torch.ones(3, 2), "the shape")):
        torch.save({"fc.weight_orig": weight, "fc.weight_mask": bad}, tmp_path / "net.pt")
        with pytest.raises(UserError, match=sentence):
            read(tmp_path / "net.pt")


@pytest.mark.parametrize("form", FORMATS)
def test_masks_in_a_file_of_their_own(tmp_path: Path, form: str) -> None:
    state = network().state_dict()
    expected = {name: torch.rand(state[name].shape) < 0.5 for name in ("0.weight", "3.weight")}
    for ending in ("", "_mask", ".mask"):
        for prefix in ("", "module.", "module._orig_mod."):
            for dtype in (torch.bool, torch.uint8, torch.float32):
                named = {prefix + name + ending: mask.to(dtype) for name, mask in expected.items()}
                write(tmp_path / "masks", named, form, ("masks",) if form in ("zip", "legacy") else ())
                assert same(read_masks(tmp_path / "masks"), expected)
                assert same(read_masks(tmp_path / "masks", state), expected)


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    state = {"net.fc.weight": torch.ones(2, 3), "head.weight": torch.ones(1)}
    torch.save({"module.net.fc.weight": torch.ones(2, 3)}, tmp_path / "masks.pt")
    assert read_masks(tmp_path / "masks.pt", state).keys() == {"net.fc.weight"}  # `net.` is a part and no prefix
    cases = {
        "other values than 0 and 1": {"head.weight": torch.full((1,), 2.0)},
        "belong to no weight": {"other.weight": torch.ones(1)},
        "has the shape": {"head.weight": torch.ones(2)},
    }
    for sentence, masks in cases.items():
        torch.save(masks, tmp_path / "masks.pt")
        with pytest.raises(UserError, match=sentence):
            read_masks(tmp_path / "masks.pt", state)


def test_zeros_are_pruned() -> None:
    state = {
        "w": torch.tensor([[0.0, 2.0], [-1.0, 0.0]]),
        "b": torch.zeros(2),
        "n": torch.zeros(2, 2, dtype=torch.int64),
    }
    masks = zeros_as_masks(state)
    assert {name: mask.tolist() for name, mask in masks.items()} == {"w": [[False, True], [True, False]]}
