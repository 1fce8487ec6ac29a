"""The README's "Your own network in five minutes", followed word for word with a small network."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn.utils import prune

from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.models import build_model
from pruning.study.folder import Study
from tests import ROOT

HEADING = "## Your own network in five minutes"
PARTS = ("pruning", "analysis", "app", "Makefile", "requirements.lock")
TRAINED, TESTED = 400, 50


def commands() -> list[str]:
    """The lines of the section's shell blocks."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index(HEADING) :].split("\n## ")[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.S) for line in block.splitlines() if line]


@pytest.fixture
def one_core() -> Iterator[None]:
    """What is started may use one core, and finds and measures in its own process: workers would but import torch."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    yield
    os.sched_setaffinity(0, cores)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as a user has it: the project, a checkpoint and images."""
    for part in PARTS:
        (tmp_path / part).symlink_to(ROOT / part)
    environment = Path(sys.prefix)
    (tmp_path / ".venv").symlink_to(environment)
    data = load_data("digits")
    for part, split, count in (("train", data.train, TRAINED), ("test", data.test, TESTED)):
        for row in range(count):
            folder = tmp_path / "my_images" / part / f"digit {int(split.labels[row])}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(split.images[row, 0].numpy()).save(folder / f"{row}.png")
    write_checkpoints(tmp_path, train_somewhere_else())
    return tmp_path


def train_somewhere_else() -> nn.Module:
    """A LeNet-300-100 trained by plain torch on inputs between -1 and 1."""
    data, model = load_data("digits"), build_model("lenet300", 10, (1, 8, 8), seed=0)
    inputs, labels = normalise(data.train.images[:TRAINED], (0.5,), (0.5,)), data.train.labels[:TRAINED]
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return model


def write_checkpoints(folder: Path, model: nn.Module) -> None:
    state = {f"module.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 60}, folder / "my_network.pth")
    masks = {name: value.abs() > value.abs().median() for name, value in model.state_dict().items() if value.ndim > 1}
    torch.save(masks, folder / "masks.pt")
    for layer in model.children():
        prune.l1_unstructured(layer, "weight", amount=0.8)
    torch.save(model.state_dict(), folder / "pruned.pth")


def run(command: str, home: Path) -> str:
    done = subprocess.run(command, shell=True, cwd=home, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def opens(command: str, home: Path) -> None:
    """Start the app, see that it answers, stop it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        command, shell=True, cwd=home, env={**os.environ, "PORT": str(port)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        for _ in range(120):
            assert process.poll() is None, process.communicate()[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
                    assert answer.status == 200
                    return
            except OSError:
                time.sleep(0.5)
        raise AssertionError("the dashboard did not answer within a minute")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("one_core")
def test_your_own_network_in_five_minutes(home: Path) -> None:
    first, study, app, *others = commands()
    assert "import my_network.pth" in first
    report = run(first, home)
    assert "lenet300" in report
    assert "module." in report
    run(study, home)
    opens(app, home)
    for line in others:
        run(line, home)
    mine = Study.open(home / "studies" / "mine")
    entries = mine.entries()
    assert {recipe.id for recipe in mine.recipes()} <= {entry.id for entry in entries}
    labels = [entry.recipe.label for entry in entries]
    assert labels[0] == "Dense"
    assert {"my method 80 %", "my masks 50 %"} <= {
        re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.0f}", x) for x in labels
    }
    assert entries[0].info.accuracy > 0.8
    measured = Results(mine.path).table("summary")
    assert len(measured) == len(mine.recipes())
    assert measured["n"].eq(TESTED).all()
