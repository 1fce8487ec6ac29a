"""What is measured of each clean image, against the metrics on features got without the engine."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.metrics import geometry
from analysis.metrics.faithfulness import faithfulness
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.models import class_directions, features_and_logits
from pruning.study.folder import Entry, Study


def features_of(study: Study, entry: Entry) -> tuple[Tensor, nn.Module]:
    ticket, data = study.load(entry.id), load_data("digits")
    model = ticket.model().eval()
    with torch.no_grad():
        inputs = normalise(data.test.images, ticket.info.mean, ticket.info.std)
        return features_and_logits(model, inputs)[0], model


def test_geometry_is_that_of_the_features_centred_by_the_mean_of_the_clean_ones(tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    entry = study.entries()[-1]
    features, model = features_of(study, entry)
    weight, bias = class_directions(model)
    expected = geometry.measure(features, weight, bias, load_data("digits").test.labels)
    found = Results(study.path).table("geometry", ids=[entry.id])
    assert found["sample"].tolist() == list(range(len(features)))
    for name in geometry.COMPARABLE:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=2e-2, err_msg=name)


@pytest.mark.parametrize("kind", ["pca", "umap"])
def test_maps_say_of_each_image_how_many_of_its_neighbours_they_keep(kind: str, tiny_study: Path) -> None:
    study = Study.open(tiny_study)
    results = Results(study.path)
    entry = next(entry for entry in study.entries() if entry.id in results.ids("maps"))
    rows = results.table("maps", ids=[entry.id], where=f"kind = '{kind}'")
    expected = faithfulness(features_of(study, entry)[0].numpy()[rows["sample"]], rows[["x", "y"]]).recall
    np.testing.assert_allclose(rows["recall"], expected, atol=0.08)  # a tie may fall otherwise
    assert rows["recall"].mean() == pytest.approx(expected.mean(), abs=1e-3)
