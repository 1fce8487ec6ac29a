"""A study of a small supernet, really found, of two seeds, with a second task."""

from pathlib import Path

import pytest

from analysis.engine import measure
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.conftest import shared

TOML = """\
title = "Branches"
model = "supernet_small"
data = "digits"
seeds = [0, 1]
sparsities = [0.8]

[training]
epochs = 0.6
batch_size = 128
warmup_epochs = 0

[[method]]
name = "SuperTicket"
finder = "supernet"
steps = 3

[[method]]
name = "Even"
finder = "architecture"
of = "SuperTicket"

[[method]]
name = "Low"
finder = "supernet"
steps = 3
data = "digits[0-4]"

[[method]]
name = "Low_to_high"
finder = "transferred"
of = "Low"
weights = "rewound"
data = "digits[5-9]"

[[method]]
name = "Low_to_high_random"
finder = "transferred"
of = "Low"
weights = "rewound"
mask = "shuffled"
data = "digits[5-9]"

[analysis]
families = []
"""


@pytest.fixture(scope="session")
def branching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder, its tickets found and shown the clean images; not to be changed."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(TOML)
        assert not run(Study.open(folder), RunOptions(jobs=1)).failed
        measure.run(Study.open(folder), only=["conditions", "efficiency", "summary"])

    return shared(tmp_path_factory, "branching", make)
