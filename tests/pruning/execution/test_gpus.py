"""GPUs handed out to workers: pure functions of how many there are, and that each worker sees its own alone."""

import os
import time
from pathlib import Path

import pytest

from analysis.engine import groups
from pruning.execution import executor_on, gpus, gpus_of, local_executor
from pruning.execution.base import Needs
from pruning.study import runner


@pytest.mark.parametrize(
    ("workers", "there", "each", "seen"),
    [
        (4, 4, 1, ["0", "1", "2", "3"]),
        (5, 2, 1, ["0", "1", "0", "1", "0"]),  # round and round
        (2, 4, 2, ["0,1", "2,3"]),
        (3, 3, 2, ["0,1", "2,0", "1,2"]),
        (2, 1, 2, ["0", "0"]),
    ],
)
def test_workers_see_one_gpu_after_another(workers: int, there: int, each: int, seen: list[str]) -> None:
    names = gpus.names_of(there, None)
    assert [",".join(gpus.share(place, names, each)) for place in range(workers)] == seen
    at_once = [sum(name in each.split(",") for each in seen) for name in names]
    assert max(at_once) == gpus.per_gpu(workers, there, each)


def test_names_are_those_of_the_environment() -> None:
    assert gpus.names_of(2, "GPU-a, 5") == ("GPU-a", "5")
    assert gpus.names_of(1, "7,99") == ("7",)  # CUDA stops at the first that is not there
    assert gpus.names_of(2, "") == gpus.names_of(2, None) == ("0", "1")
    assert gpus.names_of(0, "") == ()


def test_a_worker_a_gpu_or_several_on_each() -> None:
    assert [gpus.workers(4, share) for share in (1, 0.25, 2, 8, 0)] == [4, 16, 2, 1, 1]


def test_each_process_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pruning.execution.choosing.visible", lambda: ("5", "3"))

    with executor_on("processes", 2, needs=Needs(gpus=1.0)) as executor:
        seen = [executor.submit(see, str(tmp_path)) for _ in range(2)]
        assert {each.result() for each in seen} == {"5", "3"}
    with local_executor(1, [("5",)]) as here:  # this very process sees what it saw
        assert here.submit(os.environ.get, gpus.VISIBLE).result() == os.environ.get(gpus.VISIBLE)


def test_jobs_are_as_many_as_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pruning.execution.choosing.visible", lambda: ("0", "1", "2"))
    assert [gpus_of("processes", None, name) for name in ("auto", "cuda", "cuda:1", "cpu")] == [1.0, 1.0, 0.0, 0.0]
    assert gpus_of("processes", 0.5, "auto") == 0.5
    assert runner._jobs(10**10, 4, "auto", gpus=3, share=1.0) == 3
    assert runner._jobs(10**10, 4, "cpu") == 1
    monkeypatch.setattr(groups, "visible", lambda: ("0", "1", "2"))
    monkeypatch.setattr(groups, "pick_device", lambda: type("Device", (), {"type": "cuda"}))
    assert [groups.pick_processes(asked, 10**10, 100.0) for asked in (0, 2, 8)] == [3, 2, 3]
    assert groups.pick_processes(0, 10**10, 1.0) == 1


def see(place: str) -> str:
    """What this process sees, once both are there."""
    (Path(place) / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while len(os.listdir(place)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    return os.environ[gpus.VISIBLE]
