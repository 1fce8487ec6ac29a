"""OBD, Fisher and the Hessian's trace, against Jacobians and Hessians that autograd writes out in full."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.curvature import hessian_diagonal
from pruning.criteria.obd import ObdOptions
from pruning.errors import UserError
from pruning.models import build_model, prunable
from pruning.tasks import get_task
from tests.pruning.criteria.test_formulas import CLASSES, assert_close, batches, normed, plain

NETWORKS = pytest.mark.parametrize("make", [plain, normed])


def context(data: list[tuple[Tensor, Tensor]], criterion: str, seed: int = 0, **options: object) -> Context:
    """What a criterion looks at, under these options."""
    own = CRITERIA[criterion].options(**options)
    return Context(data, torch.Generator().manual_seed(seed), options=own)


def slopes(model: nn.Module, value: Callable[[Tensor], Tensor], image: Tensor, name: str) -> Tensor:
    """The Jacobian of `value` of an image's logits by a weight, flat: [outputs, weights]."""
    weight = prunable(model)[name]
    made = value(model.eval()(image)[0]).reshape(-1)
    return torch.stack([torch.autograd.grad(each, weight, retain_graph=True)[0].reshape(-1) for each in made])


def cross_entropy(label: Tensor, logits: Tensor) -> Tensor:
    """Of one image."""
    return F.cross_entropy(logits[None], label.view(1))


def singles(data: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """The images one by one."""
    return [(image[None], label) for images, labels in data for image, label in zip(images, labels, strict=True)]


@NETWORKS
@pytest.mark.parametrize("block", [1, 4])
def test_fisher_is_the_inverse_of_the_mean_of_outer_products(make: Callable[[], nn.Module], block: int) -> None:
    model, data = make(), batches(5, 3)
    found = CRITERIA["fisher"].score(model, context(data, "fisher", block=block, damping=1e-3))
    expected = {}
    for name, weight in prunable(model).items():
        rows = torch.cat([
            slopes(model, partial(cross_entropy, label), image, name)
            for image, label in singles(data)
        ])  # fmt: skip
        whole = rows.T @ rows / len(rows) + 1e-3 * torch.eye(weight.numel(), dtype=torch.float64)
        diagonal = torch.cat([
            torch.linalg.inv(whole[first : first + block, first : first + block]).diagonal()
            for first in range(0, weight.numel(), block)
        ])  # fmt: skip
        expected[name] = weight.detach().square() / (2 * diagonal.view(weight.shape))
    assert_close(found, expected)


def test_fishers_blocks_leave_out_what_is_pruned() -> None:
    """A pruned neighbour can take nothing over: the other's score is that of a block without it."""
    model, data = plain(), batches(6)
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(model).items()}
    masks["1.weight"][:, 1::2] = False
    given = context(data, "fisher", block=2)
    given.masks = masks
    pairs, alone = CRITERIA["fisher"].score(model, given), CRITERIA["fisher"].score(model, context(data, "fisher"))
    even = masks["1.weight"][0].nonzero().flatten()[::2]
    assert bool((pairs["1.weight"][0][even] > 0).all())
    assert not bool(pairs["1.weight"][:, 1::2].any())
    torch.testing.assert_close(pairs["1.weight"][0, 0], alone["1.weight"][0, 0])


@NETWORKS
def test_obd_is_the_gauss_newton_diagonal_on_average(make: Callable[[], nn.Module]) -> None:
    """Squared slopes for a label that the network draws; their mean is J' (diag p - p p') J, J the logits' Jacobian."""
    model, data = make(), batches(1)
    chances = model.eval()(data[0][0])[0].detach().softmax(dim=0)
    name = next(iter(prunable(model)))
    weight = prunable(model)[name]
    jacobian = slopes(model, lambda z: z, data[0][0][0][None], name)
    squares = (jacobian.T @ (torch.eye(CLASSES, dtype=torch.float64) - chances[:, None])).square()  # a column a label
    inner = chances.diag() - chances[:, None] * chances
    torch.testing.assert_close(squares @ chances, ((inner @ jacobian) * jacobian).sum(dim=0))
    drawn = []
    for seed in range(80):
        found = CRITERIA["obd"].score(model, context(data, "obd", seed))[name] / (weight.square() / 2)
        apart = (found.detach().view(-1, 1) - squares).norm(dim=0)
        assert float(apart.min()) < 1e-9 * float(squares.norm())
        drawn.append(int(apart.argmin()))
    counted = [drawn.count(label) for label in range(CLASSES)]
    assert stats.chisquare(counted, (80 * chances).tolist()).pvalue > 1e-3


def test_obd_is_the_mean_over_images_and_draws() -> None:
    """The chance of several batches and draws is one stream, image by image."""
    model, data = plain(), batches(2, 1)
    whole = CRITERIA["obd"].score(model, context(data, "obd", draws=2))["1.weight"]
    source, parts = torch.Generator().manual_seed(0), []
    for image, _ in singles(data):
        given = Context([(image, torch.zeros(1, dtype=torch.long))], source, options=ObdOptions(draws=2))
        parts.append(CRITERIA["obd"].score(model, given)["1.weight"])
    torch.testing.assert_close(whole, torch.stack(parts).mean(dim=0))


def hessian(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """The Hessian of the summed loss over all weights in a row."""
    weights = list(prunable(model).values())
    loss = F.cross_entropy(model.eval()(images), labels, reduction="sum")
    first = torch.cat([each.reshape(-1) for each in torch.autograd.grad(loss, weights, create_graph=True)])
    rows = [torch.autograd.grad(each, weights, retain_graph=True) for each in first]
    return torch.stack([torch.cat([part.reshape(-1) for part in row]) for row in rows])


@NETWORKS
def test_random_signs_take_the_hessian_apart(make: Callable[[], nn.Module]) -> None:
    """z (H z) of each batch, with H written out in full; over all signs its mean is the diagonal of H."""
    model, data = make(), batches(4, 3)
    found = hessian_diagonal(model.eval(), context(data, "obd"), 1)
    source, total = torch.Generator().manual_seed(0), torch.zeros(())
    for images, labels in data:
        drawn = [torch.randint(0, 2, weight.shape, generator=source, dtype=torch.int8) for weight in found.values()]
        signs = torch.cat([2.0 * each.reshape(-1) - 1 for each in drawn]).double()
        total = total + signs * (hessian(model, images, labels) @ signs) / 7
    torch.testing.assert_close(torch.cat([each.reshape(-1) for each in found.values()]), total)
    obd = CRITERIA["obd"].score(model, context(data, "obd", curvature="hessian"))
    for name, weight in prunable(model).items():
        torch.testing.assert_close(obd[name], weight.detach().square() * found[name] / 2)


def test_hessian_trace_is_magnitude_times_the_layers_mean_curvature() -> None:
    model, data = normed(), batches(4, 3)
    found = CRITERIA["hessian_trace"].score(model, context(data, "hessian_trace"))
    diagonal = hessian_diagonal(model.eval(), context(data, "obd"), 1)
    for name, weight in prunable(model).items():
        torch.testing.assert_close(found[name], weight.detach().square() / 2 * diagonal[name].mean())


def test_signs_are_those_of_the_seed() -> None:
    model, data = plain(), batches(4)
    first, again, other = (hessian_diagonal(plain(), context(data, "obd", seed), 1) for seed in (0, 0, 1))
    assert list(first) == list(prunable(model))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["1.weight"], other["1.weight"])


def test_obd_of_what_has_no_labels_is_the_hessian() -> None:
    """An autoencoder's loss has no labels to draw; asked for Gauss-Newton, the criterion says so."""
    model = build_model("autoencoder_mlp", 10, (1, 8, 8), 0, gives_logits=False)
    data = [(torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.zeros(4, dtype=torch.long))]
    given = context(data, "obd")
    given.task = get_task("autoencoder")
    scores = CRITERIA["obd"].score(model, given)
    assert list(scores) == list(prunable(model))
    given.options = CRITERIA["obd"].options(curvature="gauss_newton")
    with pytest.raises(UserError, match='curvature = "hessian"'):
        CRITERIA["obd"].score(model, given)
