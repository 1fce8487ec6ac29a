"""Questions asked of a study that is opened, as in a notebook, and their charts: no app runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis import comparisons
from analysis.results.store import Results
from pruning import Study, UserError
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "digits-federated"

NOTEBOOK = """
from pruning import Study
from analysis import comparisons, overlap
from app.shell import theme
from app.views.masks.charts.overlap import matrix
from app.views.robustness.charts import ranking as ranking_charts

study = Study.open("sample_checkpoints/digits-lottery")
of = comparisons.of_study
keys = ["dense", "imp-90", "snip-90", "magnitude-90", "gmp-90", "synflow-90", "lrr-95"]
outcomes, predictions = of.outcomes(study, keys), of.predictions(study, keys)
flips = comparisons.flips.flips_from_baseline(predictions, "dense")
assert len(flips)
assert len(comparisons.flips.flips_from_clean(predictions))
ranking = comparisons.ranking.ranking(outcomes, "dense")
assert len(ranking)
assert comparisons.redundancy.redundant(outcomes, resamples=20) is not None
assert comparisons.correlations.corruptions_over_tickets(outcomes) is not None
assert comparisons.classes.class_costs(outcomes, predictions.labels, "dense") is not None
fog = ("fog", 3)
assert set(comparisons.confusion.confusions(predictions, 10, fog)) == set(keys)
assert len(comparisons.confusion.sufferers(predictions, 10, fog))
assert len(comparisons.lost_images.flows(predictions, "imp-90", fog))
assert comparisons.exemplars.find_exemplars(predictions, keys[1:], ["dense"]) is not None

tickets = of.tickets(study).drop_duplicates("key")
chosen = [(row.key, row.method, row.sparsity, row.label) for row in tickets.itertuples() if row.key in keys]
styles, light = theme.styles(chosen, tickets["method"], "light"), theme.get("light")
drawn = ranking_charts.ranking(ranking, styles, light, 0.01)
masks = {row.key: study.load(row.ticket_id) for row in tickets.itertuples() if row.key in keys[1:]}
drawn_masks = matrix(overlap.pairwise(masks, metric="adjusted"), styles, "adjusted", ("imp-90", "snip-90"), light)
line = comparisons.effective.effective_robustness(outcomes)
for chart in (drawn, drawn_masks, ranking_charts.effective(line, styles, light)):
    assert len(chart.data) and len(chart.to_html(include_plotlyjs=False)) > 1000
"""


def test_a_notebook_asks_what_pages_ask_and_draws_it() -> None:
    done = subprocess.run([sys.executable, "-c", NOTEBOOK], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "missing ScriptRunContext" not in done.stderr


def test_the_tickets_and_their_accuracy_are_those_of_the_files() -> None:
    study = Study.open(SAMPLE)
    rows = comparisons.of_study.tickets(study)
    entries = study.entries()
    assert rows["ticket_id"].tolist() == [entry.id for entry in entries]
    outcomes = comparisons.of_study.outcomes(study)
    place = outcomes.conditions.index(("clean", 0))
    for key, group in rows.groupby("key"):
        accuracies = [entry.info.accuracy for entry in entries if entry.id in set(group["ticket_id"])]
        np.testing.assert_allclose(outcomes.right[str(key)][:, place].mean(axis=1), accuracies, atol=1e-6)
        assert list(outcomes.seeds[str(key)]) == group["seed"].tolist()


def test_predictions_and_outcomes_agree() -> None:
    study, keys = Study.open(ROOT / "sample_checkpoints" / "digits-lottery"), ["dense", "imp-90"]
    outcomes = comparisons.of_study.outcomes(study, keys, ["fog"])
    predictions = comparisons.of_study.predictions(study, keys, ["fog"])
    assert list(outcomes.right) == keys
    for key, right in outcomes.right.items():
        np.testing.assert_array_equal(predictions.outcomes.right[key], right)


def test_a_table_says_whose_rows_they_are() -> None:
    study = Study.open(SAMPLE)
    found = comparisons.of_study.table(study, "summary")
    assert len(found) == len(Results(study.path).table("summary"))
    assert {"key", "ticket", "seed"} <= set(found)


def test_questions_are_found_by_name() -> None:
    assert {"flips", "ranking", "of_study"} <= set(dir(comparisons))
    with pytest.raises(AttributeError, match="no attribute 'flops'"):
        comparisons.flops  # noqa: B018


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    study = Study.open(SAMPLE)
    with pytest.raises(UserError, match=r"Unknown ticket 'dens'\. Did you mean 'dense'"):
        comparisons.of_study.outcomes(Study.open(ROOT / "sample_checkpoints" / "digits-lottery"), ["dens"])
    with pytest.raises(UserError, match="no results in the table 'lines'"):
        comparisons.of_study.table(study, "lines")
    (tmp_path / "study.toml").write_text('title = "Empty"\nmodel = "lenet300"\ndata = "digits"\n')
    with pytest.raises(UserError, match="is not measured yet"):
        comparisons.of_study.outcomes(Study.open(tmp_path))
