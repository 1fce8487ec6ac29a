"""The table `geometry` against the metric on features got without the engine."""

from pathlib import Path

import numpy as np
import torch

from analysis.engine import measure
from analysis.metrics import geometry
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.models import class_directions, features_and_logits
from pruning.study.folder import Study


def test_it_is_that_of_the_features_centred_by_the_mean_of_the_clean_ones(study_copy: Path) -> None:
    study = Study.open(study_copy)
    written = measure.run(study, only=["geometry"]).written
    assert written["geometry"] == len(study.entries())
    entry, data = study.entries()[-1], load_data("digits")
    ticket = study.load(entry.id)
    model = ticket.model().eval()
    with torch.no_grad():
        features, _ = features_and_logits(model, normalise(data.test.images, ticket.info.mean, ticket.info.std))
    weight, bias = class_directions(model)
    expected = geometry.measure(features, weight, bias, data.test.labels)
    found = Results(study.path).table("geometry", ids=[entry.id])
    assert found["sample"].tolist() == list(range(len(data.test.labels)))
    for name in geometry.COMPARABLE:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=2e-2, err_msg=name)
