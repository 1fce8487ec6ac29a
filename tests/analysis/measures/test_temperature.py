"""Tables of calibration are what the formulas make of the logits, in batches of any size."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from analysis.engine.base import Context, Shown
from analysis.measures import temperature as measures
from analysis.metrics import temperature
from analysis.results.tables import describe


def rows(logits: torch.Tensor, labels: torch.Tensor, batch: int) -> dict[str, float]:
    context = cast(Context, SimpleNamespace(condition=("fog", 2), images=SimpleNamespace(labels=labels)))
    found = measures.Temperature(context)
    images = torch.zeros(len(labels), 1, 1, 1)
    for index in torch.arange(len(labels)).split(batch):
        found.update(Shown(images[index], labels[index], index, logits[index], logits[index]))
    return dict(found.rows().iloc[0])


def made(n: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(n, 5, generator=generator)
    labels = torch.where(torch.rand(n, generator=generator) < 0.7, logits.argmax(1), 0)
    return logits, labels


def test_the_row_is_that_of_the_formulas() -> None:
    logits, labels = made()
    found = rows(logits, labels, 300)
    scaled = temperature.cross_fitted(logits.numpy(), labels.numpy())
    true = scaled.logs[np.arange(300), labels]
    assert (found["corruption"], found["severity"], found["n"]) == ("fog", 2, 300)
    assert found["temperature"] == scaled.temperature > 1
    assert found["nll"] == pytest.approx(-true.mean())
    assert found["nll"] < torch.nn.functional.cross_entropy(logits, labels)
    assert found["brier"] == pytest.approx(((np.exp(scaled.logs) - np.eye(5)[labels]) ** 2).sum(1).mean())
    assert rows(logits, labels, 7) == found


def test_many_images_are_thinned_evenly_and_what_is_not_finite_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = made()
    monkeypatch.setattr(measures, "KEPT", 300 * 5 // 3)
    assert rows(logits, labels, 64) == rows(logits[::3], labels[::3], 64)
    logits[3] = torch.nan
    assert rows(logits, labels, 64)["n"] == 99
    nothing = rows(torch.full((4, 5), torch.inf), labels[:4], 2)
    assert nothing["n"] == 0
    assert np.isnan(nothing["ece"])


def test_the_tables_are_known() -> None:
    assert {"equal_width", "temperature"} <= set(describe()["table"])
    assert describe("equal_width")["column"].tolist() == describe("reliability")["column"].tolist()
