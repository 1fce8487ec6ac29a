"""docs/ray.sbatch with stand-ins for SLURM and Ray: what it asks of them is what they take, program after program."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.jobs.command import Command
from pruning.execution import is_ray, ray_cluster
from pruning.execution.ray_executor import RayExecutor
from tests import ROOT

SRUN = """#!/bin/sh
echo "srun $1 $2" >> "$SAID"
shift 2
exec "$@"
"""
RAY = """#!/bin/sh
echo "ray $*" >> "$SAID"
test "$1" = get-auth-token && exit 0
while test "$1" != --; do shift; done
shift
exec "$@"
"""
PYTHON = """#!/bin/sh
echo "python $*" >> "$SAID"
test "$2 $FAILS" != "pruning yes"
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-ins were asked goes there."""
    for name, text in (("srun", SRUN), ("ray", RAY), ("python", PYTHON)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "scontrol").write_text("#!/bin/sh\nprintf 'first\\nsecond\\n'\n")
    (tmp_path / "scontrol").chmod(0o755)
    for name, value in {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SAID": str(tmp_path / "said"),
        "PYTHON": "python",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "n[1-2]",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    return tmp_path / "said"


def run_script() -> int:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    return subprocess.run(["bash", ROOT / "docs" / "ray.sbatch", "studies/mine"], cwd=ROOT).returncode


def test_each_program_gets_a_cluster_on_all_nodes(said: Path) -> None:
    assert run_script() == 0
    lines = said.read_text().splitlines()
    assert lines[0] == "ray get-auth-token --generate"
    assert [line for line in lines if line.startswith("srun")] == ["srun --nodes=2 --ntasks=2"] * 2
    asked = [line.removeprefix("python -m ") for line in lines if line.startswith("python")]
    assert asked == [f"{program} run studies/mine --on ray:first:6379" for program in ("pruning", "analysis")]
    for words in asked:
        (on,) = Command(tuple(words.split())).values("--on")
        assert is_ray(on)


def test_a_task_that_needs_too_much_memory_is_not_begun_again_without_end() -> None:
    """As Ray does where nobody says otherwise, whatever it is told of other losses."""
    ray_cluster.prepare(ray_cluster.LOCAL)
    ray = pytest.importorskip("ray", reason='Ray is not installed: pip install "pruning-side-by-side[cluster]"')
    name = "RAY_task_oom_retries"
    assert ray_cluster.SETTINGS[name] == str(ray_cluster.RETRIES)
    assert f" {name}={ray_cluster.RETRIES}" in (ROOT / "docs" / "ray.sbatch").read_text()
    assert f"export {name}={ray_cluster.RETRIES}" in (ROOT / "docs" / "scale.md").read_text()
    assert name.encode() in Path(ray._raylet.__file__).read_bytes()
    executor = RayExecutor.__new__(RayExecutor)
    executor._ray = ray
    told = str(executor._explained(ray.exceptions.OutOfMemoryError("killed")))
    assert told.startswith("its machine ran out of memory each time it began")
    assert not re.search(r"\d", told)  # how often that was, the cluster knows alone


def test_nothing_is_measured_where_tickets_failed(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "yes")
    assert run_script() == 1
    assert "python -m analysis" not in said.read_text()


def test_ray_takes_what_it_is_asked(said: Path) -> None:
    pytest.importorskip("ray", reason='Ray is not installed: pip install "pruning-side-by-side[cluster]"')
    from ray.scripts.scripts import start
    from ray.scripts.symmetric_run import curate_and_validate_ray_start_args, symmetric_run

    assert run_script() == 0
    line = next(each for each in said.read_text().splitlines() if each.startswith("ray symmetric-run"))
    words = line.split(" -- ")[0].split()[2:]
    asked = symmetric_run.make_context("symmetric-run", [*words], resilient_parsing=True).params
    assert (asked["address"], asked["min_nodes"]) == ("first:6379", 2)
    started = start.make_context("start", curate_and_validate_ray_start_args(words)).params
    assert started["include_dashboard"] is False
