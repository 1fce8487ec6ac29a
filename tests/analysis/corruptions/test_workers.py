"""Chunks on threads: the same bytes whatever their number, and nothing that goes wrong is lost."""

import _thread
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from analysis.corruptions import AVAILABLE, corrupt, workers
from tests.analysis.corruptions.pictures import pictures

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr(workers, "FEWEST_VALUES", 1)
    yield
    torch.set_num_threads(before)


def threads_used(count: int, values: int) -> int:
    names = set()

    def work(start: int, stop: int) -> None:
        names.add(threading.current_thread().name)
        time.sleep(0.02)

    workers.run(work, count, values, CPU)
    return len(names)


@pytest.mark.parametrize("name", AVAILABLE)
def test_the_number_of_threads_does_not_show(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(23, 3, 32, 32)
    monkeypatch.setattr(workers, "VALUES_AT_ONCE", 4 * 3072)
    many = corrupt(images, name, 4)
    torch.set_num_threads(1)
    assert torch.equal(corrupt(images, name, 4), many)


def test_every_image_is_in_one_chunk() -> None:
    for count in (1, 2, 7, 100):
        for values in (1, 3072, 1 << 20):
            seen = torch.zeros(count, dtype=torch.int64)

            def work(start: int, stop: int, seen: torch.Tensor = seen) -> None:
                seen[start:stop] += 1

            workers.run(work, count, values, CPU)
            assert (seen == 1).all()


def test_threads_are_as_many_as_torchs() -> None:
    assert threads_used(6, 1) == 3
    assert threads_used(1, 1) == 1
    torch.set_num_threads(1)
    assert threads_used(6, workers.VALUES_AT_ONCE) == 1


def test_more_threads_may_be_asked_for_than_torch_has() -> None:
    torch.set_num_threads(1)
    with workers.shared_by(2):
        assert threads_used(6, workers.VALUES_AT_ONCE) == 2
    assert threads_used(6, workers.VALUES_AT_ONCE) == 1


def test_one_thread_is_the_callers() -> None:
    torch.set_num_threads(1)
    names = []
    workers.run(lambda start, stop: names.append(threading.current_thread()), 3, workers.VALUES_AT_ONCE, CPU)
    assert names == [threading.current_thread()] * 3


def test_each_thread_has_one_of_torchs_and_others_keep_theirs() -> None:
    inside, later = [], []
    workers.run(lambda start, stop: inside.append(torch.get_num_threads()), 6, 1, CPU)
    other = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert set(inside) == {1}
    assert torch.get_num_threads() == 3
    assert later == [3]


def test_what_the_work_raises_is_raised() -> None:
    def work(start: int, stop: int) -> None:
        raise ZeroDivisionError(f"image {start}")

    with pytest.raises(ZeroDivisionError, match="image"):
        workers.run(work, 9, 1, CPU)
    assert torch.get_num_threads() == 3


def test_an_interrupt_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "VALUES_AT_ONCE", 1)
    done = []

    def work(start: int, stop: int) -> None:
        done.append(start)
        if start == 0:
            _thread.interrupt_main()
        time.sleep(0.05)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            workers.run(work, 1000, 1, CPU)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(done) < 100
    assert not any(thread.name.startswith("corrupt-") for thread in threading.enumerate())


def test_inference_mode_and_autocast_change_nothing() -> None:
    images = pictures(7, 3, 32, 32)
    expected = corrupt(images, "gaussian_blur", 3)
    for threads in (1, 3):
        torch.set_num_threads(threads)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(corrupt(images, "gaussian_blur", 3), expected)
