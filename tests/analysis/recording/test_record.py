"""Networks that stay elsewhere: what is recorded of them is what the engine measures of the same networks here."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from analysis import record
from analysis.engine import measure
from analysis.engine.status import status
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.study.folder import Entry, Study

TABLES = ("samples", "conditions", "geometry", "summary", "reliability", "temperature", "corrupted")


def batched(images: Tensor, labels: Tensor, size: int = 100) -> list[tuple[Tensor, Tensor]]:
    return list(zip(images.split(size), labels.split(size), strict=True))


def normalised() -> list[tuple[Tensor, Tensor]]:
    data = load_data("digits")
    return batched(normalise(data.test.images, data.mean, data.std), data.test.labels)


def raw() -> list[tuple[Tensor, Tensor]]:
    data = load_data("digits")
    return batched(data.test.images, data.test.labels)


def entry_of(study: Study, label: str) -> Entry:
    return next(each for each in study.entries() if each.recipe.label == label and each.recipe.seed == 0)


@pytest.fixture
def study(tiny_study: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(tiny_study, tmp_path / "study"))


def rows(study: Study, table: str, ticket_id: str) -> pd.DataFrame:
    return Results(study.path).table(table, ids=[ticket_id]).drop(columns="ticket_id")


def test_a_network_that_is_here_too_has_the_same_numbers(study: Study) -> None:
    known = entry_of(study, "Magnitude 90 %")
    found = record(study, "theirs", study.load(known.id).model(), normalised())
    assert found.problems == []
    for table in TABLES:
        own, theirs = rows(study, table, known.id), rows(study, table, found.ticket.id)
        assert len(own), table
        left_out = {"kept", "total", "sparsity", "seconds"}
        pd.testing.assert_frame_equal(own.drop(columns=left_out, errors="ignore"), theirs.drop(columns=left_out, errors="ignore"))
