"""Channels in another order: the same outputs, an order by brute force, a code that is gone and comes back."""

from itertools import permutations

import pytest
import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.masks import make_masks
from pruning.models import build_model, prunable
from pruning.ownership.code import Code
from pruning.ownership.embedding import embed
from pruning.ownership.mark import best_window, evidence
from pruning.ownership.permutation import permuted, realigned
from pruning.shrink.channel_order import Channels

CODE = Code("OWNER 1")
SHAPES = {"lenet300": (1, 8, 8), "lenet5": (1, 16, 16), "resnet20": (3, 16, 16), "mobilenetv2": (3, 32, 32)}


def pruned(name: str, shape: tuple[int, int, int], sparsity: float = 0.8) -> tuple[nn.Module, dict[str, Tensor]]:
    """A network with masks, and batch norms that tell channels apart."""
    model = build_model(name, 10, shape, 0).eval()
    source = torch.Generator().manual_seed(0)
    masks = make_masks({key: weight.detach().abs() for key, weight in prunable(model).items()}, sparsity)
    with torch.no_grad():
        for key, weight in prunable(model).items():
            weight.mul_(masks[key])
        for value in model.state_dict().values():
            if value.ndim == 1:
                value.copy_(torch.rand(value.shape, generator=source) + 0.5)
    return model, masks


@pytest.mark.parametrize("name", SHAPES)
def test_a_permuted_network_computes_the_same_with_another_mask(name: str) -> None:
    shape = SHAPES[name]
    model, masks = pruned(name, shape)
    images = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    network, others = permuted(model, masks, shape, seed=4)
    with torch.no_grad():
        expected = model(images)
        torch.testing.assert_close(network.eval()(images), expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    for key, mask in others.items():
        assert int(mask.sum()) == int(masks[key].sum())
        assert not bool(network.get_parameter(key)[~mask].any())
    changed = sum(int((mask != masks[key]).sum()) for key, mask in others.items())
    assert changed > 0.5 * sum(2 * int(mask.sum()) for mask in masks.values())
    if name == "mobilenetv2":  # too large for a test
        return
    back, found = realigned(network, others, shape, masks)
    assert all(torch.equal(found[key], mask) for key, mask in masks.items())
    assert all(torch.equal(value, before[key]) for key, value in back.state_dict().items() if value.ndim > 1)


def test_hidden_channels_alone_move() -> None:
    found = Channels.of(build_model("lenet5", 10, (1, 16, 16), 0), (1, 16, 16))
    assert sorted(len(group) for group in found.groups) == [6, 16, 84, 120]


def test_one_layer_is_matched_as_brute_force_does() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5, bias=False), nn.ReLU(), nn.Linear(5, 3, bias=False))
    source = torch.Generator().manual_seed(5)
    reference, masks = (
        {name: torch.rand(weight.shape, generator=source) < 0.4 for name, weight in model.named_parameters()}
        for _ in range(2)
    )
    _, found = realigned(model, masks, (1, 3, 4), reference)
    first, second = masks

    def overlap(order: tuple[int, ...]) -> int:
        rows, columns = masks[first][[*order]], masks[second][:, [*order]]
        return int((rows & reference[first]).sum() + (columns & reference[second]).sum())

    assert sum(int((found[name] & reference[name]).sum()) for name in found) == max(
        map(overlap, permutations(range(5)))
    )


def test_a_permuted_code_is_gone_and_read_again_once_realigned() -> None:
    shape = (3, 16, 16)
    model, masks = pruned("resnet20", shape, 0.9)
    source = torch.Generator().manual_seed(0)
    place = best_window(masks, CODE)
    own = embed(masks, CODE, place, dict(model.named_parameters()), source)
    for seed in range(3):
        _, stolen = permuted(model, own, shape, seed)
        gone = evidence(stolen, CODE)
        assert gone.text is None
        assert gone.p_value > 1e-3
        assert abs(evidence(stolen, CODE, place).ber - 0.5) < 0.15
        _, back = realigned(model, stolen, shape, own, held_out=(CODE, place))
        again = evidence(back, CODE, place)
        assert again.text == CODE.text
        assert again.ber == 0
        assert again.holds


def test_realigning_an_innocent_network_proves_nothing_unless_the_window_has_a_say() -> None:
    """The order that agrees best with the code is no evidence; the window is kept out of the matching."""
    shape, source = (1, 8, 8), torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 10))
    weights = prunable(model)
    fair: list[float] = []
    chosen: list[float] = []
    for number in range(25):
        code = Code(f"{number:07d}")
        own, innocent = (
            {name: torch.rand(weight.shape, generator=source) < 0.4 for name, weight in weights.items()}
            for _ in range(2)
        )
        place = best_window({"3.weight": own["3.weight"]}, code)
        own = embed(own, code, place, weights, source)
        for found, held_out in ((fair, (code, place)), (chosen, None)):
            _, back = realigned(model, innocent, shape, own, held_out)
            found.append(evidence(back, code, place).p_value)
    assert sum(p < 0.05 for p in fair) <= 6  # 99.9 % of draws from a binomial of 25 at 0.05
    assert sum(p < 0.05 for p in chosen) > 12


def test_a_network_that_cannot_be_traced_gets_a_sentence() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x.flatten(1)) if x.sum() > 0 else x.flatten(1)[:, :2]

    with pytest.raises(UserError, match="cannot be traced"):
        permuted(Branching(), {}, (1, 2, 2))
