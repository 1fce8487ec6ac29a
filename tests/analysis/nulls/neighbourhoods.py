"""Feature spaces of trainings that differ by chance alone, and what the section Maps claims of them."""

from __future__ import annotations

import numpy as np

from analysis.comparisons import neighbours
from analysis.comparisons.map_trust import MapTrust, map_trust
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.verdicts import against, verdicts
from analysis.metrics.embedding import pca
from analysis.metrics.faithfulness import Faithfulness, faithfulness
from analysis.metrics.neighbours import nearest
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE


def _features(predictions: Predictions, noise: float) -> dict[str, dict[int, np.ndarray]]:
    """Feature spaces of the same images, of trainings that differ by chance alone; more by chance where seeds do."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    common = rng.standard_normal((len(predictions.labels), 5))
    return {
        key: {
            seed: common
            + noise * np.exp(0.1 * (len(runs) > 1) * rng.standard_normal()) * rng.standard_normal(common.shape)
            for seed in range(len(runs))
        }
        for key, runs in predictions.predicted.items()
    }


def _spaces(features: dict[str, dict[int, np.ndarray]], drift: float = 0.0) -> neighbours.Neighbourhoods:
    rng = np.random.default_rng(7)
    return {
        key: {seed: nearest(own + drift * rng.standard_normal(own.shape), 10)[0] for seed, own in runs.items()}
        for key, runs in features.items()
    }


def neighbours_beyond_seeds(predictions: Predictions) -> float:
    """Some ticket changes neighbourhoods more, or less, than training the baseline again."""
    found = neighbours.against_retraining(_spaces(_features(predictions, 0.7)), BASELINE)
    return float((found.table["verdict"] == DIFFERS).any())


def neighbours_kept(predictions: Predictions) -> float:
    """Some ticket keeps more of its neighbourhoods under a corruption than the baseline, or less."""
    features = _features(predictions, 0.3)
    kept = neighbours.kept(_spaces(features), _spaces(features, drift=0.5))
    return float((against(verdicts(kept), BASELINE)["verdict"] == DIFFERS).any())


def _map_trust(predictions: Predictions) -> MapTrust:
    """Of maps of two tickets, their classes at random."""
    features = [own[0] for own in list(_features(predictions, 0.7).values())[:2]]
    quality = {str(place): faithfulness(own, pca(own), 10) for place, own in enumerate(features)}
    return map_trust(quality, dict.fromkeys(quality, predictions.labels % 5))


def a_class_misled(predictions: Predictions) -> float:
    """Some class of a map is said to be told less of than the others."""
    return float(_map_trust(predictions).classes["lower"].any())


def a_map_misleads(predictions: Predictions) -> float:
    """Whether a map is said to mislead of which half of the neighbours are true."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    recall = rng.binomial(10, 0.5, len(predictions.labels)) / 10
    table = map_trust({"a": Faithfulness(recall, recall, recall, recall)}, {"a": predictions.labels}).maps
    return float((table["misleads"] | table["leads"]).any())
