"""Divergence from the dense network: what is stored is what the networks say, and means by group with intervals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from analysis.comparisons.divergence import MEASURES, between_seeds, by_group, made, stored, stored_pair
from analysis.comparisons.queried_images import ask, features_here
from analysis.corruptions.conditions import CLEAN
from analysis.engine import measure
from analysis.engine.status import status
from analysis.measures.divergence import Apart
from analysis.results.store import Results
from pruning.data import load_data, normalise
from pruning.finders.base import dense_recipe
from pruning.study.folder import Study
from tests.analysis.engine.test_measure import with_analysis


def test_what_is_stored_is_what_the_networks_say(study_copy: Path) -> None:
    asked = 'divergence = true\ncorruptions = ["gaussian_noise"]\nseverities = [2]'
    study = with_analysis(Study.open(study_copy), asked)
    assert measure.run(study, only=["divergence"]).problems == []
    rows = Results(study.path).table("divergence")
    assert set(rows["relation"]) == {"dense", "seed"}
    assert set(rows["corruption"]) == {"clean", "gaussian_noise"}
    assert all(row.complete == row.tickets for row in status(study).rows if row.table == "divergence")
    data = load_data("digits")
    shown = normalise(data.test.images, data.mean, data.std)
    entry = next(each for each in study.entries() if not each.recipe.is_dense)
    dense = dense_recipe(entry.recipe).id
    with torch.no_grad():
        own, other = (study.load(ticket).model()(shown).double() for ticket in (entry.id, dense))
    found = stored_pair(Results(study.path), entry.id, dense, CLEAN)
    assert found is not None
    p, q = own.softmax(1), other.softmax(1)
    middle = (p + q) / 2
    js = ((p * (p / middle).log2() + q * (q / middle).log2()).sum(1) / 2).numpy()
    np.testing.assert_array_equal(found["agreement"], (own.argmax(1) == other.argmax(1)).numpy())
    np.testing.assert_allclose(found["js"], js, atol=1e-3)
    np.testing.assert_allclose(found["kl"], (q * (q / p).log2()).sum(1).numpy(), rtol=2e-3, atol=1e-3)
    [row] = rows[(rows["ticket_id"] == entry.id) & (rows["corruption"] == "clean")].to_dict("records")
    assert row["js"] == pytest.approx(js.mean(), rel=1e-3)
    assert row["agreement"] == pytest.approx(found["agreement"].mean())
    # Queries find what is stored without a network, and what is made of logits is the same.
    query = replace(ask(study, entry.recipe.seed), live=None)
    key = next(key for key, ticket in query.ids.items() if ticket == entry.id)
    np.testing.assert_array_equal(query.values("divergence", key), found["js"])
    live = features_here(study)
    assert live is not None
    again = made(live([entry.id, dense], CLEAN), [(entry.id, dense)])[entry.id, dense]
    np.testing.assert_allclose(again.js, found["js"], atol=1e-3)
    assert stored(Results(study.path), [(entry.id, "nobody")], CLEAN) == {}


def test_nothing_is_kept_where_it_is_not_asked_for(study_copy: Path) -> None:
    study = with_analysis(Study.open(study_copy), "corruptions = []")
    assert measure.run(study, only=["divergence"]).written == {}


def values(seeds: int, n: int = 40) -> list[Apart]:
    rng = np.random.default_rng(0)
    return [Apart((rng.random(n) < 0.8).astype(float), rng.random(n) / 3, rng.random(n) * 4) for _ in range(seeds)]


def test_one_seed_has_students_interval_over_images() -> None:
    [seed] = values(1)
    groups = {"even": np.arange(0, 40, 2), "some": np.arange(40) < 7, "none": np.zeros(40, dtype=bool)}
    table = by_group({"a": [seed]}, groups).set_index(["group", "measure"])
    assert set(table.index.get_level_values("group")) == {"even", "some"}
    assert set(table.index.get_level_values("measure")) == set(MEASURES)
    own = seed.js[::2]
    row = table.loc[("even", "js")]
    low, high = stats.t.interval(0.95, 19, own.mean(), stats.sem(own))
    assert (row["n"], row["seeds"]) == (20, 1)
    assert [row["value"], row["low"], row["high"]] == pytest.approx([own.mean(), low, high])


def test_several_seeds_widen_it_and_images_without_scores_are_left_out() -> None:
    several = values(3)
    several[1].kl[5] = np.nan
    table = by_group({"a": several}, {"all": np.arange(40)}).set_index("measure")
    assert table.at["kl", "n"] == 39
    runs = np.array([np.delete(each.kl, 5).mean() for each in several])
    assert table.at["kl", "value"] == pytest.approx(runs.mean())
    images = np.delete(np.mean([each.kl for each in several], axis=0), 5)
    variance = runs.var(ddof=1) / 3 + images.var(ddof=1) / 39
    half = stats.t.ppf(0.975, 2) * variance**0.5
    assert table.at["kl", "high"] - table.at["kl", "value"] == pytest.approx(half, rel=0.02)
    chance = between_seeds(several, {"all": np.arange(40)}).set_index("measure")["by_chance"]
    assert chance["js"] == pytest.approx(np.mean([each.js.mean() for each in several]))
    assert between_seeds([], {}).empty
