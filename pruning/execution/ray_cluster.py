"""The connection of this process to a Ray cluster: begun once, and kept until the process ends.

`ray` is a cluster of this machine's cores, for this process alone, at 127.0.0.1; `ray://HOST:10001` goes by Ray's
client, from any machine that has the head's token; `ray:HOST:PORT` is for a machine of the cluster itself.
"""

import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pruning.errors import UserError
from pruning.execution.base import Needs
from pruning.execution.processes import cores

LOCAL, CLIENT, DIRECT = "ray", "ray://", "ray:"
CLIENT_PORT = 10001
PACKAGES = ("pruning", "analysis")
"""What travels with the work, if it is here: the code of this very process, whatever is installed elsewhere."""
LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""At 0 Ray takes this machine for one that is alone, and listens at 127.0.0.1 and nowhere else."""
RETRIES = 3
"""How often a task begins again elsewhere when its worker is lost."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to Ray's makers
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "10",  # seconds until a client gives up
    # Seconds after which Ray ends the process that has lost the head: a notebook, say, with all that is in it. Never.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "1000000000",
    "RAY_task_oom_retries": str(RETRIES),  # where Ray ends it for want of memory; else without end
    "RAY_worker_niceness": "0",  # else workers starve (15) beside whatever else this machine does
}
"""What Ray reads from the environment when it is imported; what the user has set stays."""
ANSWER_SECONDS = 5.0
LEFT_OUT = ["__pycache__", "*.pyc"]

_connected: list[str] = []


def is_ray(on: str) -> bool:
    """Whether `on` names Ray. Raises UserError where it names neither that nor the processes of this machine."""
    if on in ("processes", LOCAL) or _address(on) is not None:
        return on != "processes"
    raise UserError(f"'--on {on}' is none of processes, ray, ray://HOST:{CLIENT_PORT} and ray:HOST:PORT.")


def _address(on: str) -> tuple[str, int] | None:
    found = re.fullmatch(r"ray:(?://)?([\w.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", on)
    return (found[1].strip("[]"), int(found[2])) if found and int(found[2]) < 2**16 else None


def connect(on: str) -> ModuleType:
    """Return `ray`, connected with the cluster that `on` names.

    Raises:
        UserError: Ray is not installed, nothing answers, the token is another, or versions do not go together.
    """
    if not _connected:
        prepare(on)
    try:
        import ray
    except ImportError:
        raise UserError('Ray is not installed; install it by: pip install "pruning-side-by-side[cluster]".') from None
    if ray.is_initialized() and not _connected:
        return ray  # the caller's own, who ends it
    if _connected and _connected != [on]:
        ray.shutdown()
        _connected.clear()
        prepare(on)
    if not ray.is_initialized():
        check_there(on)
        _silence(ray)
        try:
            with _own_ending():
                ray.init(**_arguments(on))
        except Exception as error:
            raise UserError(f"The Ray cluster at {on} does not take this process: {reason(error)}") from error
        _connected[:] = [on]
    return ray


@contextmanager
def _own_ending() -> Iterator[None]:
    """Let a command go on to end by its own way where it is told to terminate, which Ray sets its own in place of."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def prepare(on: str) -> None:
    """Set what Ray reads when it is imported."""
    os.environ.update({name: os.environ.get(name, value) for name, value in SETTINGS.items()})
    alone = on == LOCAL
    if alone:
        os.environ.setdefault(LOOPBACK, "0")
    constants = sys.modules.get("ray._private.ray_constants")
    if constants is not None and alone:
        constants.ENABLE_RAY_CLUSTER = False  # type: ignore[attr-defined]


def _silence(ray: ModuleType) -> None:
    """Keep what the head has to say of lost machines from being printed into the midst of a run."""
    for name in ("ray", "ray.util.client.logsclient", "ray.util.client.dataclient", "ray.util.client.worker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *_, **__: None


def _arguments(on: str) -> dict[str, Any]:
    travels = {"py_modules": _packages(), "excludes": LEFT_OUT}
    said: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "runtime_env": travels}
    if on == LOCAL:
        return said | {"num_cpus": cores(), "include_dashboard": False, "address": "local"}
    return said | {"address": on if on.startswith(CLIENT) else on.removeprefix(DIRECT)}


def _packages() -> list[str]:
    root = Path(__file__).parents[2]
    return [str(root / name) for name in PACKAGES if (root / name).is_dir()]


def check_there(on: str) -> None:
    """Raise UserError where nothing listens at the cluster's address."""
    address = _address(on)
    if address is None:
        return
    try:
        socket.create_connection(address, ANSWER_SECONDS).close()
    except OSError as error:
        host, port = address
        raise UserError(
            f"No Ray cluster answers at {host}:{port} ({error.strerror or error}); start one by `ray start --head`, "
            f"or look whether it is still there."
        ) from None


def answers(address: tuple[str, int]) -> bool:
    """Whether something listens at an address."""
    try:
        socket.create_connection(address, ANSWER_SECONDS).close()
        return True
    except OSError:
        return False


def address(on: str, ray: ModuleType) -> tuple[str, int]:
    """Where the head of a connected cluster listens."""
    found = _address(on)
    if found is None:
        host, _, port = str(ray.get_runtime_context().gcs_address).rpartition(":")
        found = host, int(port)
    return found


def forget() -> None:
    """End the connection with a cluster whose head is lost, without waiting for it."""
    _connected.clear()


@dataclass(frozen=True)
class Machines:
    """What the machines of a cluster have: CPUs, GPUs, bytes of memory of each."""

    each: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, ray: ModuleType) -> "Machines":
        """Those that are there now."""
        there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        found = ((has.get("CPU", 0.0), has.get("GPU", 0.0), has.get("memory", 0.0)) for has in there)
        return cls(tuple(has for has in found if has[0]))

    def room(self, needs: Needs) -> int:
        """How many such calls run at once."""
        asked = self.options(needs)
        total = 0
        for cpu, gpu, memory in self.each:
            room = int(cpu / asked["num_cpus"])
            if "num_gpus" in asked:
                room = min(room, int(gpu / asked["num_gpus"] + 1e-9))
            if "memory" in asked:
                room = min(room, int(memory / asked["memory"]))
            total += room
        return total

    def options(self, needs: Needs) -> dict[str, float]:
        """What Ray is told of a call."""
        said: dict[str, float] = {"num_cpus": self._cpus(needs)}
        if needs.gpus:
            said["num_gpus"] = needs.gpus * needs.processes
        if needs.memory:
            said["memory"] = needs.memory * needs.processes
        return said

    def _cpus(self, needs: Needs) -> int:
        """CPUs of a call: the threads of its processes, or all of the largest machine where that has fewer."""
        wanted = needs.threads * needs.processes
        return max(1, min(wanted, int(max((cpu for cpu, *_ in self.each), default=1))))

    def check(self, needs: Needs, on: str) -> None:
        """Raise UserError where no machine has room for such a call, which would wait for ever."""
        if not self.room(needs):
            asked = self.options(needs)
            gpus = f", {asked['num_gpus']:g} GPUs" if needs.gpus else ""
            memory = f", {asked['memory'] / 1e9:.1f} GB of memory" if needs.memory else ""
            raise UserError(
                f"No machine of the cluster at {on} has room for a task of {self._cpus(needs)} CPUs{gpus}{memory}; "
                "start workers that have, or ask for less."
            )


def reason(error: BaseException) -> str:
    """What an error says, as one sentence: its first line, or the last where the first announces a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return f"{lines[-1 if lines[0].endswith(':') else 0].rstrip('.!')}."
