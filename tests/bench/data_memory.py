"""python -m tests.bench.data_memory [--images 50000] [--folder PLACE]: memory while many images are worked with.

A folder is made of few JPEGs of about 500x375 pixels under many names, and shown at 224 pixels. Each stage runs in a
process of its own, of which anonymous memory is sampled: what the system cannot take back, pages of files apart.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import nn

from analysis.engine.images import TestImages
from analysis.engine.live import features_of
from analysis.engine.replay import network_of
from pruning import Recipe, Training, find_ticket
from pruning.criteria import CRITERIA
from pruning.data import Dataset, load_data
from pruning.data.base import used_rows
from pruning.finders.base import Trainer
from pruning.finders.scoring import scoring_batches, scoring_context
from pruning.models import MODELS, build_model
from pruning.models.base import Architecture
from pruning.training.loop import train
from tests.bench.made_folder import make_folder

SIZE, EVERY = 224, 0.01
LIMIT = 2000.0
"""Megabytes that are allowed, beside a batch."""
MODEL = "pooled"
SHOWN = ("brightness", 3)


def pooled(num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """A network that takes next to no time, so that what is measured is the way of the images."""
    side = shape[1] // 16
    layers = (nn.AvgPool2d(16), nn.Flatten(), nn.Linear(shape[0] * side * side, 64), nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(64, num_classes))


def recipe(data: Dataset) -> Recipe:
    """One pass over the training images, all of which are scored."""
    training = Training(epochs=1, batch_size=128, lr=0.01, warmup_epochs=0)
    return Recipe(
        model=MODEL,
        data=data.name,
        finder="one_shot",
        criterion="snip",
        sparsity=0.5,
        training=training,
        score_per_class=10**6,
        score_batch=64,
    )


def epoch(data: Dataset) -> None:
    """Train for one pass over all training images, in random order, and test."""
    train(build_model(MODEL, data.num_classes, data.shape, 0), data, recipe(data).training, seed=0)


def score(data: Dataset) -> None:
    """Score on all training images."""
    asked, trainer = recipe(data), Trainer(data, torch.device("cpu"))
    network = build_model(MODEL, data.num_classes, data.shape, 0)
    context = scoring_context(asked, network, trainer, CRITERIA["snip"])
    assert sum(map(len, scoring_batches(asked, trainer).rows)) == len(data.train.labels)
    CRITERIA["snip"].function(network, context)


def measure(data: Dataset) -> None:
    """Show test images to a network: all of them clean, and two in three, in a copy of no kind, under a corruption."""
    training = Training(epochs=0.01, batch_size=32, lr=0.01, warmup_epochs=0)
    ticket = find_ticket(Recipe(model=MODEL, data=data.name, finder="dense", training=training))
    networks = {"": network_of(ticket, torch.device("cpu"))}
    clean = TestImages(data.test.images, data.test.labels)
    assert clean.digest
    features_of(networks, clean, ("clean", 0))
    rows = used_rows(len(data.test.labels), 2 * len(data.test.labels) // 3)
    features_of(networks, TestImages(data.test.images[rows], data.test.labels[rows]), SHOWN)


STAGES: dict[str, Callable[[Dataset], None]] = {
    "decoded": lambda data: None,
    "an epoch of training": epoch,
    "all of them scored": score,
    "test images measured": measure,
}


def anonymous(pid: int | str = "self") -> tuple[int, int]:
    """Bytes of a process that are its own, and that are pages of files."""
    found = {"RssAnon:": 0, "RssFile:": 0}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        words = line.split()
        if words[0] in found:
            found[words[0]] = 1024 * int(words[1])
    return found["RssAnon:"], found["RssFile:"]


@contextmanager
def peak() -> Iterator[list[int]]:
    """The most that this process has of either kind while this lasts."""
    most, over = [0, 0], threading.Event()

    def sample() -> None:
        while not over.wait(EVERY):
            most[:] = map(max, zip(most, anonymous(), strict=True))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def staged(stage: str, name: str) -> dict[str, float]:
    """What a stage takes, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.data_memory", "--only", stage, "--folder", name]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def run_stage(stage: str, name: str) -> dict[str, float]:
    """Run a stage in this process."""
    MODELS.register(Architecture(MODEL, pooled))
    with peak() as most:
        began = time.perf_counter()
        STAGES[stage](load_data(name))
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "MB": most[0] / 1e6, "MB of files": most[1] / 1e6}


def all_stages(images: int, place: Path) -> dict[str, dict[str, float]]:
    """What each stage takes with so many images in a folder that is made at `place`."""
    make_folder(place, images)
    return {stage: staged(stage, f"folder:{place}:size={SIZE}") for stage in STAGES}


def main(
    images: Annotated[int, typer.Option(min=100, help="Images in all, a fifth of them for testing.")] = 50_000,
    folder: Annotated[str, typer.Option(help="Where the folder is made for a while; it takes 150 kB an image.")] = "",
    only: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print a line a stage."""
    if only:
        typer.echo(json.dumps(run_stage(only, folder)))
        return
    with tempfile.TemporaryDirectory(dir=folder or None) as place:
        for stage, took in all_stages(images, Path(place) / "images").items():
            typer.echo(
                f"{images:,} images of {SIZE} pixels, {stage}: {took['MB']:,.0f} MB, {took['MB of files']:,.0f} MB of "
                f"pages of files, {took['seconds']:,.0f} s"
            )


if __name__ == "__main__":
    typer.run(main)
