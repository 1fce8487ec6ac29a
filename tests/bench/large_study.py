"""python -m tests.bench.large_study [--images 5000]: a study of many photographs, from import to pages.

torchvision's ResNet-18 with random weights on a made folder of photographs, shown at 224 pixels: imported, pruned by
magnitude and SNIP and fine-tuned for a few batches, measured on some test images, every page drawn. A line a step says
how long it took and how much memory was its own at most (pages of files apart).
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import torch
import torchvision
import typer

from tests import ROOT
from tests.bench.bench_pages import views
from tests.bench.data_memory import anonymous
from tests.bench.made_folder import CLASSES, make_folder
from tests.bench.served import Session, served

EVERY = 0.05
CUTS = ("# The imported network is always there", "# Take out the #")
METHODS = """[[method]]
criterion = "magnitude"

[[method]]
criterion = "snip"
score_batch = 16
score_per_class = 4

"""
SAID = {
    "sparsities = [0.5, 0.8, 0.9]": "sparsities = [0.9]",
    'corruptions = "all"': 'corruptions = ["gaussian_noise", "brightness"]',
}


def step(words: Sequence[str], place: Path) -> tuple[float, float]:
    """Run a command of the project in `place`; seconds, and the most megabytes of all its processes together."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(place / "state")}
    began, most = time.perf_counter(), 0
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=place, env=environment)
    while process.poll() is None:
        most = max(most, sum(own(each) for each in family(process.pid)))
        time.sleep(EVERY)
    if process.returncode:
        raise typer.Exit(1)
    return time.perf_counter() - began, most / 1e6


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it has ended
            continue
        for child in children:
            yield from family(int(child))


def own(pid: int) -> int:
    """Bytes that are a process's own; 0 where it has ended."""
    try:
        return anonymous(pid)[0]
    except OSError:
        return 0


def prepared(place: Path, images: int) -> None:
    """Make the folder of photographs and the checkpoint."""
    make_folder(place / "photographs", images)
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=CLASSES).state_dict(), place / "resnet18.pth")


def shortened(study: Path, batches: int, images: int, samples: int) -> None:
    """Have a study of an import ask for two tickets, a few batches of fine-tuning, and some test images."""
    text = (study / "study.toml").read_text()
    head, rest = text.split(CUTS[0])
    text = head + METHODS + CUTS[1] + rest.split(CUTS[1])[1]
    fine, after = text.split("[finetune]")
    epochs = next(line for line in after.splitlines() if line.startswith("epochs"))
    text = f"{fine}[finetune]{after.replace(epochs, f'epochs = {64 * batches / images:.4f}', 1)}"
    for said, instead in SAID.items():
        assert said in text
        text = text.replace(said, instead)
    lines = [f"samples = {samples}" if line.startswith("samples") else line for line in text.splitlines()]
    (study / "study.toml").write_text("\n".join(lines) + "\n")


def pages(study: Path, place: Path) -> Iterator[str]:
    """Draw every view once; a sentence for each that could not be, then what all took."""
    slowest, began = (0.0, ""), time.perf_counter()
    with served(place, study) as server:
        for view in views(study):
            with Session(server) as session:
                drawn = session.draw(view.page, {"study": study.name, **view.parameters})
            slowest = max(slowest, (drawn.wall, view.name))
            if drawn.broken:
                yield f"{view.name} could not be drawn"
        took = time.perf_counter() - began
        yield f"pages: {took:,.0f} s, {own(server.process.pid) / 1e6:,.0f} MB; slowest {slowest[1]}, {slowest[0]:.0f} s"


def main(
    images: Annotated[int, typer.Option(min=100, help="Photographs in all, a fifth of them for testing.")] = 5000,
    samples: Annotated[int, typer.Option(min=10, help="Test images that are measured.")] = 100,
    place: Annotated[str, typer.Option(help="Where all of it is made for a while.")] = "",
) -> None:
    """Print a line a step."""
    with tempfile.TemporaryDirectory(dir=place or None) as made:
        work = Path(made)
        prepared(work, images)
        data, study = f"folder:{work / 'photographs'}:size=224", work / "studies" / "large"
        steps: dict[str, list[str]] = {
            "import": ["pruning", "import", "resnet18.pth", "--data", data, "--name", "large"],
            "run": ["pruning", "run", str(study)],
            "measure": ["analysis", "run", str(study)],
        }
        for name, words in steps.items():
            seconds, megabytes = step(words, work)
            typer.echo(f"{name}: {seconds:,.0f} s, {megabytes:,.0f} MB")
            if name == "import":
                shortened(study, 3, images, samples)
        for sentence in pages(study, work):
            typer.echo(sentence)


if __name__ == "__main__":
    typer.run(main)
