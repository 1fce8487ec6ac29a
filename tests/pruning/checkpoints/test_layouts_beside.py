"""Networks among other things: several state dicts, copies, losses and metrics, shards; what is said of the rest."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pruning.checkpoints import read
from pruning.errors import UserError
from tests.pruning.checkpoints.formats import state

State = dict[str, Tensor]


def named(prefix: str, factor: float = 1) -> State:
    """The small state dict behind a prefix, its floats times a factor."""
    return {f"{prefix}{name}": v * factor if v.is_floating_point() else v for name, v in state().items()}


def same(found: State, factor: float = 1) -> bool:
    """Whether this is the small state dict times a factor."""
    wanted = named("", factor)
    return found.keys() == wanted.keys() and all(torch.equal(found[name], value) for name, value in wanted.items())


def saved(folder: Path, content: Any) -> Path:
    """A file of torch with this content."""
    torch.save(content, folder / "net.pt")
    return folder / "net.pt"


def test_lightning_keeps_losses_and_metrics_beside_the_network(tmp_path: Path) -> None:
    more = {"criterion.weight": torch.ones(5), "loss_fn.pos_weight": torch.ones(5), "train_acc.tp": torch.zeros(5),
            "val_accuracy.correct": torch.tensor(3), "test_metrics.confmat": torch.zeros(5, 5)}  # fmt: skip
    content = {"epoch": 3, "state_dict": named("model.") | more, "pytorch-lightning_version": "2.1"}
    found = read(saved(tmp_path, content))
    assert same(found.state)
    assert "Left out: 2 tensors of losses ('criterion.', 'loss_fn.')." in found.notes
    assert "Left out: 3 tensors of metrics ('train_acc.', 'val_accuracy.', 'test_metrics.')." in found.notes


@pytest.mark.parametrize("copy", ["ema_model.module.", "model_ema.", "ema.", "teacher.", "swa_model.", "target_net."])
def test_copies_in_the_same_state_dict_are_left_out_or_chosen(tmp_path: Path, copy: str) -> None:
    path = saved(tmp_path, named(copy, 2) | named("model."))
    found = read(path)
    assert same(found.state)
    first = copy.partition(".")[0]
    assert f"Copies of the network were left out: '{first}.'; --prefix {first}. takes one." in found.notes
    assert same(read(path, prefix=copy).state, 2)
    assert same(read(path, prefix=f"{first}.").state, 2)  # prefixes that are known are removed behind it
    with pytest.raises(UserError, match=rf"begin with 'net\.'; give another --prefix \('{first}\.', 'model\.'\)"):
        read(path, prefix="net.")


def test_copies_beside_names_without_a_prefix(tmp_path: Path) -> None:
    found = read(saved(tmp_path, state() | named("ema.module.", 2)))
    assert same(found.state)
    assert any("Copies of the network were left out: 'ema.'" in note for note in found.notes)
    other = state() | {"teacher.fc.weight": torch.ones(3, 3)}  # no copy: a part with weights of its own
    assert read(saved(tmp_path, other)).state.keys() == other.keys()


def test_what_only_has_such_a_name_stays(tmp_path: Path) -> None:
    for prefix in ("teacher.", "ema."):
        assert len(read(saved(tmp_path, named(prefix))).state) == len(state())
    assert read(saved(tmp_path, {"loss.weight": torch.ones(2, 2)})).state.keys() == {"loss.weight"}


def test_several_state_dicts_ask_for_a_key(tmp_path: Path) -> None:
    content = {"generator": state(), "discriminator": named("module.", 2), "deep": {"er": {"state_dict": named("", 3)}}}
    path = saved(tmp_path, content)
    with pytest.raises(UserError, match=r"'generator', 'discriminator'.*--key generator"):
        read(path)
    assert same(read(path, key="discriminator").state, 2)
    assert same(read(path, key="deep.er").state, 3)
    for wrong in ("gen", "generator.x", "deep.est"):
        with pytest.raises(UserError, match=f"nothing under '.*{wrong.rpartition('.')[2]}'; give another --key"):
            read(path, key=wrong)
    both = read(saved(tmp_path, {"state_dict": state(), "ema": named("", 2), "epoch": 3}))
    assert same(both.state)
    assert "'ema' can be taken by --key" in both.notes[0]
    assert same(read(tmp_path / "net.pt", key="ema").state, 2)


def test_observers_of_quantisation_aware_training_are_left_out(tmp_path: Path) -> None:
    more = {"conv.weight_fake_quant.scale": torch.ones(1), "conv.activation_post_process.min_val": torch.ones(1)}
    assert same(read(saved(tmp_path, state() | more)).state)


@pytest.mark.parametrize(
    ("names", "whose"),
    [
        (("fc.scale", "fc.zero_point"), "a quantised network of torch"),
        (("fc._packed_params.dtype",), "a quantised network of torch"),
        (("fc.qweight", "fc.qzeros", "fc.scales"), "GPTQ's or AWQ's"),
        (("fc.SCB",), "bitsandbytes's"),
        (("fc.weight.absmax", "fc.weight.quant_map"), "bitsandbytes's"),
        (("fc.weight_scale",), "quantised weights with their scales"),
    ],
)
def test_quantised_weights_are_named_for_what_they_are(tmp_path: Path, names: tuple[str, ...], whose: str) -> None:
    with pytest.raises(UserError, match=whose):
        read(saved(tmp_path, state() | {name: torch.ones(1) for name in names}))


def test_a_network_quantised_by_torch_is_named(tmp_path: Path) -> None:
    if "fbgemm" not in torch.backends.quantized.supported_engines:
        pytest.skip("no engine for quantised networks")
    net = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 5)), {nn.Linear})
    with pytest.raises(UserError, match="quantised"):
        read(saved(tmp_path, net.state_dict()))


# --- several files ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["safetensors", "bin"])
def shards(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The index of the small state dict in two files."""
    form = request.param
    stem = "model" if form == "safetensors" else "pytorch_model"
    names: list[str] = list(state())
    places: dict[str, str] = {}
    for rank, part in enumerate((names[:2], names[2:]), 1):
        file = f"{stem}-0000{rank}-of-00002.{form}"
        tensors = {name: state()[name] for name in part}
        save_file(tensors, tmp_path / file) if form == "safetensors" else torch.save(tensors, tmp_path / file)
        places |= dict.fromkeys(part, file)
    index = tmp_path / f"{stem}.{form}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return index


def test_shards_are_read_by_their_index_or_by_one_of_them(shards: Path) -> None:
    found = read(shards)
    assert same(found.state)
    assert list(found.state) == list(state())
    assert "The weights were taken from 2 files." in found.notes
    one = next(file for file in shards.parent.iterdir() if "-00002-of" in file.name)
    assert same(read(one).state)
    with pytest.raises(UserError, match=r"it is a folder; give the file of weights in it, such as .*index\.json"):
        read(shards.parent)


def test_indices_that_lie(shards: Path) -> None:
    whole = json.loads(shards.read_text())
    file = next(iter(whole["weight_map"].values()))
    for content, sentence in (
        ({"weight_map": {"conv.weight": "../x.bin"}}, "'../x.bin' is not beside it"),
        ({"weight_map": {"conv.weight": "/etc/passwd"}}, "is not beside it"),
        ({"weight_map": {"conv.weight": ".."}}, "is not beside it"),
        ({"weight_map": {"other": file}}, "it lacks 'other'"),
        ({"weight_map": {"conv.weight": "gone.bin"}}, "There is no file"),
        ({"weight_map": {"conv.weight": 3}}, "no weight_map"),
        ([], "no weight_map"),
    ):
        shards.write_text(json.dumps(content))
        with pytest.raises(UserError, match=sentence):
            read(shards)
    shards.write_text("{")
    with pytest.raises(UserError, match="no JSON"):
        read(shards)


def test_parts_of_checkpoints_of_other_programs(tmp_path: Path) -> None:
    cases = {
        "__0_0.distcp": "distributed checkpoint; run python -m torch.distributed.checkpoint.format_utils dcp_to_torch",
        ".metadata": "distributed checkpoint",
        "zero_pp_rank_0_mp_rank_00_optim_states.pt": "DeepSpeed; run its zero_to_fp32.py",
        "model.ckpt.data-00000-of-00001": "TensorFlow",
        "model.ckpt.index": "TensorFlow",
        "flax_model.msgpack": "Flax",
    }
    for name, sentence in cases.items():
        (tmp_path / name).write_bytes(b"\x80\x04abc")
        with pytest.raises(UserError, match=sentence):
            read(tmp_path / name)
    with pytest.raises(UserError, match=f"distributed checkpoint; run .* dcp_to_torch {tmp_path} weights.pt"):
        read(tmp_path)
