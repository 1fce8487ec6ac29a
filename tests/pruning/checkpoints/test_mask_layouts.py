"""The ways in which masks are published, each written as its program writes it and held against masks made by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, weight_norm

from pruning.checkpoints import read, read_masks
from pruning.errors import UserError

State = dict[str, Tensor]


@pytest.fixture
def net() -> Any:
    """A convolution, a norm and a linear layer under names."""
    torch.manual_seed(3)
    net: Any = nn.Module()
    net.conv, net.bn, net.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 5)
    return net


def weights(net: Any) -> State:
    """Its tensors by name."""
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def masks() -> State:
    """Masks of the two weights."""
    numbers = torch.Generator().manual_seed(4)
    return {
        "conv.weight": torch.rand(4, 3, 3, 3, generator=numbers) < 0.5,
        "fc.weight": torch.rand(5, 4, generator=numbers) < 0.5,
    }


def renamed(found: State, rename: Callable[[str], str]) -> State:
    """The same under other names, as floats."""
    return {rename(name): value.float() for name, value in found.items()}


APART: dict[str, Callable[[State], Any]] = {
    "weights": lambda m: m,
    "layers": lambda m: renamed(m, lambda name: name.removesuffix(".weight")),
    "_mask": lambda m: renamed(m, lambda name: f"{name}_mask"),
    ".mask": lambda m: renamed(m, lambda name: f"{name}.mask"),
    "layers .mask": lambda m: renamed(m, lambda name: f"module.{name.removesuffix('.weight')}.mask"),
    "mask first": lambda m: renamed(m, lambda name: f"mask.{name}"),
    "masks first, wrapped": lambda m: {"epoch": 3, "masks": renamed(m, lambda name: f"masks.{name}")},
    "open_lth": lambda m: renamed(m, lambda name: f"model.{name}"),
    "open_lth beside": lambda m: renamed(m, lambda name: f"mask_{name.replace('.', '___')}"),
    "nni": lambda m: {k.removesuffix(".weight"): {"weight": v.float(), "bias": None} for k, v in m.items()},
    "nni, module.": lambda m: {f"module.{k.removesuffix('.weight')}": {"weight": v} for k, v in m.items()},
    "ao": lambda m: renamed(m, lambda name: f"{name.removesuffix('weight')}parametrizations.weight.0.mask"),
    "list": lambda m: list(m.values()),
    "list of numpy": lambda m: {f"arr_{place}": mask for place, mask in enumerate(m.values())},
    "list of RigL": lambda m: {"object": {"dense": 1}, "backward_masks": list(m.values())},
    "as images": lambda m: {name: 255 * mask.to(torch.uint8) for name, mask in m.items()},
    "one row each": lambda m: {name: mask.flatten() for name, mask in m.items()},
    "numbered": lambda m: {"masks": dict(enumerate(m.values()))},
    "sparse": lambda m: {name: mask.to_sparse() for name, mask in m.items()},
    "sparse floats": lambda m: {f"{name}_mask": mask.float().to_sparse() for name, mask in m.items()},
    "with its optimiser": lambda m: {"state_dict": m, "optimizer": {"state": {0: {"momentum": torch.ones(3)}}}},
}


@pytest.mark.parametrize("layout", APART)
def test_files_of_masks(tmp_path: Path, net: Any, layout: str) -> None:
    torch.save(APART[layout](masks()), tmp_path / "masks.pt")
    found = read_masks(tmp_path / "masks.pt", weights(net))
    assert found.keys() == masks().keys()
    assert all(torch.equal(found[name], mask) for name, mask in masks().items())


@pytest.mark.parametrize("name", ["conv", "conv.weight", "conv.mask", "conv.weight_mask"])
@pytest.mark.parametrize("shape", [(4,), (4, 1, 1, 1)])
def test_one_value_a_filter_is_for_all_its_weights(tmp_path: Path, net: Any, name: str, shape: tuple[int, ...]) -> None:
    torch.save({name: torch.tensor([1.0, 0, 1, 0]).view(shape)}, tmp_path / "masks.pt")
    found = read_masks(tmp_path / "masks.pt", weights(net))["conv.weight"]
    assert found.shape == (4, 3, 3, 3)
    assert found.flatten(1).all(1).tolist() == [True, False, True, False]
    assert not found[[1, 3]].any()


def test_norms_and_biases_keep_their_masks(tmp_path: Path, net: Any) -> None:
    some = {"bn.weight": torch.tensor([1, 0, 1, 1]), "fc.bias": torch.tensor([0, 1, 1, 1, 0])}
    torch.save({"bn": some["bn.weight"], "fc.bias_mask": some["fc.bias"]}, tmp_path / "masks.pt")
    assert read_masks(tmp_path / "masks.pt", weights(net)).keys() == {"fc.bias"}  # the marked ones count
    torch.save(some, tmp_path / "masks.pt")
    assert read_masks(tmp_path / "masks.pt", weights(net)).keys() == some.keys()


def besides() -> dict[str, Callable[[Any], State]]:
    """State dicts with masks in them, as the programs leave them, the weights not yet masked."""

    class Masked(nn.Module):
        """A parametrisation that keeps its mask, other than torch.ao.pruning's."""

        mask: Tensor

        def __init__(self, mask: Tensor) -> None:
            super().__init__()
            self.register_buffer("mask", mask)

        def forward(self, weight: Tensor) -> Tensor:
            return weight * self.mask

    def parametrised(net: Any) -> State:
        for layer, mask in ((net.conv, masks()["conv.weight"]), (net.fc, masks()["fc.weight"])):
            nn.utils.parametrize.register_parametrization(layer, "weight", Masked(mask.float()))
        return weights(net)

    def torch_prune(net: Any) -> State:
        prune.custom_from_mask(net.conv, "weight", masks()["conv.weight"])
        prune.custom_from_mask(net.fc, "weight", masks()["fc.weight"])
        return weights(net)

    def beside(rename: Callable[[str], str], of: Callable[[str], str] = str) -> Callable[[Any], State]:
        return lambda net: renamed(weights(net), of) | renamed(masks(), rename)

    return {
        "torch.nn.utils.prune": torch_prune,
        "parametrisations": parametrised,
        "open_lth": beside(lambda n: f"mask_{n.replace('.', '___')}", lambda n: f"model.{n}"),
        "data parallel": beside(lambda n: f"module.{n}.mask", lambda n: f"module.{n}"),
        "nni": beside(lambda n: f"{n}_mask", lambda n: n.replace("conv.", "conv.module.").replace("fc.", "fc.module.")),
    }


@pytest.mark.parametrize("layout", besides())
def test_masks_beside_weights(tmp_path: Path, net: Any, layout: str) -> None:
    dense = weights(net)
    state = besides()[layout](net)
    torch.save(state, tmp_path / "net.pt")
    found = read(tmp_path / "net.pt")
    assert len(found.state) == len(dense)
    for name, mask in masks().items():
        theirs = name.replace(".", ".module.") if layout == "nni" else name
        assert torch.equal(found.masks[theirs], mask)
        assert torch.equal(found.state[theirs], dense[name] * mask)
        assert torch.equal(found.unmasked[theirs], dense[name])


@pytest.mark.parametrize("key", ["masks", "mask", "sparsifier"])
@pytest.mark.parametrize("deep", [False, True])
def test_masks_beside_the_whole_state_dict(tmp_path: Path, net: Any, key: str, deep: bool) -> None:
    dense = weights(net)
    content = {"epoch": 3, "state_dict": {f"module.{n}": v for n, v in dense.items()}, key: masks()}
    torch.save({"checkpoint": content} if deep else content, tmp_path / "n")
    found = read(tmp_path / "n", key="checkpoint" if deep else None)
    assert all(torch.equal(found.masks[name], mask) for name, mask in masks().items())
    assert all(torch.equal(found.state[name], dense[name] * mask) for name, mask in masks().items())
    assert all(torch.equal(found.unmasked[name], dense[name]) for name in masks())
    assert any(f"under '{key}' and applied" in note for note in found.notes)


def test_a_tensor_called_mask_is_a_tensor(tmp_path: Path) -> None:
    torch.save({"mask": torch.full((3, 3), -1.0), "fc.weight": torch.ones(3, 3)}, tmp_path / "net.pt")
    assert read(tmp_path / "net.pt").state.keys() == {"mask", "fc.weight"}


def test_a_sparsifier_of_torch_keeps_its_masks_apart(tmp_path: Path, net: Any) -> None:
    sparsifier = pytest.importorskip("torch.ao.pruning").WeightNormSparsifier(0.5, (1, 1), 1)
    dense = weights(net)
    sparsifier.prepare(net, [{"tensor_fqn": "fc.weight"}])
    sparsifier.step()
    expected = net.fc.parametrizations.weight[0].mask.bool()
    assert 0 < int(expected.sum()) < 20
    torch.save(net.state_dict(), tmp_path / "net.pt")
    torch.save(sparsifier.state_dict(), tmp_path / "masks.pt")
    torch.save({"model": net.state_dict(), "sparsifier": sparsifier.state_dict()}, tmp_path / "both.pt")
    found = read(tmp_path / "net.pt")
    assert torch.equal(found.state["fc.weight"], dense["fc.weight"])
    assert any("parametrisations that are not in the file" in note for note in found.notes)
    assert torch.equal(read_masks(tmp_path / "masks.pt", found.state)["fc.weight"], expected)
    both = read(tmp_path / "both.pt")
    assert torch.equal(both.masks["fc.weight"], expected)
    assert torch.equal(both.state["fc.weight"], dense["fc.weight"] * expected)


def test_pruned_parts_of_normalised_weights(tmp_path: Path, net: Any) -> None:
    """Pruning the directions prunes the weight; torch computes the reference."""
    weight_norm(net.conv)
    parametrizations.weight_norm(net.fc)
    prune.custom_from_mask(net.conv, "weight_v", masks()["conv.weight"])
    net.conv(torch.ones(1, 3, 3, 3))
    torch.save(net.state_dict(), tmp_path / "net.pt")
    found = read(tmp_path / "net.pt")
    assert torch.equal(found.masks["conv.weight"], masks()["conv.weight"])
    assert torch.allclose(found.state["conv.weight"], net.conv.weight.detach())
    assert torch.allclose(found.state["fc.weight"], net.fc.weight.detach())
    torch.save({"conv.weight_v": masks()["conv.weight"], "fc.weight_mask": masks()["fc.weight"]}, tmp_path / "m.pt")
    assert read_masks(tmp_path / "m.pt", found.state).keys() == {"fc.weight"}
    torch.save({"conv.weight_v_mask": masks()["conv.weight"]}, tmp_path / "m.pt")
    assert read_masks(tmp_path / "m.pt", found.state).keys() == {"conv.weight"}


def best(scores: Tensor, keep: float) -> Tensor:
    """The mask of hidden-networks (Ramanujan et al. 2020), in its own words."""
    out = scores.clone()
    _, idx = scores.flatten().sort()
    j = int((1 - keep) * scores.numel())
    flat = out.flatten()
    flat[idx[:j]] = 0
    flat[idx[j:]] = 1
    return flat.view(scores.shape).bool()


@pytest.mark.parametrize("ending", ["scores", "popup_scores", "weight_score"])
def test_scores_become_masks_when_the_user_says_how_many_are_kept(tmp_path: Path, net: Any, ending: str) -> None:
    scores = {name: torch.randn(mask.shape) for name, mask in masks().items()}
    wanted = {name: best(value.abs(), 0.3) for name, value in scores.items()}
    named = {f"{name.removesuffix('weight')}{ending}": value for name, value in scores.items()}
    torch.save({"state_dict": {f"module.{n}": v for n, v in (weights(net) | named).items()}}, tmp_path / "net.pt")
    torch.save(named, tmp_path / "scores.pt")
    with pytest.raises(UserError, match="--keep"):
        read(tmp_path / "net.pt")
    with pytest.raises(UserError, match="--keep"):
        read_masks(tmp_path / "scores.pt", weights(net))
    beside, notes = read(tmp_path / "net.pt", 0.3), list[str]()
    apart = read_masks(tmp_path / "scores.pt", weights(net), 0.3, notes)
    for name, mask in wanted.items():
        assert torch.equal(beside.masks[name], mask)
        assert torch.equal(apart[name], mask)
    for said in (beside.notes, notes):
        assert any("2 masks were made of scores: each keeps the 30 %" in line for line in said)


def test_movement_pruning_keeps_the_largest_not_the_farthest_from_zero(tmp_path: Path, net: Any) -> None:
    scores = torch.linspace(-2, 1, 20).view(5, 4)
    torch.save({"fc.mask_scores": scores}, tmp_path / "scores.pt")
    found = read_masks(tmp_path / "scores.pt", weights(net), 0.25)["fc.weight"]
    assert torch.equal(found, scores >= scores.flatten()[15])


@pytest.mark.parametrize("legacy", [False, True])
def test_sparse_weights(tmp_path: Path, legacy: bool) -> None:
    dense = torch.randn(6, 5) * (torch.rand(6, 5) < 0.4)
    filters = torch.zeros(4, 3, 2, 2)
    filters[2] = 1
    kinds = {
        "coo": dense.to_sparse(),
        "csr": dense.to_sparse_csr(),
        "csc": dense.to_sparse_csc(),
        "half": dense.half().to_sparse(),
        "hybrid": filters.to_sparse(1),
        "twice": torch.sparse_coo_tensor(torch.tensor([[1, 1], [2, 2]]), torch.tensor([1.0, 2.0]), (3, 3)),
    }
    torch.save(kinds, tmp_path / "net.pt", _use_new_zipfile_serialization=not legacy)
    found = read(tmp_path / "net.pt").state
    assert all(torch.equal(found[name], value.to_dense().float()) for name, value in kinds.items())
