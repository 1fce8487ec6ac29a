"""A small study, really found, that the tests of all three packages look at."""

import gc
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch
from filelock import FileLock

from pruning.execution import processes
from pruning.models import user_file
from pruning.study import known
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests import workers

gc.disable()  # until all are collected, which makes little garbage and many objects

# Tests start hundreds of processes: each would compile the project anew where nothing of it is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says how busy the machine is, not whether the property holds.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

TINY = """\
title = "A tiny study"
description = "Digits of 8x8 pixels and a small network, found in seconds."
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.5, 0.9]

[training]
epochs = 2
batch_size = 64
lr = 0.1
warmup_epochs = 0

[[method]]
criterion = "random"

[[method]]
criterion = "magnitude"

[[method]]
finder = "imp"
rate = 0.5

[[method]]
finder = "shuffled"
of = "imp"

[analysis]
corruptions = ["gaussian_noise", "brightness", "gaussian_blur"]
severities = [1, 3]
"""


LONGEST = (
    "tests/browser/",
    "tests/test_readme.py",
    "tests/analysis/engine/test_interruption.py",
    "tests/pruning/study/test_runner.py",
)
OF_THEIR_OWN = "tests/pruning/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that at the end no process waits for another; the browser's tests together,
    as each process that has some starts an app and a browser. The second process, whose share is the next part, begins
    with tests that need no study which the first one is about to make."""
    items.sort(
        key=lambda item: next((place for place, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST))
    )
    first = sum(any(name in item.nodeid for name in LONGEST) for item in items)
    share = -(-len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    rest = [item for item in items[first:] if not item.nodeid.startswith(OF_THEIR_OWN)]
    own = [item for item in items[first:] if item.nodeid.startswith(OF_THEIR_OWN)]
    between = max(share - first, 0)
    items[first:] = rest[:between] + own + rest[between:]


def pytest_collection_finish() -> None:
    """What is there by now stays, and need not be looked through for garbage."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """What stays until the end goes with it."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def power_does_not_fail() -> Iterator[None]:
    """Files of tests need not reach the disk, which thousands of them would wait for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def workers_have_torch() -> Iterator[None]:
    """Worker processes start in a tenth of a second; see `tests.workers`, and `new_processes` for the others."""
    with pytest.MonkeyPatch.context() as patch:
        if "forkserver" in multiprocessing.get_all_start_methods():
            patch.setattr(processes, "START", workers.context())
        yield


@pytest.fixture
def new_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes are new ones, as outside of tests."""
    monkeypatch.setattr(processes, "START", multiprocessing.get_context("spawn"))


@pytest.fixture(autouse=True)
def code_runs_unasked() -> Iterator[None]:
    """The app, drawn in this process by one test, asks before a file of code runs; others are not to be asked."""
    yield
    user_file.ask_first(None)


@pytest.fixture(autouse=True)
def nothing_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder than the project's there are neither shipped studies nor those of whoever runs the tests."""
    nowhere = tmp_path_factory.getbasetemp() / f"nowhere {abs(hash(request.node.nodeid)):x}"
    monkeypatch.setenv("XDG_STATE_HOME", str(nowhere))
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setattr(known, "PROJECT", nowhere)


@pytest.fixture(autouse=True)
def one_thread_each() -> None:
    """Where tests run side by side each has one core; threads that wait for each other there take ten times as long."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(1)


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` as `make` makes it, once for all processes that tests run in."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, made = root / name / "tiny", root / f"{name} made"
    with FileLock(root / f"{name} lock"):
        if not made.exists():
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def found_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder with its tickets found; not to be changed."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(TINY)
        outcome = run(Study.open(folder), RunOptions(jobs=1))
        assert not outcome.failed

    return shared(tmp_path_factory, "found", make)


@pytest.fixture
def study_copy(found_study: Path, tmp_path: Path) -> Path:
    """A copy of the found study, for tests that change it."""
    return Path(shutil.copytree(found_study, tmp_path / "copy"))


@pytest.fixture(scope="session")
def tiny_study(found_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study folder with its results measured; not to be changed."""
    from analysis.engine import measure

    def make(folder: Path) -> None:
        shutil.copytree(found_study, folder)
        measure.run(Study.open(folder))

    return shared(tmp_path_factory, "measured", make)


GENERATIVE = """\
title = "A tiny {task}"
model = "{task}_mlp"
data = "digits"
task = "{task}"
seeds = {seeds}
sparsities = [0.5, 0.75]

[training]
epochs = 2
batch_size = 64
optimizer = "adamw"
lr = 2e-3
weight_decay = 0
warmup_epochs = 0
schedule = "constant"

[[method]]
finder = "imp"
rate = 0.5
rewind = 5

[[method]]
finder = "shuffled"
of = "imp"
sparsities = [0.75]
"""


@pytest.fixture(scope="session")
def generative_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Task -> a study of networks that make images, found and measured; not to be changed. The VAE's has two seeds."""
    from analysis.engine import measure

    def study(task: str) -> Path:
        def make(folder: Path) -> None:
            folder.mkdir(parents=True)
            seeds = "[0, 1]" if task == "vae" else "[0]"
            (folder / "study.toml").write_text(GENERATIVE.format(task=task, seeds=seeds))
            assert not run(Study.open(folder), RunOptions(jobs=1)).failed
            assert not measure.run(Study.open(folder), jobs=1).problems

        return shared(tmp_path_factory, f"generative {task}", make)

    return study


@pytest.fixture(scope="session")
def fid_study(generative_study: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GAN's study with the FID of four images a ticket, by drawn weights of Inception; not to be changed."""
    from analysis.engine import measure
    from tests.analysis.metrics.inception_file import write_drawn

    def make(folder: Path) -> None:
        shutil.copytree(generative_study("gan"), folder)
        write_drawn(folder.parent / "drawn.pth")
        with (folder / "study.toml").open("a") as file:
            file.write('\n[analysis]\ninception = "../drawn.pth"\nfid_images = 4\n')
        assert len(measure.run(Study.open(folder), jobs=1).problems) == 1

    return shared(tmp_path_factory, "fid", make)
