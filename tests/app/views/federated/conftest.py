"""A study of three clients, really found, of two seeds."""

from pathlib import Path

import pytest

from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.conftest import shared

TOML = """\
title = "Clients"
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.8]

[training]
epochs = 0.2
batch_size = 32
warmup_epochs = 0

[[method]]
name = "FedAvg"
finder = "federated"
way = "fedavg"
clients = 3
rounds = 2
local = 2
sparsities = [0.0]

[[method]]
name = "Signs"
finder = "federated"
criterion = "random"
clients = 3
rounds = 3
local = 2

[[method]]
name = "Signs_2_classes"
finder = "federated"
criterion = "random"
clients = 3
rounds = 2
local = 2
split = "classes:4"
"""


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder, its tickets found and not measured; not to be changed."""

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "study.toml").write_text(TOML)
        assert not run(Study.open(folder), RunOptions(jobs=1)).failed

    return shared(tmp_path_factory, "federation", make)
