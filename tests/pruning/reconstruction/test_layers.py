"""Layers solved in turn: each against numpy on inputs that are unfolded by hand, whatever kind of layer it is."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models import prunable
from pruning.reconstruction.layers import Solving, reconstruct

EXACT = Solving(update="least_squares", ridge=0.0)
LABELS = torch.zeros(8, dtype=torch.long)


class Mixed(nn.Module):
    """A strided convolution, one in groups, attention and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.apart = nn.Conv2d(4, 6, 2, groups=2, bias=False)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.last = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.apart(self.norm(self.first(x)).relu()).flatten(2).transpose(1, 2)
        mixed: Tensor = self.attention(tokens, tokens, tokens, need_weights=False)[0] + tokens
        out: Tensor = self.last(mixed.mean(dim=1))
        return out


def network() -> Mixed:
    torch.manual_seed(0)
    made = Mixed()
    made(torch.randn(32, 2, 7, 7))  # statistics that are not those of the start
    return made.eval()


def batches(seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    source = torch.Generator().manual_seed(seed)
    return [(torch.randn(8, 2, 7, 7, generator=source), LABELS) for _ in range(6)]


def random_masks(model: nn.Module, kept: float = 0.6) -> Masks:
    source = torch.Generator().manual_seed(1)
    return {name: torch.rand(weight.shape, generator=source) < kept for name, weight in prunable(model).items()}


def solve(solving: Solving, masks: Masks | None = None, shown: list[tuple[Tensor, Tensor]] | None = None) -> Mixed:
    model = network()
    reconstruct(model, masks or random_masks(model), shown or batches(), solving)
    return model


def inputs_of(model: Mixed, images: Tensor) -> dict[str, list[tuple[slice, Tensor]]]:
    """Rows of each weight and their inputs [n, columns], unfolded by hand."""
    with torch.no_grad():
        hidden = model.norm(model.first(images)).relu()
        tokens = model.apart(hidden).flatten(2).transpose(1, 2)
        attention, flat = model.attention, tokens.flatten(0, 1)
        joint = F.linear(tokens, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = joint.view(*tokens.shape[:2], 3, 2, 3).permute(2, 0, 3, 1, 4)
        heads = ((q @ k.transpose(-1, -2) / 3**0.5).softmax(dim=-1) @ v).transpose(1, 2).flatten(2)
        pooled = (attention.out_proj(heads) + tokens).mean(dim=1)
        halves = [F.unfold(half, 2).transpose(1, 2).flatten(0, 1) for half in hidden.split(2, dim=1)]
        patches = F.unfold(images, 3, padding=1, stride=2).transpose(1, 2).flatten(0, 1)
    whole = slice(None)
    return {
        "first.weight": [(whole, patches)],
        "apart.weight": [(slice(0, 3), halves[0]), (slice(3, 6), halves[1])],
        "attention.in_proj_weight": [(whole, flat)],
        "attention.out_proj.weight": [(whole, heads.flatten(0, 1))],
        "last.weight": [(whole, pooled)],
    }


@pytest.mark.parametrize("target", ["layer", "dense"])
@pytest.mark.parametrize("bias", [False, True])
def test_every_kind_of_layer_is_at_its_optimum(target: str, bias: bool) -> None:
    dense = network()
    model = solve(Solving("least_squares", target=target, ridge=0.0, bias=bias))  # type: ignore[arg-type]
    images, masks = torch.cat([images for images, _ in batches()]), random_masks(dense)
    there, here = inputs_of(dense, images), inputs_of(model, images)
    for name, parts in here.items():
        old, new = (each.get_parameter(name).detach().flatten(1).double() for each in (dense, model))
        stem, _, key = name.rpartition(".")
        has_bias = getattr(model.get_submodule(stem), "in_proj_bias" if key == "in_proj_weight" else "bias", None)
        for (rows, x), (_, z) in zip(parts, there[name], strict=True):
            wanted = (z if target == "dense" else x).double() @ old[rows].T
            for row, kept in enumerate(masks[name].flatten(1)[rows]):
                columns = x[:, kept].double()
                if bias and has_bias is not None:
                    columns = torch.cat([columns, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
                best = torch.from_numpy(np.linalg.lstsq(columns.numpy(), wanted[:, row].numpy(), rcond=None)[0])
                found = new[rows][row][kept]
                torch.testing.assert_close(found, best[: len(found)], rtol=2e-3, atol=2e-4)
                assert not new[rows][row][~kept].any()


def test_the_record_holds_each_layers_own_error() -> None:
    dense, model = network(), network()
    masks = random_masks(model)
    _, record = reconstruct(model, masks, batches(), Solving(ridge=0.1))
    images, names = torch.cat([images for images, _ in batches()]), list(masks)
    here = inputs_of(model, images)
    assert [names[int(place)] for place in record["reconstruction/layer"]] == list(here)
    for name, before, after in zip(here, record["reconstruction/before"], record["reconstruction/after"], strict=True):
        old, new = (each.get_parameter(name).detach().flatten(1) for each in (dense, model))
        mask, off, cut, size = masks[name].flatten(1), 0.0, 0.0, 0.0
        for rows, x in here[name]:
            off += float((x @ (new - old)[rows].T).square().sum())
            cut += float((x @ (old * ~mask)[rows].T).square().sum())
            size += float((x @ old[rows].T).square().sum())
        assert after == pytest.approx(off / size, rel=1e-3)
        assert before == pytest.approx(cut / size, rel=1e-3)
        assert after < before


def test_nothing_is_changed_where_nothing_goes() -> None:
    full = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(network()).items()}
    for solving in (Solving(), Solving(bias=True, target="dense"), EXACT):
        state = solve(solving, full).state_dict()
        assert all(torch.equal(value, state[name]) for name, value in network().state_dict().items())


def test_the_order_of_images_and_their_batches_say_nothing() -> None:
    images = torch.cat([images for images, _ in batches()])
    order = torch.randperm(48, generator=torch.Generator().manual_seed(0))
    other = [(part, LABELS[:1].expand(len(part))) for part in images[order].split(11)]
    found, plain = solve(Solving(), shown=other).state_dict(), solve(Solving()).state_dict()
    for name, value in plain.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)


def test_inputs_of_the_dense_network_make_layers_independent() -> None:
    """Then a layer is solved alike whether those before it are pruned or not."""
    masks = random_masks(network())
    only_last = {name: mask | (name != "last.weight") for name, mask in masks.items()}
    together, alone = (solve(Solving(inputs="dense"), each).last.weight for each in (masks, only_last))
    assert torch.equal(together, alone)
    assert not torch.equal(solve(Solving(), masks).last.weight, alone)


def test_a_weight_of_two_layers_is_solved_on_the_inputs_of_both() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.second(self.first(x).relu())
            return out

    torch.manual_seed(0)
    model = Tied()
    dense, x = copy.deepcopy(model), torch.randn(40, 5)
    mask = torch.rand(5, 5) < 0.6
    solving = Solving("least_squares", inputs="dense", ridge=0.0)
    reconstruct(model, {"first.weight": mask}, [(x, torch.zeros(40, dtype=torch.long))], solving)
    both = torch.cat([x, dense.first(x).relu()]).double().detach()
    for row, kept in enumerate(mask):
        wanted = both @ dense.first.weight[row].double().detach()
        best = np.linalg.lstsq(both[:, kept].numpy(), wanted.numpy(), rcond=None)[0]
        torch.testing.assert_close(model.first.weight[row][kept].double(), torch.from_numpy(best), rtol=1e-4, atol=1e-5)


def test_a_layer_without_inputs_keeps_its_weights_and_one_that_cannot_be_solved_is_named() -> None:
    first, last = nn.Linear(4, 4), nn.Linear(4, 2)
    model = nn.Sequential(nn.Flatten(), first, nn.ReLU(), last)
    mask = {"1.weight": torch.eye(4) > 0, "3.weight": torch.tensor([[True, False, True, False]] * 2)}
    images, old = torch.rand(3, 1, 2, 2), copy.deepcopy(model)
    with pytest.raises(UserError, match=r"Layer '1': .*`ridge`"):
        reconstruct(copy.deepcopy(model), mask, [(images, LABELS[:3])], Solving(ridge=0.0))
    with torch.no_grad():
        first.bias.fill_(-100.0)
    reconstruct(model, mask, [(images, LABELS[:3])], Solving(bias=True))
    assert torch.equal(last.weight, old.get_parameter("3.weight") * mask["3.weight"])
