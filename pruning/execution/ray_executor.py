"""Ray as an executor: calls go to any machine of a cluster, and what they write comes back.

    with executor_on("ray://head:10001", folders=[study.path]) as executor:
        for finished in run_tasks(tasks, executor): ...

A call is pickled here, by value where it was defined in a notebook or a script; the project's code travels as a
module, so that every worker runs the code of this process. Files that a task reads go along as soon as a worker says
that it does not see them, each once. A worker that is lost is replaced by another, and its tasks begin again there.
"""

import os
import secrets
import sys
import threading
import time
from collections.abc import Hashable, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from pruning import registry
from pruning.errors import UserError
from pruning.execution import ray_cluster
from pruning.execution.base import NOTHING, Executor, Needs
from pruning.execution.processes import LEAVE_SECONDS, registered
from pruning.execution.ray_cluster import RETRIES
from pruning.execution.ray_files import SentFiles
from pruning.execution.ray_worker import DONE, LACKS, Answer, Ear, Luggage, Outfit, run_call
from pruning.execution.travelling import dumps, loads, marked
from pruning.files import write_atomically

P = ParamSpec("P")
T = TypeVar("T")

EVERY = 0.5
"""Seconds between two questions of how far calls are."""
LOOK_EVERY = 3.0
"""Seconds between two looks at the machines, and whether the head still answers."""
SILENCE = 10.0
"""Seconds without an answer from the head after which it is lost."""


@dataclass(eq=False)
class _Call:
    """One call on its way."""

    content: bytes
    needs: Needs
    future: "Future[Any]"
    reference: Any = None


class _RayFuture(Future[T]):
    """Of a call on Ray; to cancel it stops it, also where it runs."""

    def __init__(self, executor: "RayExecutor") -> None:
        super().__init__()
        self._executor = executor

    def cancel(self) -> bool:
        """Stop the call."""
        self._executor.cancel(self)
        return super().cancel() and not self.set_running_or_notify_cancel()  # who waits for it is told


class RayExecutor(Executor):
    """Runs calls on the machines of a Ray cluster. As a context, it stops them at once, however it ends.

    Args:
        on: which cluster, as `ray_cluster` has it.
        folders: in which calls read and write; where a worker sees them it does so itself, and else what it wrote is
            written here.
        jobs: calls at once at most; 0 for as many as the cluster has room for.
        needs: of a usual call, by which `capacity` counts.

    Raises:
        UserError: the cluster cannot be reached, has no room for such a call, or what was registered cannot be sent.
    """

    def __init__(self, on: str, folders: Sequence[Path] = (), jobs: int = 0, needs: Needs = NOTHING) -> None:
        self.on, self.needs, self._jobs = on, needs, jobs
        self._ray = ray_cluster.connect(on)
        self._address = ray_cluster.address(on, self._ray)
        self._calls: dict[Future[Any], _Call] = {}
        self._done: SimpleQueue[tuple[_Call, Future[Answer]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = self._lost = False
        self._over = threading.Event()
        self._told: SimpleQueue[tuple[int, float, str]] = SimpleQueue()
        self._looked = self._heard = time.monotonic()
        self._parcels: dict[Hashable, Any] = {}
        self._machines = self._look()
        self._stack = ExitStack()
        places = tuple(os.path.abspath(folder) for folder in folders)
        marks = self._stack.enter_context(marked(places))
        self._files = SentFiles(places, self._ray.put)
        self._own = tuple(Path(each.__file__) for each in registry.plugins() if each.__file__)
        outfit = Outfit(
            secrets.token_hex(8),
            places,
            marks,
            os.getcwd(),
            tuple(map(os.path.abspath, sys.path)),
            _environment(self._own),
            registered(),
        )
        self._folders, self._outfit = places, self._ray.put(outfit)
        self._ear = self._ray.remote(Ear).options(num_cpus=0, max_restarts=-1).remote()
        self._run = self._ray.remote(run_call)
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()
        threading.Thread(target=self._listen, daemon=True).start()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Let a worker call the function."""
        return self.submit_needing(self.needs, fn, *args, **kwargs)

    def submit_needing(self, needs: Needs, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Let a worker call the function that has what the call needs.

        Raises:
            UserError: no machine of the cluster has.
        """
        self._machines.check(needs, self.on)
        future: Future[Any] = _RayFuture(self)
        call = _Call(dumps((fn, args, kwargs), self._folders), needs, future)
        with self._lock:
            self._calls[future] = call
            try:
                self._send(call)
            except ConnectionError:
                self._lost = True
                raise self._head_lost() from None
        return future

    def _send(self, call: _Call) -> None:
        needs = call.needs
        files, contents = self._files.of((*needs.files, *self._own))
        parcels = tuple((each.key, self._parcel(each), each.unpack) for each in needs.parcels)
        luggage = Luggage(needs.threads, files, contents, parcels)
        run = self._run.options(max_retries=RETRIES, **self._machines.options(needs))
        call.reference = run.remote(self._outfit, call.content, luggage, self._ear)
        answer = call.reference.future()
        answer.add_done_callback(lambda done: self._done.put((call, done)))

    def _parcel(self, parcel: Any) -> Any:
        if parcel.key not in self._parcels:
            self._parcels[parcel.key] = self._ray.put(parcel.pack())
        return self._parcels[parcel.key]

    # What comes back, in a thread of its own

    def _collect(self) -> None:
        while (item := self._done.get()) is not None:
            call, answer = item
            with self._lock:
                if self._closed or call.future.done():
                    self._calls.pop(call.future, None)
                    continue
                try:
                    over = self._take(call, answer)
                except Exception as error:  # also WriteError, which ends the run
                    over = True
                    with suppress(InvalidStateError):
                        call.future.set_exception(error)
                if over:
                    self._calls.pop(call.future, None)

    def _take(self, call: _Call, answer: Future[Answer]) -> bool:
        """Hand an answer on; whether the call is over."""
        error = answer.exception()
        if error is not None:
            raise self._explained(error)
        kind, value, written = answer.result()
        if kind == LACKS:
            self._files.sending = True
            self._send(call)
            return False
        for path, content in written.items():
            if not any(Path(path).is_relative_to(folder) for folder in self._folders):
                raise RuntimeError(f"A worker has written {path}, outside of {', '.join(self._folders)}.")
            write_atomically(Path(path), content)
        result = loads(value)
        if kind == DONE:
            call.future.set_result(result)
        else:
            call.future.set_exception(result)
        return True

    def _explained(self, error: BaseException) -> BaseException:
        """The sentence for what Ray says of a call that did not come to its end."""
        known = self._ray.exceptions
        elsewhere = "run fewer at a time by --jobs, or where there is more memory."
        if isinstance(error, known.OutOfMemoryError):  # how often Ray begins it again then, the cluster says
            return UserError(f"its machine ran out of memory each time it began, so that Ray ended it; {elsewhere}")
        if isinstance(error, (known.WorkerCrashedError, known.NodeDiedError)):
            return UserError(f"its worker was lost {RETRIES + 1} times, most likely for want of memory; {elsewhere}")
        if isinstance(error, known.RuntimeEnvSetupError):
            return UserError(f"a worker could not be prepared: {ray_cluster.reason(error)}")
        if isinstance(error, ConnectionError) or not self._ray.is_initialized():
            self._lost = True
            return self._head_lost()
        return error

    def _head_lost(self) -> UserError:
        return UserError(
            f"The head of the Ray cluster at {self._address[0]}:{self._address[1]} does not answer any more; run again "
            "when it does, what was done until then is kept."
        )

    # How far it is

    def poll(self) -> None:
        """Tell the listener what the workers have told since.

        Raises:
            UserError: the head of the cluster is lost.
        """
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            if ray_cluster.answers(self._address):
                self._heard = time.monotonic()
        if self._lost or now - self._heard > SILENCE + LOOK_EVERY:
            self._lost = True
            raise self._head_lost()
        while not self._told.empty():
            told = self._told.get()
            if self.listener is not None:
                self.listener(*told)

    def _listen(self) -> None:
        """Ask how far calls are, and what the machines have, in a thread of its own: a lost head may not answer."""
        looked = time.monotonic()
        while not self._over.wait(EVERY) and not self._lost and self._ray.is_initialized():  # else it would begin anew
            with suppress(Exception, SystemExit):  # what is lost on the way is not missed, nor the head by this thread
                for told in self._ray.get(self._ear.take.remote()):
                    self._told.put(told)
                if time.monotonic() - looked > LOOK_EVERY:
                    looked, self._machines = time.monotonic(), self._look()

    def _look(self) -> ray_cluster.Machines:
        machines = ray_cluster.Machines.of(self._ray)
        room = machines.room(self.needs)
        self.capacity = max(1, min(self._jobs or room, room))
        return machines

    # The end

    def cancel(self, future: Future[Any], force: bool = False) -> None:
        """Stop a call, also where it runs."""
        call = self._calls.get(future)
        if call is not None and not self._lost:
            with suppress(Exception):
                self._ray.cancel(call.reference, force=force)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the work be done; see `concurrent.futures.Executor`."""
        open_ = list(self._calls)
        if cancel_futures:
            for future in open_:
                future.cancel()
        if wait:
            _wait(open_)
        self.stop()

    def stop(self) -> None:
        """End all calls at once, and let go of what the cluster has of them."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._over.set()
            waiting = list(self._calls.values())
        if not self._lost:
            self._leave(waiting)
        self._done.put(None)
        self._collector.join(LEAVE_SECONDS)
        self._stack.close()
        if self._lost:
            ray_cluster.forget()

    def _leave(self, waiting: Sequence[_Call]) -> None:
        for call in waiting:
            self.cancel(call.future)
        references = [call.reference for call in waiting]
        with suppress(Exception):
            _, running = self._ray.wait(references, num_returns=len(references), timeout=LEAVE_SECONDS)
            for reference in running:
                self._ray.cancel(reference, force=True)
        with suppress(Exception):
            self._ray.kill(self._ear)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_wait = cast(Any, wait)


def _environment(plugins: Sequence[Path]) -> dict[str, str]:
    return {registry.PLUGINS: os.pathsep.join(map(str, plugins))} if plugins else {}
