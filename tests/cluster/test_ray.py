"""Ray: a cluster of several machines, here nodes of this one, gives the same bits, and loses none with a machine."""

import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from analysis.engine import measure
from analysis.results.store import Results
from pruning.errors import UserError, WriteError
from pruning.execution import (
    Cancelled,
    Executor,
    Needs,
    Parcel,
    Task,
    executor_on,
    ray_cluster,
    ray_executor,
    ray_worker,
    run_tasks,
)  # fmt: skip
from pruning.progress import Progress
from pruning.recipe import Recipe
from pruning.study.folder import CACHE, TICKETS, Study
from pruning.study.runner import RunOptions, Watcher, run
from pruning.ticket import Ticket
from tests.cluster.nodes import Nodes, nodes
from tests.conftest import TINY
from tests.pruning.execution import work

MEASURED = ["summary", "layers", "conditions", "samples"]
"""Tables of which some are made of a ticket at once, some of what it is shown, some of a reference's rows."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    with nodes(3, cpus=2) as made:
        yield made


@pytest.fixture(scope="module")
def executor(cluster: Nodes) -> Iterator[Executor]:
    with executor_on(cluster.on) as made:
        yield made


def test_everything_listens_at_loopback_alone(cluster: Nodes) -> None:
    heard = cluster.listening()
    assert len(heard) > 6
    assert set(heard) == {"127.0.0.1"}


def test_tasks_run_after_what_they_depend_on_and_failures_stay_where_they_are(executor: Executor) -> None:
    assert executor.capacity == 4
    tasks: list[Task[Any]] = [
        Task("a", "the first", work.fail, ("No such data.",)),
        Task("b", "the second", work.add, (1,), after=("a",)),
        Task("c", "the third", work.add, (3,)),
        Task("d", "the fourth", work.add, (4, 5), after=("c",)),
    ]
    ended = {one.task.key: one for one in run_tasks(tasks, executor)}
    assert str(ended["a"].error) == "No such data."
    assert str(ended["b"].error) == "the first, which it starts from, failed."
    assert [ended[key].result() for key in "cd"] == [3, 9]
    with pytest.raises(WriteError, match="the disk is full"):
        list(run_tasks([Task("a", "a", work.cannot_write)], executor))
    with pytest.raises(ZeroDivisionError) as caught:
        list(run_tasks([Task("a", "the first", work.break_down)], executor))
    assert caught.value.__notes__[-1] == "This happened in the task 'the first'."
    with pytest.raises(RuntimeError, match="Odd: 1 and 2"):
        list(run_tasks([Task("a", "a", work.break_oddly)], executor))


def test_threads_are_those_of_the_task_whatever_the_worker_had(executor: Executor) -> None:
    for n in range(4):  # one after another, most likely on the same worker
        task: Task[int] = Task(n, str(n), work.threads, needs=Needs(threads=1 + n % 2))
        assert [one.result() for one in run_tasks([task], executor)] == [1 + n % 2]


def test_a_parcel_is_unpacked_once_a_process(executor: Executor) -> None:
    parcel = Parcel("numbers", work.pack, work.unpack)
    tasks = [Task(n, str(n), work.unpacked, needs=Needs(parcels=(parcel,))) for n in range(6)]
    assert {one.result() for one in run_tasks(tasks, executor)} == {(499_500, 1)}


def test_what_no_machine_has_is_a_sentence(executor: Executor) -> None:
    with pytest.raises(UserError, match=r"No machine of the cluster .* has room for a task of 1 CPUs, 2 GPUs"):
        list(run_tasks([Task("a", "a", work.add, needs=Needs(gpus=2))], executor))


def test_a_cancel_stops_what_runs(cluster: Nodes, tmp_path: Path) -> None:
    cancel = threading.Event()

    def follow(task: Task[None]) -> Progress:
        return lambda fraction, text: cancel.set() if text == "waiting" else None

    tasks: list[Task[None]] = [Task(n, f"{n}", work.leave_a_word, (str(tmp_path / str(n)),)) for n in range(3)]
    executor = executor_on(cluster.on)
    with pytest.raises(Cancelled):
        list(run_tasks(tasks, executor, follow, cancel=cancel))
    executor.shutdown()  # waits until they have stopped
    assert any((tmp_path / str(n)).read_text() == "stopped" for n in range(3) if (tmp_path / str(n)).exists())


@pytest.mark.parametrize(("said", "told"), [
    ("Version mismatch: 2.1 here\n2.2 there.", "Version mismatch: 2.1 here."),
    ("Initialization failure from server:\nTraceback (most recent call last):\n  File x\nRuntimeError: full!\n\n",
     "RuntimeError: full."),
    ("", "ConnectionError."),
])  # fmt: skip
def test_what_ray_says_is_a_sentence(said: str, told: str) -> None:
    assert ray_cluster.reason(ConnectionError(said)) == told


def test_a_process_whose_import_of_torch_was_cut_short_is_of_no_use() -> None:
    """As a cancel may do: torch refuses to be imported once more, in words that are recognised."""
    code = "import sys, torch; del sys.modules['torch']\ntry:\n import torch\nexcept ImportError as error: print(error)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert ray_worker.spoilt(ImportError(said))
    assert not ray_worker.spoilt(ImportError("No module named 'theirs'"))


def test_nobody_at_the_address_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"'--on rays' is none of processes, ray, ray://HOST:10001 and ray:HOST:PORT"):
        executor_on("rays")


@pytest.fixture(scope="module")
def measured_here(found_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(found_study, tmp_path_factory.mktemp("here") / "tiny"))
    with_one_corruption(folder)
    assert not measure.run(Study.open(folder), only=MEASURED, jobs=1).problems
    return folder


def test_rows_are_those_of_one_process_where_workers_do_not_see_the_study(
    cluster: Nodes, study_copy: Path, measured_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_executor, "marked", unseen)
    with_one_corruption(study_copy)
    report = measure.run(Study.open(study_copy), only=MEASURED, on=cluster.on, jobs=1)
    assert not report.problems
    for table in MEASURED:
        here, there = (
            Results(folder).table(table).drop(columns="seconds", errors="ignore")
            for folder in (measured_here, study_copy)
        )
        assert len(here) > 0
        pd.testing.assert_frame_equal(here, there, check_exact=True)
    assert not [each for each in study_copy.rglob(".*") if each.name.endswith(".tmp")]


def test_a_ticket_of_two_devices_has_them_on_one_machine_and_is_the_same(
    cluster: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_executor, "marked", unseen)
    folders = [shared_study(tmp_path / name) for name in ("here", "there")]
    for folder, on in zip(folders, ("processes", cluster.on), strict=True):
        summary = run(Study.open(folder), RunOptions(on=on, threads=1, jobs=1))
        assert not summary.failed
    assert same_tickets(*folders) == len(summary.found) == 2


def test_a_study_on_workers_that_do_not_see_it_while_one_is_lost(
    cluster: Nodes, found_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test but one: afterwards a node is gone."""
    monkeypatch.setattr(ray_executor, "marked", unseen)
    (tmp_path / "study.toml").write_text(TINY)
    study = Study.open(tmp_path)

    class Killer(Watcher):
        found_ones = 0

        def found(self, recipe: Recipe, info: Any) -> None:
            self.found_ones += 1
            if self.found_ones == 5:
                cluster.lose_one(random.Random())

    watcher = Killer()
    summary = run(study, RunOptions(on=cluster.on), watcher=watcher)
    assert not summary.failed
    assert watcher.found_ones == len(summary.found) == same_tickets(found_study, tmp_path)
    assert not [each for each in tmp_path.rglob(".*") if each.name.endswith(".tmp")]


def test_a_worker_that_dies_is_replaced_and_one_that_always_dies_ends_its_task_alone(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_executor, "RETRIES", 1)  # each is a process that starts
    tasks: list[Task[Any]] = [
        Task("once", "once", work.die_once, (str(tmp_path / "died"),)),
        Task("always", "always", work.die),
        Task("sum", "sum", work.add, (1, 2)),
    ]
    ended = {one.task.key: one for one in run_tasks(tasks, executor)}
    assert (ended["once"].result(), ended["sum"].result()) == ("alive", 3)
    assert str(ended["always"].error).startswith("its worker was lost 2 times, most likely for want of memory")


def test_a_lost_head_is_a_sentence(executor: Executor, cluster: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test of all."""
    monkeypatch.setattr(ray_executor, "SILENCE", 1.0)
    monkeypatch.setattr(ray_executor, "LOOK_EVERY", 0.3)
    tasks: list[Task[Any]] = [Task("a", "a", work.add, (1, 2)), Task("b", "b", work.wait_for, ("never",))]
    ended = run_tasks(tasks, executor)
    assert next(ended).result() == 3
    cluster.lose_head()
    with pytest.raises(
        UserError, match=r"^The head of the Ray cluster at 127\.0\.0\.1:\d+ does not answer any more; run"
    ):
        next(ended)


def with_one_corruption(study: Path) -> None:
    """Have it measured under little: each process of a cluster compiles what makes a corruption."""
    toml = study / "study.toml"
    lines = toml.read_text().splitlines()
    kept = ['corruptions = ["brightness"]' if line.startswith("corruptions") else line for line in lines]
    assert kept != lines
    toml.write_text("\n".join(kept))


def shared_study(folder: Path) -> Path:
    """A study of two tickets whose trainings are shared by two devices."""
    folder.mkdir()
    head, training = 'title = "shared"\nmodel = "lenet300"\ndata = "digits"\n', "epochs = 1\ndevices = 2\n"
    method = '[[method]]\nfinder = "gmp"\ncriterion = "magnitude"\n'
    (folder / "study.toml").write_text(f"{head}seeds = [0]\nsparsities = [0.8]\n[training]\n{training}{method}")
    return folder


@contextmanager
def unseen(folders: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Marks that no worker sees, as on machines without these folders."""
    yield {f"{folder}/.seen elsewhere": "word" for folder in folders}


def same_tickets(one: Path, other: Path) -> int:
    """How many tickets and steps between there are, which are the same tensor for tensor."""
    there = [
        sorted(each.relative_to(folder) for sub in (TICKETS, CACHE) for each in (folder / sub).glob("*.saf*"))
        for folder in (one, other)
    ]
    assert there[0] == there[1]
    for name in there[0]:
        first, second = (Ticket.load(folder / name) for folder in (one, other))
        assert first.recipe == second.recipe
        assert (first.info.threads, first.info.accuracy) == (
            second.info.threads,
            second.info.accuracy,
        ) or name.parent.name == CACHE
        for mine, theirs in ((first.state, second.state), (first.masks, second.masks)):
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    return len(there[0])
