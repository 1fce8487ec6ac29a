"""Heads of attention: their weights by slices, against attention computed head by head, and made really smaller."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.vision_transformer import EncoderBlock, VisionTransformer

from pruning.errors import UserError
from pruning.masks import make_masks
from pruning.models import build_model, count_macs, prunable
from pruning.shrink import shrink
from pruning.shrink.attention import FewerHeads
from tests.pruning.granularity.test_channels import weights

SHAPE = (1, 8, 8)
WIDTH, HEADS, EACH = 48, 4, 12


def transformer() -> nn.Module:
    """One whose biases are anything but zero."""
    model = build_model("vit", 10, SHAPE, 0)
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.normal_(generator=source)
    return model.eval()


def heads_kept(model: nn.Module, masks: dict[str, Tensor]) -> dict[int, list[bool]]:
    """Of each block whether a head is kept; every weight of it is, or none."""
    found = {}
    for block in range(4):
        rows = masks[f"blocks.{block}.attention.in_proj_weight"].view(3, HEADS, EACH * WIDTH)
        columns = masks[f"blocks.{block}.attention.out_proj.weight"].view(WIDTH, HEADS, EACH)
        parts = torch.cat([rows.movedim(1, 0).flatten(1), columns.movedim(1, 0).flatten(1)], dim=1)
        assert bool((parts.all(dim=1) == parts.any(dim=1)).all())
        found[block] = parts.any(dim=1).tolist()
    return found


def test_the_worst_heads_go_with_all_that_is_theirs() -> None:
    model = transformer()
    scores = {name: torch.ones_like(weight) for name, weight in weights(model).items()}
    for block, head, score in ((1, 2, 0.1), (3, 0, 0.2), (3, 1, 0.3)):
        scores[f"blocks.{block}.attention.in_proj_weight"].view(3, HEADS, EACH, WIDTH)[:, head] = score
        scores[f"blocks.{block}.attention.out_proj.weight"].view(WIDTH, HEADS, EACH)[:, head] = score
    total = sum(score.numel() for score in scores.values())
    masks = make_masks(scores, 3 * 4 * EACH * WIDTH / total, structure="head", model=model)
    every = [True] * HEADS
    assert heads_kept(model, masks) == {
        0: every, 1: [True, True, False, True], 2: every, 3: [False, False, True, True],
    }  # fmt: skip
    assert all(bool(mask.all()) for name, mask in masks.items() if "attention" not in name)


def test_the_best_head_of_each_always_stays() -> None:
    model = transformer()
    most = 3 * 4 * 4 * EACH * WIDTH / sum(weight.numel() for weight in weights(model).values())
    kept = heads_kept(model, make_masks(weights(model), most, structure="head", model=model))
    assert all(sum(each) == 1 for each in kept.values())
    with pytest.raises(UserError, match="at most"):
        make_masks(weights(model), most + 0.05, structure="head", model=model)


@torch.no_grad()
def test_the_smaller_network_computes_the_same() -> None:
    model = transformer()
    masks = make_masks(weights(model), 0.25, structure="head", model=model)
    smaller = shrink(model, masks, SHAPE)
    assert smaller is not None
    for name, mask in masks.items():
        model.get_parameter(name).mul_(mask)
    images = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(smaller(images), model(images), rtol=1e-4, atol=1e-4)
    for block, kept in heads_kept(model, masks).items():
        attention = smaller.get_submodule(f"blocks.{block}.attention")
        assert len(attention.in_proj_weight) == 3 * EACH * sum(kept)  # type: ignore[arg-type]
    assert set(prunable(smaller)) <= set(masks)
    assert count_macs(smaller, SHAPE) < count_macs(model, SHAPE)


@torch.no_grad()
@pytest.mark.parametrize("read", [False, True])
def test_heads_of_torchvisions_transformers_are_left_out_too(read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take the weights of attention as well, which count once they are read."""
    model, shape = VisionTransformer(16, 8, 2, HEADS, WIDTH, 64, num_classes=10).eval(), (3, 16, 16)
    for name, parameter in model.named_parameters():  # the classifier is zeros
        if parameter.ndim == 1 or "heads" in name:
            nn.init.normal_(parameter)
    if read:
        monkeypatch.setattr(EncoderBlock, "forward", with_weights)
    masks = make_masks(weights(model), 0.1, structure="head", model=model)
    smaller = shrink(model, masks, shape)
    for name, mask in masks.items():
        model.get_parameter(name).mul_(mask)
    images = torch.randn(5, *shape, generator=torch.Generator().manual_seed(3))
    assert (smaller is None) == read
    if smaller is not None:
        torch.testing.assert_close(smaller(images), model(images), rtol=1e-4, atol=1e-4)
        assert count_macs(smaller, shape) < count_macs(model, shape)


def with_weights(block: EncoderBlock, x: Tensor) -> Tensor:
    """A block that adds how much a token is attended to."""
    normed = block.ln_1(x)
    y, attended = block.self_attention(normed, normed, normed)
    return x + block.mlp(block.ln_2(y)) + attended.sum(dim=1)[..., None]


@torch.no_grad()
@pytest.mark.parametrize("first", [False, True])
def test_fewer_heads_are_the_sum_of_single_ones(first: bool) -> None:
    """Attention is a sum over heads (and a bias): softmax(q k / sqrt d) v through the head's columns."""
    whole = nn.MultiheadAttention(WIDTH, HEADS, batch_first=first)
    nn.init.normal_(whole.in_proj_bias)
    nn.init.normal_(whole.out_proj.bias)
    query, key = torch.randn(2, 5, WIDTH), torch.randn(2, 7, WIDTH)
    expected = whole.out_proj.bias.expand(2, 5, WIDTH).clone()
    for head in (1, 3):
        part = slice(head * EACH, (head + 1) * EACH)
        read = zip((query, key, key), whole.in_proj_weight.chunk(3), whole.in_proj_bias.chunk(3), strict=True)
        q, k, v = (tokens @ weight[part].T + bias[part] for tokens, weight, bias in read)
        expected += torch.softmax(q @ k.transpose(1, 2) / EACH**0.5, dim=-1) @ v @ whole.out_proj.weight[:, part].T
    fewer = FewerHeads(whole, torch.tensor([False, True, False, True]))
    arguments = [each if first else each.transpose(0, 1) for each in (query, key, key)]
    found = fewer(*arguments, need_weights=False)[0]
    torch.testing.assert_close(found if first else found.transpose(0, 1), expected, rtol=1e-4, atol=1e-5)


class Joint(nn.Module):
    """Attention as timm writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.num_heads, self.qkv, self.proj = 2, nn.Linear(8, 24), nn.Linear(8, 8)


def test_a_joint_projection_counts_too_and_other_networks_get_a_sentence() -> None:
    model = Joint()
    scores = {name: torch.ones_like(weight) for name, weight in weights(model).items()}
    scores["qkv.weight"].view(3, 2, 4, 8)[:, 1] = 2
    masks = make_masks(scores, 0.5, structure="head", model=model)
    assert not bool(masks["qkv.weight"].view(3, 2, 4, 8)[:, 0].any())
    assert masks["proj.weight"].all(dim=0).tolist() == [False] * 4 + [True] * 4
    with pytest.raises(UserError, match="has none that is known"):
        make_masks(weights(net := build_model("lenet5", 10, (1, 28, 28), 0)), 0.5, structure="head", model=net)
