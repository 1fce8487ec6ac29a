"""What each criterion costs at 224 pixels: its time over that of its theoretical number of passes, and its memory.

A pass is a forward and a backward one over the same images, in the same batch. The numbers of passes are those of the
formulas: a forward pass is a third, a product with the Hessian three (backwards through a forward and a backward pass),
a look at single images as many single passes. Memory is the peak of what tensors take above the network's weights, over
that of a pass. `python -m tests.campaign` has all criteria on more networks.
"""

from functools import partial

import torch
from torch import nn

from pruning.criteria import CRITERIA, Context
from pruning.criteria.gradients import differentiable_copy, loss_gradient
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.models.memory import LiveBytes
from pruning.training.precision import settled
from tests.bench.rows import Row, versus

CLASSES, SHAPE, IMAGES = 1000, (3, 224, 224), 2
NETWORKS = ("torchvision/resnet18", "torchvision/resnet50", "torchvision/vit_b_16")
PASSES = {
    "snip": 1.0,
    "taylor": 1.0,
    "taylor_filter": 1.0,
    "grasp": 4.0,
    "wanda": 1 / 3,
    "ria": 1 / 3,
    "obd": 1.0,
    "fisher": 1.0,
    "hessian_trace": 3.0,
    "iterative_snip": 1.0,
    "force": 1.0,
}
"""Forward and backward passes of one look at the images, by criterion; those that look at no images make none."""
GOAL = 1.5


def context(model: nn.Module, images: int = IMAGES) -> Context:
    """Random images, nothing pruned."""
    source = torch.Generator().manual_seed(0)
    batch = torch.randn(images, *SHAPE, generator=source), torch.arange(images)
    return Context([batch], torch.Generator().manual_seed(0), full_masks(prunable(model)))


def score(model: nn.Module, name: str) -> None:
    """One look of a criterion."""
    criterion, given = CRITERIA[name], context(model)
    given.options = criterion.options()
    criterion.function(model, given)


def one_pass(twin: nn.Module) -> None:
    """A forward and a backward pass."""
    loss_gradient(twin, prunable(twin), context(twin).batches)


def peak(work: object, model: nn.Module, *rest: str) -> float:
    """Bytes that tensors take at most."""
    live = LiveBytes()
    with live:
        work(model, *rest)  # type: ignore[operator]  # one of the functions above
    return float(max(live.course))


def rows_of(network: str, quick: bool) -> list[Row]:
    """A row a criterion, in seconds of one thread."""
    model = build_model(network, CLASSES, SHAPE, 0).eval()
    twin = differentiable_copy(model)
    least, found = peak(one_pass, twin), []
    for name, passes in PASSES.items():
        base, ours = versus(partial(one_pass, twin), partial(score, model, name), 1 if quick else 3, cpu=True)
        note = f"{ours / base:.2f} passes of {passes:.3g}; memory {peak(score, model, name) / least:.2f} x"
        found.append(Row(f"{name}, {network.partition('/')[2]}", passes * base, ours, GOAL, at_most=True, note=note))
    return found


def run(quick: bool) -> list[Row]:
    """All criteria that look at images on each network, two images of 224 pixels at once."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with settled(0):
            return [row for network in NETWORKS[: 1 if quick else None] for row in rows_of(network, quick)]
    finally:
        torch.set_num_threads(threads)
