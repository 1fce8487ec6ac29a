"""`export --smaller`: a program that another process runs without this project."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pruning.api import find_ticket
from pruning.cli.commands import app
from pruning.cli.console import main
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training

ELSEWHERE = """
import sys
import torch
extra = {"ticket.json": ""}
network = torch.export.load(sys.argv[1], extra_files=extra).module()
assert "pruning" not in sys.modules
assert '"classes"' in extra["ticket.json"]
torch.save(network(torch.load(sys.argv[2], weights_only=True)), sys.argv[3])
"""


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network without half of its weights, in whole filters."""
    recipe = Recipe(
        model="lenet300",
        data="digits",
        criterion="snip",
        sparsity=0.5,
        structure="filter",
        training=Training(epochs=0.2, warmup_epochs=0),
    )
    path = tmp_path_factory.mktemp("tickets") / "ticket.safetensors"
    find_ticket(recipe).save(path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """`python -m pruning WORDS` in this process: the exit status."""
    monkeypatch.setattr(sys, "argv", ["python -m pruning", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main(app)
    return int(ended.value.code or 0)


def test_the_program_runs_elsewhere(ticket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, images, logits = (tmp_path / name for name in ("small.pt2", "images.pt", "logits.pt"))
    assert run(monkeypatch, "export", ticket, "--to", "torch", "--smaller", "--out", out) == 0
    x = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.save(x, images)
    subprocess.run([sys.executable, "-c", ELSEWHERE, out, images, logits], cwd=tmp_path, check=True)
    with torch.no_grad():
        expected = Ticket.load(ticket).model()(x)
    found = torch.load(logits, weights_only=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_what_does_not_go_together(
    ticket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", ticket, "--to", "safetensors", "--smaller", "--out", tmp_path / "x"]
    assert run(monkeypatch, *words) != 0
    assert "take --to torch" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x").exists()
