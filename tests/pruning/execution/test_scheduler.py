"""The scheduler: every task once, after what it depends on, whatever the executor; failures stay where they are."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pruning.errors import UserError, WriteError
from pruning.execution import Cancelled, Executor, Finished, InProcess, LocalProcesses, Task, local_executor, run_tasks
from pruning.progress import Progress
from tests.pruning.execution import work


class Threads(ThreadPoolExecutor, Executor):
    """An executor from elsewhere."""

    capacity = 2


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "in process": InProcess,
    "processes": lambda: LocalProcesses(2),
    "threads": lambda: Threads(2),
}


@pytest.fixture(params=EXECUTORS, scope="module")
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with EXECUTORS[request.param]() as made:
        yield made


def add(key: str, *numbers: int, after: tuple[str, ...] = ()) -> Task[int]:
    return Task(key, f"the sum {key}", work.add, numbers, after)


def test_every_task_runs_once_and_after_what_it_depends_on(executor: Executor) -> None:
    tasks = [add("a", 1), add("b", 1, 2, after=("a",)), add("c", 3), add("d", 4, after=("b", "c", "found before"))]
    ended = list(run_tasks(tasks, executor))
    assert {one.task.key: one.result() for one in ended} == {"a": 1, "b": 3, "c": 3, "d": 4}
    order = [one.task.key for one in ended]
    assert len(order) == 4
    assert order.index("a") < order.index("b") < order.index("d")
    assert order.index("c") < order.index("d")


def test_a_failure_takes_only_what_depends_on_it_with_it(executor: Executor) -> None:
    broken: Task[int] = Task("a", "the first", work.fail, ("No such data.",))  # type: ignore[arg-type]
    tasks = [broken, add("b", 1, after=("a",)), add("c", 1, after=("b",)), add("d", 1)]
    ended = {one.task.key: one for one in run_tasks(tasks, executor)}
    assert str(ended["a"].error) == "No such data."
    assert str(ended["b"].error) == "the first, which it starts from, failed."
    assert str(ended["c"].error) == "the sum b, which it starts from, failed."
    assert ended["d"].result() == 1
    with pytest.raises(UserError, match=r"^the first: No such data\.$"):
        ended["a"].result()


def test_no_disk_ends_it_all(executor: Executor) -> None:
    with pytest.raises(WriteError, match="the disk is full"):
        list(run_tasks([Task("a", "a", work.cannot_write)], executor))


def test_a_fault_of_the_program_names_the_task(executor: Executor) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        list(run_tasks([Task("a", "the first", work.break_down)], executor))
    assert caught.value.__notes__[-1] == "This happened in the task 'the first'."


def test_a_stream_is_taken_as_it_is_needed(executor: Executor) -> None:
    taken = []

    def stream() -> Iterator[Task[int]]:
        for number in range(40):
            taken.append(number)
            yield add(str(number), number)

    over = 0
    for finished in run_tasks(stream(), executor, ahead=2):
        over += 1
        assert finished.result() == int(str(finished.task.key))
        assert len(taken) <= over + 2 * executor.capacity
    assert over == 40


def test_each_task_tells_how_far_it_is(executor: Executor) -> None:
    heard: dict[object, list[float]] = {}

    def follow(task: Task[int]) -> Progress:
        own = heard.setdefault(task.key, [])
        return lambda fraction, text: own.append(fraction)

    list(run_tasks([Task(key, key, work.tell, (5,)) for key in "ab"], executor, follow))
    for fractions in heard.values():
        assert fractions[0] == 0.0
        assert fractions[-1] == 1.0
        assert fractions == sorted(fractions)
        assert set(fractions) & {0.2, 0.4, 0.6, 0.8} or isinstance(executor, Threads)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_worker_keeps_what_the_tasks_of_a_group_share(jobs: int) -> None:
    with local_executor(jobs) as executor:
        tasks = [Task((group, n), f"{group}{n}", work.count_made, (group,)) for group in "abc" for n in range(6)]
        ended: list[Finished[tuple[int, str, int]]] = list(run_tasks(tasks, executor))
        made: dict[int, int] = {}
        for one in ended:
            process, found, count = one.result()
            assert found == f"for {one.task.key[0]}"  # type: ignore[index]
            made[process] = max(made.get(process, 0), count)
        assert all(count <= 3 for count in made.values()), "each group is made once a worker at most"
        assert len(made) <= jobs
    with local_executor(jobs) as executor:
        (again,) = run_tasks([tasks[0]], executor)
        assert again.result()[2] == 1, "nothing is left over from another executor"


def test_what_finished_before_a_cancel_is_given_out(tmp_path: Path) -> None:
    cancel = threading.Event()
    tasks = [Task("quick", "quick", work.touch, (str(tmp_path / "quick"),))]
    tasks += [Task(n, f"slow {n}", work.wait_for, (str(tmp_path / "never"),)) for n in range(3)]
    with local_executor(2) as executor:
        run = run_tasks(tasks, executor, cancel=cancel)
        assert next(run).task.key == "quick"
        cancel.set()
        with pytest.raises(Cancelled):
            next(run)


def test_a_cancel_reaches_a_task_in_this_process(tmp_path: Path) -> None:
    cancel = threading.Event()

    def follow(task: Task[str]) -> Progress:
        return lambda fraction, text: cancel.set() if text == "waiting" else None

    with pytest.raises(Cancelled):
        list(run_tasks([Task("a", "a", work.wait_for, (str(tmp_path / "never"),))], InProcess(), follow, cancel=cancel))
