"""A Ray cluster of several nodes on this machine, that listens at 127.0.0.1 alone."""

import os
import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pruning.execution import ray_cluster

FEW = {"include_dashboard": False, "object_store_memory": 100 * 2**20}


class Nodes:
    """So many nodes of one CPU each, the head among them, which alone cannot be lost as the others can.

    Args:
        count: of nodes.
        client_port: where Ray's client is listened to; None: nowhere.
        cpus: of the head.
    """

    def __init__(self, count: int, client_port: int | None = None, cpus: int = 1) -> None:
        from ray.cluster_utils import Cluster

        head = {"num_cpus": cpus, "ray_client_server_port": client_port, **FEW}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.cluster.add_node(num_cpus=1, wait=False, **FEW) for _ in range(count - 1)]
        self.cluster.wait_for_nodes()

    @property
    def on(self) -> str:
        """The name for `--on`."""
        return f"ray:{self.cluster.address}"

    def lose_one(self, rng: random.Random) -> None:
        """Kill all processes of a node: its raylet and its workers, but not one that this process is attached to."""
        import ray

        own = ray._private.worker._global_node
        there = [node for node in self.nodes if own is None or node._raylet_socket_name != own._raylet_socket_name]
        node = rng.choice(there)
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def lose_head(self) -> None:
        """Kill all processes of the head."""
        self.cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)

    def one_more(self) -> None:
        """Add a node."""
        self.nodes.append(self.cluster.add_node(num_cpus=1, **FEW))

    def listening(self) -> list[str]:
        """The addresses at which processes of Ray listen."""
        found = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True).stdout
        own = [line for line in found.splitlines() if re.search(r'"(raylet|gcs_server|ray::)', line)]
        return [line.split()[3].rpartition(":")[0].strip("[]").removeprefix("::ffff:") for line in own]


@contextmanager
def nodes(count: int, client_port: int | None = None, cpus: int = 1) -> Iterator[Nodes]:
    """A cluster of so many nodes; skips the test where Ray is not installed."""
    ray_cluster.prepare(ray_cluster.LOCAL)
    os.environ.setdefault("RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S", "300")  # a busy machine needs more than 30
    ray = pytest.importorskip("ray", reason='Ray is not installed: pip install "pruning-side-by-side[cluster]"')
    made = Nodes(count, client_port, cpus)
    try:
        yield made
    finally:
        ray.shutdown()
        made.cluster.shutdown()
