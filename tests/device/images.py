"""Corruptions on a device against the CPU's, evaluation against forward passes, and speed at 224 pixels."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from analysis import robustness
from analysis.corruptions import CORRUPTIONS, NAMES, SEVERITIES, corrupt
from pruning.data import normalise
from pruning.models import build_model, count_macs
from pruning.training.precision import as_input, autocast, pick_precision, prepare
from tests.analysis.corruptions.pictures import pictures
from tests.device.networks import CPU
from tests.device.results import Result, rate, seconds

# Sums in another order fall on the other side of a cut in one byte of some hundreds, JPEG's blocks in some more.
OFF_BY_MORE = 1e-3


def corruptions(device: torch.device, quick: bool) -> Iterator[Result]:
    """The share of bytes that are off the CPU's by more than a grey level: at worst, and by name where it is too many.

    An image that has left the device counts as wrong altogether.
    """
    most = 0.0 if device == CPU else OFF_BY_MORE
    for size in (32,) if quick else (32, 224):
        images = pictures(4, 3, size, size)
        off = {name: _off(images, name, device, quick) for name in CORRUPTIONS}
        for name, share in off.items():
            if share > most:
                yield Result("corruptions", f"{name}, {size} px: bytes off the CPU's", share, most)
        worst = max(off, key=lambda name: off[name])
        yield Result("corruptions", f"{len(off)}, {size} px: bytes off the CPU's, at worst", off[worst], most, worst)


def _off(images: Tensor, name: str, device: torch.device, quick: bool) -> float:
    there, off, severities = images.to(device), [], CORRUPTIONS[name].severities
    for severity in severities[-1:] if quick else severities:
        made = corrupt(there, name, severity)
        apart = (made.cpu().int() - corrupt(images, name, severity).int()).abs()
        off.append(float((apart > (0 if device == CPU else 1)).double().mean()) if made.device == there.device else 1.0)
    return max(off)


def evaluation(device: torch.device, quick: bool) -> Iterator[Result]:
    """A network under all conditions against its forward passes alone, on images as they are shown."""
    count, severities = (64, (3,)) if quick else (512, SEVERITIES)
    images, labels = pictures(count, 3, 32, 32), torch.arange(count) % 10
    network = build_model("resnet20", 10, (3, 32, 32), 0).eval()
    conditions = robustness.all_conditions(severities=severities)

    def measure() -> None:
        list(robustness.iterate({"net": network}, images, labels, conditions, device=str(device)))

    macs = count_macs(network, (3, 32, 32))
    there = prepare(network, device, macs)
    shown = as_input(normalise(images, (0.5,) * 3, (0.25,) * 3), device, macs)

    @torch.inference_mode()
    def passes() -> None:
        with autocast(pick_precision("auto", macs, device), device):
            for _ in conditions:
                there(shown)

    spent = seconds(measure, device, 1)
    note = rate(count * len(conditions), spent)
    yield Result("evaluation", "of ResNet-20, times its forward passes", spent / seconds(passes, device, 1), 1.2, note)


def speed(device: torch.device, quick: bool) -> Iterator[Result]:
    """All 95 conditions at 224 pixels against as many forward passes of ResNet-50."""
    count, severities = (2, (3,)) if quick else (64 if device.type != "cpu" else 8, SEVERITIES)
    images = pictures(count, 3, 224, 224).to(device)
    network: nn.Module = resnet50(weights=None).eval().to(device)
    values = images.float() / 255

    @torch.inference_mode()
    def forward() -> None:
        network(values)

    one_pass = seconds(forward, device)
    spent = {
        name: sum(seconds(partial(corrupt, images, name, severity), device, 1) for severity in severities)
        for name in NAMES
    }
    made, whole = count * len(severities), sum(spent.values())
    slowest = max(spent, key=lambda name: spent[name])
    note = f"{rate(made * len(NAMES), whole)}, ResNet-50 {rate(count, one_pass)}"
    yield Result(
        "speed", "all at 224 px, times as many passes", whole / len(NAMES) / len(severities) / one_pass, 1.0, note
    )
    note = f"{slowest}, {rate(made, spent[slowest])}"
    yield Result("speed", "the slowest, times passes", spent[slowest] / len(severities) / one_pass, 1.0, note)
