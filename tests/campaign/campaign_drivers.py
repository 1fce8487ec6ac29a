"""Commands that use a cluster otherwise: by Ray's client, with files that no worker sees, and one that is killed."""

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import load_file

from pruning import Recipe, Training, find_ticket
from pruning.execution import executor_on
from pruning.federated.clients import clients_on
from pruning.study.folder import TICKETS, Study
from tests import ROOT
from tests.campaign.studies import asked, measured
from tests.campaign.tally import LOST, SILENT, TRACEBACK, Tally
from tests.cluster.nodes import Nodes, nodes

SHARE = 0.0
GONE = 60.0
"""Seconds after a command's death within which no process of its Ray is left."""
BEGINS = 120.0
"""Seconds within which a command has a Ray of its own."""
MARK = "PRUNING_CAMPAIGN"

NET = """
from torch import nn


def build(num_classes, shape):
    inputs = shape[0] * shape[1] * shape[2]
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 24), nn.ReLU(), nn.Linear(24, num_classes))
"""
PLUGIN = """
from pruning.criteria.base import Criterion


def score(model, context):
    return {name: weight.detach().relu() for name, weight in context.weights(model).items()}


CRITERION = Criterion("positive", "Positive", "nobody 2026", score, needs_data=False, score_on="trained")
"""
ALONE = """set -eu
mount -t tmpfs none "$HIDDEN"
cp "$GIVEN"/* "$HIDDEN"
cd "$HIDDEN"
"$PYTHON" -m pruning import weights.pt --data digits --model net.py:build --name here
cp -r studies/here studies/there
"$PYTHON" -m pruning run studies/here --method positive --sparsity 0.9 --jobs 1
"$PYTHON" -m pruning run studies/there --method positive --sparsity 0.9 --on "$ON"
cp -r studies/here studies/there "$OUT"
"""
"""In a place of its own, which no other process sees: a network, a criterion and weights, on processes and on Ray."""


def run(count: int, seed: int, tally: Tally) -> None:
    """Each of them once."""
    with tempfile.TemporaryDirectory() as made:
        place, port = Path(made), _free_port()
        whole = measured(place / "whole")
        with nodes(2, port) as cluster:
            _by_client(port, whole, place, tally)
            _unseen(cluster, place, tally)
            _federated(cluster, tally)
        _killed(place, random.Random(seed), tally)


def _by_client(port: int, whole: Path, place: Path, tally: Tally) -> None:
    """A whole study by `ray://`."""
    tally.tried += 1
    study = asked(place / "client" / "tiny")
    words = [sys.executable, "-m", "pruning", "run", str(study), "--on", f"ray://127.0.0.1:{port}"]
    if _done(words, {}, tally):
        _same(whole, study, tally)


def _unseen(cluster: Nodes, place: Path, tally: Tally) -> None:
    """What a command is given in a place that no worker sees: code, a plugin, imported weights."""
    given, hidden, out = (place / name for name in ("given", "hidden", "out"))
    for folder in (given, hidden, out):
        folder.mkdir()
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        return  # such a place cannot be made here
    tally.tried += 1
    (given / "net.py").write_text(NET)
    (given / "positive.py").write_text(PLUGIN)
    torch.manual_seed(0)
    state = {"1.weight": torch.randn(24, 64) / 8, "1.bias": torch.zeros(24)}
    torch.save(state | {"3.weight": torch.randn(10, 24) / 5, "3.bias": torch.zeros(10)}, given / "weights.pt")
    said = {"GIVEN": given, "HIDDEN": hidden, "OUT": out, "PYTHON": sys.executable, "ON": cluster.on}
    said |= {"PYTHONPATH": ROOT, "PRUNING_PLUGINS": hidden / "positive.py", "XDG_STATE_HOME": place / "state"}
    flags = [] if os.geteuid() == 0 else ["-Ur"]
    if _done(["unshare", *flags, "-m", "sh", "-c", ALONE], {key: str(value) for key, value in said.items()}, tally):
        _same_tensors(out / "here" / TICKETS, out / "there" / TICKETS, tally)


def _federated(cluster: Nodes, tally: Tally) -> None:
    """Clients that learn on a cluster, on the threads that are asked for."""
    tally.tried += 1
    training = Training(epochs=1, batch_size=32, lr=0.1, weight_decay=0, warmup_epochs=0)
    own = {"way": "fedavg", "clients": 3, "rounds": 2, "local": 3}
    recipe = Recipe(model="lenet300", data="digits", finder="federated", training=training, **own)
    with tally.sentences_only("federated"):
        alone = find_ticket(recipe, threads=2)
        with executor_on(cluster.on) as executor, clients_on(executor):
            there = find_ticket(recipe, threads=2)
        if not all(torch.equal(alone.state[key], there.state[key]) for key in alone.state):
            tally.count(SILENT, "a federated ticket has other weights")


def _killed(place: Path, rng: random.Random, tally: Tally) -> None:
    """A command with a Ray of its own that is killed, and after it one that goes on."""
    tally.tried += 1
    study, mark = asked(place / "killed" / "tiny"), secrets.token_hex(8)
    words = [sys.executable, "-m", "pruning", "run", str(study), "--on", "ray"]
    running = subprocess.Popen(words, cwd=ROOT, env=os.environ | {MARK: mark}, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + BEGINS
    while not _marked(mark, "raylet") and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(rng.uniform(0.0, 15.0))
    with suppress(ProcessLookupError):
        running.send_signal(signal.SIGKILL)
    running.wait()
    deadline = time.monotonic() + GONE
    while (left := _marked(mark, "")) and time.monotonic() < deadline:
        time.sleep(0.5)
    if left:
        tally.count(LOST, f"processes left {GONE:g} s after the command: {', '.join(left.values())}")
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _done(words, {}, tally)


def _marked(mark: str, name: str) -> dict[int, str]:
    """Processes whose environment has the mark and whose command has the name; one that just ends has no command."""
    found = {}
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (each / "environ").read_bytes():
                command = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if command and name in command:
                    found[int(each.name)] = command[-60:].strip()
    return found


def _done(words: Sequence[str], said: Mapping[str, str], tally: Tally) -> bool:
    """Run a command to its end; whether it came there well."""
    ended = subprocess.run(words, cwd=ROOT, env=os.environ | dict(said), capture_output=True, text=True)
    if ended.returncode:
        kind = TRACEBACK if "Traceback" in ended.stderr else LOST
        tally.count(kind, f"{' '.join(words[:4])}: {(ended.stderr or ended.stdout)[-400:]}")
    return not ended.returncode


def _same(one: Path, other: Path, tally: Tally) -> None:
    """Count tickets that are missing or other ones."""
    expected, found = ({entry.id: entry.digest for entry in Study.open(each).entries()} for each in (one, other))
    for key, digest in expected.items():
        if found.get(key) != digest:
            tally.count(SILENT if key in found else LOST, f"ticket {key}")
    if not expected:
        tally.count(LOST, "there are no tickets to compare")


def _same_tensors(one: Path, other: Path, tally: Tally) -> None:
    """The same for files whose recipes name what is not known here."""
    names = sorted(each.name for each in one.glob("*.safetensors"))
    if not names or names != sorted(each.name for each in other.glob("*.safetensors")):
        tally.count(LOST, f"tickets of {other}")
        return
    for name in names:
        first, second = (load_file(folder / name) for folder in (one, other))
        if first.keys() != second.keys() or not all(torch.equal(first[key], second[key]) for key in first):
            tally.count(SILENT, f"ticket {name}")


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
