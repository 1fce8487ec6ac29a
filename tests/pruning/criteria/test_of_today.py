"""Wanda, RIA, iterative SNIP, FORCE and the scores of filters, against their formulas by hand."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.errors import UserError
from pruning.masks import counts, full_masks, make_masks
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from tests.pruning.criteria.test_formulas import batches, normed, plain


def context(data: list[tuple[Tensor, Tensor]], criterion: str, **options: object) -> Context:
    """What a criterion looks at, under these options."""
    return Context(data, torch.Generator().manual_seed(0), options=CRITERIA[criterion].options(**options))


def inputs(model: nn.Sequential, data: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """What the layers of the small networks are given: [inputs, columns]."""
    x = torch.cat([images for images, _ in data])
    with torch.no_grad():
        if isinstance(model[0], nn.Conv2d):
            columns = F.unfold(x, 2).transpose(1, 2).reshape(-1, 4)
            return {"0.weight": columns, "4.weight": model.eval()[:4](x)}
        return {"1.weight": x.flatten(1), "3.weight": model[:3](x)}


@pytest.mark.parametrize("make", [plain, normed])
def test_wanda_and_ria_by_hand(make: object) -> None:
    model, data = make(), batches(5, 3)  # type: ignore[operator]
    given = inputs(model, data)
    wanda = CRITERIA["wanda"].score(model, context(data, "wanda"))
    ria = CRITERIA["ria"].score(model, context(data, "ria"))
    other = CRITERIA["ria"].score(model, context(data, "ria", power=2))
    for name, weight in prunable(model).items():
        size, norm = weight.detach().abs().flatten(1), given[name].square().sum(dim=0).sqrt()
        torch.testing.assert_close(wanda[name].flatten(1), size * norm)
        relative = size / size.sum(dim=0) + size / size.sum(dim=1, keepdim=True)
        torch.testing.assert_close(ria[name].flatten(1), relative * norm.sqrt())
        torch.testing.assert_close(other[name].flatten(1), relative * norm.square())


def test_rias_columns_are_those_of_a_group() -> None:
    """Of a convolution of two groups: each has its own inputs, so that a column is summed over its filters alone."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 1, groups=2), nn.Flatten(), nn.Linear(4, 3))
    data = [(torch.randn(6, 2, 1, 1), torch.zeros(6, dtype=torch.long))]
    found = CRITERIA["ria"].score(model, context(data, "ria"))["0.weight"].flatten()
    size = prunable(model)["0.weight"].detach().abs().flatten()
    norm = data[0][0].norm(dim=0).flatten().repeat_interleave(2)
    expected = (1 + size / size.view(2, 2).sum(dim=1).repeat_interleave(2)) * norm.sqrt()
    torch.testing.assert_close(found, expected)


def test_wanda_prunes_by_output_as_the_paper_does() -> None:
    """Half of each row, the best |w| |x| of it, by sorting row by row."""
    model, data = build_model("lenet300", 10, (1, 8, 8), 0), batches(9, shape=(1, 8, 8))
    data = [(images.float(), labels) for images, labels in data]
    scores = CRITERIA["wanda"].score(model, context(data, "wanda"))
    masks = cut_by_score(model, CRITERIA["wanda"], context(data, "wanda"), Cut(0.5, "layer"))
    for name, mask in masks.items():
        half = mask.shape[1] // 2
        best = scores[name].argsort(dim=1, descending=True)[:, :half]
        assert torch.equal(mask, torch.zeros_like(mask).scatter_(1, best, True))
    free = cut_by_score(build_model("lenet300", 10, (1, 8, 8), 0), CRITERIA["wanda"],
                        context(data, "wanda", per_output=False), Cut(0.5, "layer"))  # fmt: skip
    assert torch.equal(free["fc1.weight"], make_masks(scores, 0.5, "layer")["fc1.weight"])


def test_one_step_of_iterative_snip_and_of_force_is_snip() -> None:
    model, data = normed(), batches(5, 3)
    snip = CRITERIA["snip"].score(model, context(data, "snip"))
    for name in ("iterative_snip", "force"):
        found = CRITERIA[name].score(model, context(data, name))
        assert all(torch.equal(found[key], snip[key]) for key in snip)
        once = cut_by_score(normed(), CRITERIA[name], context(data, name, score_rounds=1), Cut(0.6))
        assert all(torch.equal(once[key], make_masks(snip, 0.6)[key]) for key in snip)


def slopes(model: nn.Module, data: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """The gradient of the mean loss by hand, batch by batch as in training mode."""
    total = sum(len(labels) for _, labels in data)
    loss = torch.stack([F.cross_entropy(model.train()(x), y, reduction="sum") / total for x, y in data]).sum()
    found = torch.autograd.grad(loss, list(prunable(model).values()))
    return dict(zip(prunable(model), found, strict=True))


@pytest.mark.parametrize("criterion", ["iterative_snip", "force"])
def test_steps_are_those_of_the_paper(criterion: str) -> None:
    """Exponential steps by hand: iterative SNIP masks the score, FORCE the weights that the slopes are taken at."""
    data, steps, sparsity = batches(6, 5), 4, 0.8
    model, whole = normed(), {name: weight.detach().clone() for name, weight in prunable(normed()).items()}
    masks = full_masks(whole)
    returned = False
    for step in range(1, steps + 1):
        with torch.no_grad():
            for name, weight in prunable(model).items():
                weight.copy_(whole[name] * masks[name])
        seen = whole if criterion == "force" else {name: whole[name] * masks[name] for name in whole}
        scores = {name: (seen[name] * slope).abs() for name, slope in slopes(model, data).items()}
        flat = torch.cat([score.flatten() for score in scores.values()])
        count = len(flat) - round((sparsity if step == steps else 1 - 0.2 ** (step / steps)) * len(flat))
        threshold = flat.sort(descending=True).values[count - 1]
        now = {name: score >= threshold for name, score in scores.items()}
        returned |= any(bool((now[name] & ~masks[name]).any()) for name in now)
        masks = now
    found = cut_by_score(normed(), CRITERIA[criterion], context(data, criterion, score_rounds=steps), Cut(sparsity))
    assert all(torch.equal(found[name], masks[name]) for name in masks)
    assert returned == (criterion == "force")


def test_force_comes_to_the_sparsities_of_single_layers() -> None:
    data = batches(6, 5)
    cut = Cut(0.5, layers={"0": 0.25, "4": 0.5833333})
    masks = cut_by_score(normed(), CRITERIA["force"], context(data, "force", score_rounds=3), cut)
    assert counts({"0": masks["0.weight"]}) == (9, 12)


# --- filters ---------------------------------------------------------------------------------------------------------


def rows(score: Tensor) -> Tensor:
    """A filter's score, which all its weights have."""
    flat = score.flatten(1)
    assert torch.equal(flat, flat[:, :1].expand(flat.shape))
    return flat[:, 0]


def test_fpgm_is_the_sum_of_distances() -> None:
    model = normed()
    found = CRITERIA["fpgm"].score(model, context([], "fpgm"))
    weight = prunable(model)["0.weight"].detach().flatten(1)
    expected = [sum(float(((a - b) ** 2).sum()) ** 0.5 for b in weight) for a in weight]
    torch.testing.assert_close(rows(found["0.weight"]), torch.tensor(expected, dtype=torch.float64))


def test_taylor_of_filters_is_the_slope_by_a_gate_squared() -> None:
    """By a central difference of the loss by a factor on a filter's output."""
    model, data = normed().eval(), batches(5, 3)
    found = rows(CRITERIA["taylor_filter"].score(model, context(data, "taylor_filter"))["0.weight"])
    images, labels = torch.cat([x for x, _ in data]), torch.cat([y for _, y in data])

    def loss(gate: Tensor) -> Tensor:
        with torch.no_grad():
            return F.cross_entropy(model[1:](model[0](images) * gate.view(3, 1, 1)), labels)

    for place in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[place] = 1e-5
        assert float(found[place]) == pytest.approx(float((loss(1 + step) - loss(1 - step)) / 2e-5) ** 2, rel=1e-5)


def test_bn_scale_is_the_norms_weight_and_layers_without_a_norm_go_last() -> None:
    model = normed()
    found = CRITERIA["bn_scale"].score(model, context(batches(1), "bn_scale"))
    torch.testing.assert_close(rows(found["0.weight"]), model.get_parameter("1.weight").detach().abs())
    assert found["4.weight"].min() > found["0.weight"].max()
    with pytest.raises(UserError, match="BN scale needs batch norms"):
        CRITERIA["bn_scale"].score(plain(), context(batches(1), "bn_scale"))


def test_bn_scale_leaves_transposed_convolutions_for_the_last() -> None:
    """Their filters are no rows of the weight, and are never removed as one."""
    torch.manual_seed(0)
    up = nn.ConvTranspose2d(4, 3, 2, stride=2)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), up, nn.BatchNorm2d(3), nn.Flatten(), nn.LazyLinear(2))
    model(torch.randn(2, 1, 8, 8))
    data = [(torch.randn(4, 1, 8, 8), torch.arange(4) % 2)]
    found = CRITERIA["bn_scale"].score(model, context(data, "bn_scale"))
    assert found["2.weight"].shape == up.weight.shape
    assert found["2.weight"].min() > found["0.weight"].max()


@pytest.mark.parametrize("criterion", ["fpgm", "taylor_filter", "bn_scale"])
def test_whole_filters_go(criterion: str) -> None:
    model = build_model("resnet20", 10, (3, 8, 8), 0)
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.copy_(torch.rand(len(module.weight), generator=source))
    data = [(torch.randn(6, 3, 8, 8, generator=source), torch.arange(6))]
    given = replace(context(data, criterion), structure="filter")
    masks = cut_by_score(model, CRITERIA[criterion], given, Cut(0.4))
    gone = [mask.flatten(1) for mask in masks.values()]
    assert all(bool((mask.any(dim=1) == mask.all(dim=1)).all()) for mask in gone)
    assert sum(int((~mask.any(dim=1)).sum()) for mask in gone) > 20


def test_scores_of_filters_are_refused_for_single_weights() -> None:
    with pytest.raises(UserError, match='give structure = "filter"'):
        Recipe(model="resnet20", data="digits", criterion="fpgm", sparsity=0.5)
