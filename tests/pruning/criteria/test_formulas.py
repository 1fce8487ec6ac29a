"""SNIP, Taylor, GraSP and SynFlow against finite differences and closed forms; `test_exactness` has the flow's laws."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.masks import Masks, collapsed_layers, counts, full_masks, make_masks
from pruning.models import build_model, prunable

CLASSES = 3
STEP = 1e-5


def batches(*sizes: int, shape: tuple[int, ...] = (1, 3, 3)) -> list[tuple[Tensor, Tensor]]:
    """Random images in double precision."""
    source = torch.Generator().manual_seed(3)
    return [
        (
            torch.randn(size, *shape, generator=source, dtype=torch.float64),
            torch.randint(0, CLASSES, (size,), generator=source),
        )
        for size in sizes
    ]


def scores(criterion: str, model: nn.Module, data: list[tuple[Tensor, Tensor]], masks: Masks | None = None) -> Masks:
    """The criterion's scores of a network."""
    return CRITERIA[criterion].score(model, Context(data, torch.Generator(), masks))


def plain() -> nn.Module:
    """A small smooth network without batch norm, in double precision."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.Tanh(), nn.Linear(4, CLASSES)).double()


def normed() -> nn.Sequential:
    """A small smooth network with batch norm whose running statistics are not those of any batch."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Linear(12, CLASSES)
    ).double()
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        norm.running_mean = torch.rand(3, dtype=torch.float64)
        norm.running_var = torch.rand(3, dtype=torch.float64) + 1
        norm.weight.copy_(torch.randn(3))
        norm.bias.copy_(torch.randn(3))
    return model


def differences(model: nn.Module, value: Callable[[], float]) -> dict[str, Tensor]:
    """w times the central difference of `value` for every prunable weight: its slope by a gate on the weight."""
    slopes = {}
    for key, weight in prunable(model).items():
        flat, found = weight.data.view(-1), torch.zeros(weight.numel(), dtype=torch.float64)
        for position in range(len(flat)):
            old = float(flat[position])
            flat[position] = old * (1 + STEP)
            above = value()
            flat[position] = old * (1 - STEP)
            found[position] = (above - value()) / (2 * STEP)
            flat[position] = old
        slopes[key] = found.view(weight.shape)
    return slopes


def mean_loss(model: nn.Module, data: list[tuple[Tensor, Tensor]], temperature: float = 1.0) -> Tensor:
    """The mean cross-entropy over all images, batch by batch."""
    total = sum(len(labels) for _, labels in data)
    parts = [F.cross_entropy(model(x) / temperature, y) * len(y) / total for x, y in data]
    return torch.stack(parts).sum()


def assert_close(found: dict[str, Tensor], expected: dict[str, Tensor], rtol: float = 1e-5) -> None:
    """The same keys and, relative to the largest score, the same values."""
    assert list(found) == list(expected)
    for key in found:
        largest = float(expected[key].abs().max())
        assert largest > 0
        torch.testing.assert_close(found[key], expected[key], rtol=0, atol=rtol * largest)


# --- SNIP and Taylor -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [plain, normed])
@pytest.mark.parametrize(("criterion", "training"), [("snip", True), ("taylor", False)])
def test_gates_on_the_weights(make: Callable[[], nn.Module], criterion: str, training: bool) -> None:
    """SNIP normalises by the batch, as in training; Taylor by the running statistics, as the network is used."""
    model, data = make(), batches(5, 3)
    twin = copy.deepcopy(model).train(training)
    with torch.no_grad():
        expected = differences(twin, lambda: float(mean_loss(twin, data)))
    assert_close(scores(criterion, model, data), {key: slope.abs() for key, slope in expected.items()})


def test_batch_norm_tells_snip_from_taylor() -> None:
    data = batches(5, 3)
    assert not torch.allclose(scores("snip", normed(), data)["0.weight"], scores("taylor", normed(), data)["0.weight"])


@pytest.mark.parametrize("criterion", ["snip", "taylor"])
def test_a_linear_classifier_by_hand(criterion: str) -> None:
    """dL/dW = (softmax(W x + b) - onehot(y)) x' / N, summed over the images before the absolute value."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, CLASSES)).double()
    data = batches(4, 6)
    x = torch.cat([images for images, _ in data]).flatten(1).numpy()
    y = torch.cat([labels for _, labels in data]).numpy()
    weight, bias = (parameter.detach().numpy() for parameter in model.parameters())
    logits = x @ weight.T + bias
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = (softmax - np.eye(CLASSES)[y]).T @ x / len(y)
    found = scores(criterion, model, data)["1.weight"].numpy()
    np.testing.assert_allclose(found, np.abs(weight * gradient), rtol=1e-10)


# --- GraSP -----------------------------------------------------------------------------------------------------------


def half_flow(model: nn.Module, data: list[tuple[Tensor, Tensor]], masks: Masks | None = None) -> float:
    """Half the squared norm of the gradient over the (unpruned) weights, at temperature 200."""
    weights = prunable(model)
    gradients = torch.autograd.grad(mean_loss(model, data, 200), list(weights.values()))
    kept = [g if masks is None else g * masks[key] for key, g in zip(weights, gradients, strict=True)]
    return 0.5 * float(sum(gradient.square().sum() for gradient in kept))


@pytest.mark.parametrize("make", [plain, normed])
def test_grasp_is_the_slope_of_the_gradient_flow(make: Callable[[], nn.Module]) -> None:
    """d/dw of half ||g||^2 is H g: the Hessian-gradient product without any second derivative."""
    model, data = make().train(), batches(5, 3)
    twin = copy.deepcopy(model)
    assert_close(scores("grasp", model, data), differences(twin, lambda: half_flow(twin, data)))


def test_grasp_leaves_pruned_weights_out_of_the_flow() -> None:
    model, data = plain(), batches(8)
    source = torch.Generator().manual_seed(1)
    masks = {key: torch.rand(weight.shape, generator=source) < 0.6 for key, weight in prunable(model).items()}
    with torch.no_grad():
        for key, weight in prunable(model).items():
            weight.mul_(masks[key])
    twin = copy.deepcopy(model)
    expected = differences(twin, lambda: half_flow(twin, data, masks))
    assert_close(scores("grasp", model, data, masks), expected)


def test_the_weights_grasp_drops_first_are_those_the_flow_gains_by() -> None:
    """The sign: without the worst-scored weights the gradient's norm is larger than without the best-scored ones."""
    model, data = plain(), batches(40)
    found = scores("grasp", model, data)

    def flow_without(rank: Masks) -> float:
        masks, twin = make_masks(rank, 0.1), copy.deepcopy(model)
        with torch.no_grad():
            for key, weight in prunable(twin).items():
                weight.mul_(masks[key])
        return half_flow(twin, data)

    worst_removed, best_removed = flow_without(found), flow_without({key: -score for key, score in found.items()})
    assert worst_removed > half_flow(model, data) > best_removed


# --- SynFlow ---------------------------------------------------------------------------------------------------------


def image(*shape: int) -> list[tuple[Tensor, Tensor]]:
    """What a criterion without data gets to see."""
    return [(torch.zeros(1, *shape), torch.zeros(1, dtype=torch.long))]


def test_a_linear_chain_in_closed_form() -> None:
    """score_ij = (1' |W_L| ... |W_{l+1}|)_i |w_ij| (|W_{l-1}| ... |W_1| 1)_j"""
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, 3))
    weights = [weight.detach().abs().double().numpy() for weight in prunable(model).values()]
    found = list(scores("synflow", model, image(1, 2, 3)).values())
    for layer, weight in enumerate(weights):
        right = np.ones(6)
        for before in weights[:layer]:
            right = before @ right
        left = np.ones(3)
        for after in reversed(weights[layer + 1 :]):
            left = left @ after
        np.testing.assert_allclose(found[layer].numpy(), left[:, None] * weight * right[None, :], rtol=1e-12)


def test_batch_norm_is_a_fixed_scale() -> None:
    model = normed()
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_var is not None
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
    folded = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten(), nn.Linear(12, CLASSES)).double()
    convolution, last = folded[0], folded[2]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        convolution.weight.copy_(prunable(model)["0.weight"] * scale[:, None, None, None])
        last.weight.copy_(prunable(model)["4.weight"])
    expected = scores("synflow", folded, image(1, 3, 3))
    # ReLU for the hyperbolic tangent: positive flows pass it as they are
    linear = nn.Sequential(*(nn.ReLU() if isinstance(module, nn.Tanh) else module for module in model.children()))
    found = scores("synflow", linear, image(1, 3, 3))
    torch.testing.assert_close(found["0.weight"], expected["0.weight"], rtol=1e-10, atol=0)
    torch.testing.assert_close(found["4.weight"], expected["2.weight"], rtol=1e-10, atol=0)


def test_data_do_not_matter() -> None:
    model = build_model("conv2", CLASSES, (1, 8, 8), 0)
    first = scores("synflow", model, image(1, 8, 8))
    second = scores("synflow", model, [(torch.randn(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))])
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_flows_beyond_the_range_of_float32() -> None:
    model = nn.Sequential(nn.Flatten(), *(nn.Linear(16, 16) for _ in range(40)))
    for weight in prunable(model).values():
        nn.init.constant_(weight, 10.0)
    found = scores("synflow", model, image(1, 4, 4))
    # 16 paths in, 160 a layer: R = 16 * 160^40, shared out over 256 equal weights
    expected = 16 * 160.0**40 / 256
    assert expected > torch.finfo(torch.float32).max
    assert all(np.allclose(score.numpy(), expected, rtol=1e-9) for score in found.values())


def prune(criterion: str, model: nn.Module, data: list[tuple[Tensor, Tensor]], sparsity: float, rounds: int) -> Masks:
    """Score, prune on the exponential schedule, score again."""
    masks, weights = full_masks(prunable(model)), prunable(model)
    for turn in range(1, rounds + 1):
        found = scores(criterion, model, data, masks)
        masks = make_masks(found, 1 - (1 - sparsity) ** (turn / rounds), within=masks)
        with torch.no_grad():
            for key, weight in weights.items():
                weight.mul_(masks[key])
    return masks


@pytest.mark.parametrize(
    ("name", "shape", "sparsity"),
    [("lenet300", (1, 8, 8), 0.9995), ("conv2", (1, 4, 4), 0.9998), ("conv4", (1, 4, 4), 0.9999)],
)
def test_a_hundred_rounds_never_collapse_where_one_does(
    name: str, shape: tuple[int, int, int], sparsity: float
) -> None:
    rounds = CRITERIA["synflow"].rounds
    masks = prune("synflow", build_model(name, 10, shape, 0), image(*shape), sparsity, rounds)
    kept, total = counts(masks)
    assert total - kept == round(sparsity * total)
    assert not collapsed_layers(masks)
    assert collapsed_layers(prune("synflow", build_model(name, 10, shape, 0), image(*shape), sparsity, 1))


def test_a_residual_network_stays_connected() -> None:
    """Shortcuts without weights carry the flow past a block, so only the layers that every path crosses must live."""
    model = build_model("resnet20", 10, (3, 8, 8), 0)
    masks = prune("synflow", model, image(3, 8, 8), 0.999, CRITERIA["synflow"].rounds)
    assert not {"conv1.weight", "linear.weight"} & set(collapsed_layers(masks))
    remaining = scores("synflow", model, image(3, 8, 8), masks)
    assert float(remaining["conv1.weight"].sum()) > 0
    assert float(remaining["linear.weight"].sum()) == pytest.approx(float(remaining["conv1.weight"].sum()))


def test_what_is_left_at_extreme_sparsity_still_connects_input_and_output() -> None:
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    prune("synflow", model, image(1, 8, 8), 0.9995, CRITERIA["synflow"].rounds)
    paths = torch.ones(64)
    for weight in prunable(model).values():
        paths = weight.detach().abs() @ paths
    assert float(paths.sum()) > 0
