"""A study of networks that add modulo 7, really found, in which some grok and others have no time to."""

from pathlib import Path

import pytest

from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.conftest import shared

TOML = """\
title = "Adding modulo 7"
model = "modular_mlp"
data = "modular:add:7:0.7"
task = "modular"
seeds = [0, 1]
sparsities = [0.6]

[training]
epochs = 60
batch_size = 64
optimizer = "adamw"
lr = 3e-3
weight_decay = 1.0
warmup_epochs = 0
schedule = "constant"
log_every = 5

[[method]]
name = "ticket"
finder = "imp"
rate = 0.6
rewind = 0

[[method]]
criterion = "random"
"""


@pytest.fixture(scope="session")
def adding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder; not to be changed."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(TOML)
        assert not run(Study.open(folder), RunOptions(jobs=1)).failed

    return shared(tmp_path_factory, "adding", make)
