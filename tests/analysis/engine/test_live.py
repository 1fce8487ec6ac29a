"""What is worked out when somebody asks is what a run stores."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features, features_of
from analysis.engine.networks import Network
from analysis.engine.settings import settings
from analysis.metrics import geometry
from analysis.results.store import Results
from pruning.data import load_data
from pruning.study.folder import Study


def shown(folder: Path, ids: list[str], condition: Condition) -> dict[str, Features]:
    study = Study.open(folder)
    config = settings(study)
    images = TestImages.of(study, config, load_data(study.config.data))
    networks = {each: Network.of(study.load(each), torch.device("cpu"), config.precision) for each in ids}
    return features_of(networks, images, condition)


def test_live_features_are_those_of_the_results(tiny_study: Path) -> None:
    stored = Results(tiny_study).table("corrupted")
    condition = (str(stored["corruption"].iloc[0]), int(stored["severity"].iloc[0]))
    ids = list(dict.fromkeys(stored["ticket_id"]))[:2]
    found = shown(tiny_study, ids, condition)
    assert list(found) == ids
    for ticket, live in found.items():
        own = stored[(stored["ticket_id"] == ticket) & (stored["corruption"] == condition[0])]
        own = own[own["severity"] == condition[1]].sort_values("sample")
        assert (live.predictions == own["prediction"]).all()
        measured = geometry.measure(live.features, live.weight, live.bias, live.labels)
        for name, within in (("angle", 0.1), ("length", 0.02), ("margin", 0.02)):
            assert np.abs(measured[name].to_numpy() - own[name].to_numpy()).max() < within * max(
                1, own[name].abs().max()
            )


def test_logits_are_the_classifiers_of_the_features_and_several_batches_keep_their_order(tiny_study: Path) -> None:
    ticket = Results(tiny_study).ids("samples")[0]
    live = shown(tiny_study, [ticket], CLEAN)[ticket]
    assert np.allclose(live.features @ live.weight.T + live.bias, live.logits, atol=1e-3)
    samples = Results(tiny_study).table("samples", ids=[ticket]).sort_values("sample")
    assert (live.labels == samples["label"]).all()
    assert live.right.mean() == pytest.approx((samples["prediction"] == samples["label"]).mean())
    assert np.allclose(live.mean, live.features.mean(0), atol=1e-5)
