"""All pairs of ten ResNet-50 masks, layer by layer: packed words against bool tensors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import combinations

import torch
import torchvision

from analysis.metrics import overlap
from pruning.masks import Masks
from tests.bench.rows import Row, versus

TICKETS = 10
DENSITY = 0.1
TARGET = 50


def resnet50_masks(tickets: int) -> dict[str, Masks]:
    """Random masks of the shapes of ResNet-50's 54 convolution and linear weights, 25.5 million in each."""
    with torch.device("meta"):
        model = torchvision.models.resnet50()
    shapes = {name: value.shape for name, value in model.named_parameters() if value.dim() > 1}
    generator = torch.Generator().manual_seed(0)
    return {
        f"ticket {number}": {name: torch.rand(shape, generator=generator) < DENSITY for name, shape in shapes.items()}
        for number in range(tickets)
    }


def naive(masks: dict[str, Masks]) -> list[list[int]]:
    """What two tickets both keep in each layer, for every pair, on bool tensors as they are."""
    return [[int((one[layer] & other[layer]).sum()) for layer in one] for one, other in combinations(masks.values(), 2)]


def run(quick: bool) -> list[Row]:
    """With and without the time for packing; CPU seconds of one thread."""
    masks = resnet50_masks(TICKETS)
    packed = {name: overlap.PackedMasks.pack(ticket) for name, ticket in masks.items()}
    weights = sum(mask.numel() for mask in masks["ticket 0"].values())
    megabytes = f"{weights / 1e6:.0f} MB a ticket as bool, {packed['ticket 0'].words.nbytes / 1e6:.1f} MB packed"
    what = f"overlap, all pairs of {len(masks)} masks of {weights / 1e6:.1f} M weights, with layers"
    rows = []
    with one_thread():
        for state, given in (("packing included", masks), ("packed before", packed)):
            times = versus(partial(naive, masks), partial(overlap.count, given), 1 if quick else 7, cpu=True)
            rows.append(Row(f"{what}, {state}", *times, TARGET, note=megabytes))
    return rows


@contextmanager
def one_thread() -> Iterator[None]:
    """A single thread for torch, and with it for `overlap`, while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
