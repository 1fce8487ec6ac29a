"""A network whose logits are no linear map: everything but geometry is measured, and it is said why."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.engine import measure
from analysis.metrics.geometry import COMPARABLE
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run

NET = """
import torch
from torch import nn

class Distances(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU())
        self.prototypes = nn.Parameter(torch.randn(num_classes, 16))
    def forward(self, x):
        return -torch.cdist(self.body(x), self.prototypes)
"""
STUDY = """
title = "no classifier"
model = "net.py:Distances"
data = "digits"
sparsities = [0.5]
[training]
epochs = 0.2
[[method]]
criterion = "magnitude"
[analysis]
families = ["cifar_c"]
corruptions = ["fog"]
severities = [3]
"""


def test_everything_but_geometry_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "study.toml").write_text(STUDY)
    study = Study.open(tmp_path)
    run(study, RunOptions(jobs=1))
    report = measure.run(study)
    assert any("angles, lengths, margins and maps of the features are left out" in line for line in report.problems)
    assert any("No linear classifier was found in the network Distances" in line for line in report.problems)
    results, data = Results(study.path), load_data("digits")
    for entry in study.entries():
        ticket = study.load(entry.id)
        images = normalise(data.test.images, ticket.info.mean, ticket.info.std)
        with torch.no_grad():
            logits = ticket.model()(images)
        samples = results.table("samples", ids=[entry.id])
        assert samples["prediction"].tolist() == logits.argmax(1).tolist()
        np.testing.assert_allclose(samples["confidence"], logits.softmax(1).amax(1), rtol=1e-4)
        assert samples[["angle", "length", "margin"]].isna().all(axis=None)
        [summary] = results.table("summary", ids=[entry.id]).to_dict("records")
        assert summary["correct"] == int((logits.argmax(1) == data.test.labels).sum())
        assert np.isnan(summary["mean_angle"])
        assert results.table("geometry", ids=[entry.id])[list(COMPARABLE)].isna().all(axis=None)
        assert len(results.table("conditions", ids=[entry.id])) == 2
