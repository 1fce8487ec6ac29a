"""python -m tests.bench.scoring_memory [--images 8]: what scoring is thought to take, beside what it takes.

Each case is scored in a process of its own, whose peak of resident memory is read from the system. With few images what
libraries set aside for themselves weighs more than with many.
"""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from pruning.criteria import CRITERIA, Context
from pruning.finders.scoring_memory import Need
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.training.precision import settled

CASES = (("torchvision/resnet50", "snip"), ("torchvision/resnet50", "grasp"), ("torchvision/vit_b_16", "snip"))
SHAPE, CLASSES = (3, 224, 224), 1000


def resident() -> int:
    """Bytes of this process that are in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def measured(model: str, criterion: str, images: int) -> int:
    """Bytes that scoring adds to this process at most."""
    network = build_model(model, CLASSES, SHAPE, 0)
    context = Context([], torch.Generator(), full_masks(prunable(network)))
    context.batches = [(torch.randn(images, *SHAPE), torch.zeros(images, dtype=torch.long))]
    before = resident()
    with settled(0):
        CRITERIA[criterion].function(network, context)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def compare(
    images: Annotated[int, typer.Option(min=2, help="Scored at once.")] = 8,
    only: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print a line a case: thought, measured, and how they compare, and what 250 images are thought to take."""
    if only:
        model, criterion = only.split()
        typer.echo(measured(model, criterion, images))
        return
    for model, criterion in CASES:
        command = [sys.executable, "-m", __spec__.name, "--images", str(images), "--only", f"{model} {criterion}"]
        found = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        network = build_model(model, CLASSES, SHAPE, 0)
        context = Context([], torch.Generator(), full_masks(prunable(network)))
        need = Need.of(CRITERIA[criterion], network, SHAPE, context)
        typer.echo(
            f"{criterion} of {model}, {images} images: {need.bytes(images) / 1e9:.2f} GB thought, {found / 1e9:.2f} "
            f"measured ({need.bytes(images) / found:.2f} x); 250 images: {need.bytes(250) / 1e9:.1f} GB"
        )


if __name__ == "__main__":
    typer.run(compare)
