"""Out-of-distribution detection of tickets: what is stored is what the logits of both data sets say."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score

from analysis.engine import measure
from analysis.engine.settings import settings
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.errors import UserError
from pruning.study.folder import Study
from tests.analysis.engine.test_measure import with_analysis


def test_it_is_what_the_logits_say(study_copy: Path) -> None:
    study = with_analysis(Study.open(study_copy), 'ood = "mnist5k"\nood_images = 300\ncorruptions = []')
    assert measure.run(study, only=["ood"]).problems == []
    rows = Results(study.path).table("ood")
    assert set(rows["kind"]) == {"mnist5k"}
    assert len(rows) == 2 * len(study.entries())
    own, other = load_data("digits"), load_data("mnist5k").test.images
    assert rows["foreign"].unique().tolist() == [300]
    small = F.interpolate(other.float(), (8, 8), mode="bilinear", antialias=True).round().clamp(0, 255)
    entry = study.entries()[1]
    with torch.no_grad():
        network = study.load(entry.id).model()
        logits = [network(normalise(images, own.mean, own.std)) for images in (own.test.images, small)]
    found = rows[rows["ticket_id"] == entry.id].set_index("score")
    for score, of in (("msp", lambda x: x.softmax(1).amax(1)), ("energy", lambda x: x.logsumexp(1))):
        inside, outside = (of(each.double()).numpy() for each in logits)
        outside = outside[used(len(outside))]
        inside = inside[used(len(inside))]
        labels = np.repeat([1, 0], [len(inside), len(outside)])
        assert found.at[score, "auroc"] == pytest.approx(
            roc_auc_score(labels, np.concatenate([inside, outside])), abs=2e-3
        )
    assert measure.run(study, only=["ood"]).written == {}


def used(count: int) -> np.ndarray:
    """Which of so many images are used: 300, evenly spaced."""
    return (np.arange(300) * count // 300) if count > 300 else np.arange(count)


def test_the_own_data_and_a_set_of_other_channels_are_a_sentence(study_copy: Path) -> None:
    study = with_analysis(Study.open(study_copy), 'ood = ["digits"]\ncorruptions = []')
    [problem] = measure.run(study, only=["ood"]).problems
    assert "on which these networks were trained" in problem
    with pytest.raises(UserError, match="Did you mean 'mnist5k'"):
        settings(with_analysis(Study.open(study_copy), 'ood = ["mnist5"]'))
