"""The chunks of a batch on as many threads as torch has, or as many as were asked for.

Each chunk is worked on by one thread from end to end, so that its intermediate results stay in the cache of one core.
torch's own threads would share out every single operation instead, most of which are too short for that.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise

import torch

# So many values are worked on at once: their intermediate results stay in the processor's cache.
VALUES_AT_ONCE = 1 << 19
# Below so many values for each of them, threads cost more than they gain.
FEWEST_VALUES = 1 << 19

Work = Callable[[int, int], None]

_asked: ContextVar[int] = ContextVar("threads of a batch", default=0)


@contextmanager
def shared_by(threads: int) -> Iterator[None]:
    """Have batches within worked on by so many threads, whatever number torch has."""
    token = _asked.set(threads)
    try:
        yield
    finally:
        _asked.reset(token)


def run(work: Work, count: int, values: int, device: torch.device, together: int = 1) -> None:
    """Call `work(start, stop)` for chunks of `count` images of so many values each, until all are done.

    At least `together` images are a chunk, where there are as many for each thread.
    On a GPU there is one chunk. What the work raises is raised here, after all threads have ended; so is
    KeyboardInterrupt. Threads see neither autocast nor torch's number of threads, of which each has one.
    """
    if device.type != "cpu":
        work(0, count)
        return
    threads = min(_asked.get() or torch.get_num_threads(), max(1, count * values // FEWEST_VALUES))
    chunks = iter(_chunks(count, values, threads, together))
    if threads == 1:
        with _plain(torch.is_inference_mode_enabled()):
            for start, stop in chunks:
                work(start, stop)
    else:
        _on_threads(work, chunks, threads)


def _chunks(count: int, values: int, threads: int, together: int = 1) -> list[tuple[int, int]]:
    """Equal chunks of at most `VALUES_AT_ONCE` values, or `together` images, and as many for each thread."""
    most = max(together, VALUES_AT_ONCE // values)
    number = -(-count // (most * threads)) * threads
    bounds = [count * place // number for place in range(number + 1)]
    return [(start, stop) for start, stop in pairwise(bounds) if start < stop]


def _on_threads(work: Work, chunks: Iterator[tuple[int, int]], threads: int) -> None:
    lock, errors, inference = threading.Lock(), list[BaseException](), torch.is_inference_mode_enabled()
    stopped = threading.Event()

    def take() -> None:
        try:
            torch.set_num_threads(1)
            with _plain(inference):
                while not stopped.is_set():
                    with lock:
                        chunk = next(chunks, None)
                    if chunk is None:
                        return
                    work(*chunk)
        except BaseException as error:  # raised again below, in the caller's thread
            errors.append(error)
            stopped.set()

    own = torch.get_num_threads()
    workers = [threading.Thread(target=take, name=f"corrupt-{number}", daemon=True) for number in range(threads)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        stopped.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()
        # A thread's own number of threads is also that of threads which torch sees for the first time from then on.
        torch.set_num_threads(own)
    if errors:
        raise errors[0]


@contextmanager
def _plain(inference: bool) -> Iterator[None]:
    """In the caller's inference mode, as images made in it cannot be changed outside, but in full precision."""
    with torch.inference_mode(inference), torch.autocast("cpu", enabled=False):
        yield
