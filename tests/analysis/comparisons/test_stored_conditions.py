"""Outcomes and predictions come back from a study's results as they were measured."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.averages import Averages
from analysis.comparisons.outcomes import CORRUPTIONS, collect, per_image
from analysis.comparisons.predictions import collect_predictions
from analysis.comparisons.stored_conditions import (
    averaged_corruptions,
    by_family,
    stored_averages,
    stored_outcomes,
    stored_per_image,
    stored_predictions,
    true_classes,
)
from analysis.metrics.corruption_error import COUNTED
from analysis.results import files, packs
from analysis.results.store import Results
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.folder import Study
from tests.analysis.results.test_offsets import conditions


def test_corruptions_by_family_in_their_orders() -> None:
    names = ["gaussian_blur", "my_own", "zigzag", "jpeg_compression", "clean", "shear", "gaussian_noise"]
    found = by_family(names)
    assert list(found.values()) == [
        ["gaussian_noise", "jpeg_compression", "gaussian_blur"], ["shear", "zigzag"], ["my_own"],
    ]  # fmt: skip
    assert list(found)[:2] == ["cifar_c", "mnist_c"]
    assert averaged_corruptions(found["cifar_c"]) == ["gaussian_noise", "jpeg_compression"]
    assert averaged_corruptions(found["mnist_c"]) == ["shear", "zigzag"]


def test_what_was_measured_comes_back(tiny_study: Path) -> None:
    results = Results(tiny_study)
    tickets: dict[str, list[str]] = {}
    for entry in Study.open(tiny_study).entries():
        tickets.setdefault(entry.recipe.label, []).append(entry.id)
    outcomes = stored_outcomes(results, tickets, ["brightness"])
    predictions = stored_predictions(results, tickets, ["brightness"], 10)
    assert outcomes.conditions == predictions.conditions == [("clean", 0), ("brightness", 1), ("brightness", 3)]
    np.testing.assert_array_equal(true_classes(results), load_data("digits").test.labels.numpy())
    label, ids = next(iter(tickets.items()))
    rows = results.table("conditions", ids=ids[:1], where="corruption = 'brightness' AND severity = 3")
    assert outcomes.right[label][0, 2].mean() == pytest.approx(rows["accuracy"][0])
    for name, right in outcomes.right.items():
        np.testing.assert_array_equal(predictions.predicted[name] == predictions.labels, right)


def test_without_labels_there_are_no_predictions(study_copy: Path) -> None:
    with pytest.raises(UserError, match=re.escape(typed("analysis", "run"))):
        true_classes(Results(study_copy))


def test_a_ticket_that_lacks_a_condition_is_left_out(tiny_study: Path) -> None:
    ids = [entry.id for entry in Study.open(tiny_study).entries()][:2]
    found = stored_outcomes(Results(tiny_study), {"a": ids[:1], "b": ["never measured"]}, ["brightness"])
    assert set(found.right) == {"a"}


def test_many_tickets_in_packs_and_files_of_their_own_come_back_as_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BYTES_PER_GROUP", 2_000)  # several groups of rows a pack
    monkeypatch.setattr(packs, "MEMORY", 8_000)
    results, rng = Results(tmp_path), np.random.default_rng(5)
    names = [("clean", 0), *((name, level) for name in (COUNTED[0], COUNTED[3], "shear") for level in (1, 2))]
    right = {f"t{place:02}": rng.random((7, 90)) < 0.7 for place in range(16)}
    for place, (ticket, own) in enumerate(right.items()):
        order = rng.permutation(7)  # as each was measured
        rows = conditions(ticket, own[order], [names[each] for each in order])
        if place % 3 == 0:  # as of many classes, at two bytes an image
            wide = [np.frombuffer(each, np.uint8).astype("<u2").tobytes() for each in rows["offsets"]]
            rows["offsets"] = wide
        results.write("conditions", ticket, rows)
        if place == 12:
            monkeypatch.setattr(packs, "UNRECORDED", ())
            assert results.compact()
            assert len(packs.packs_in(results.path / "conditions")) > 1
    tickets = {"a": ["t01", "t00", "none"], "b": ["t15"], "c": [f"t{place:02}" for place in range(14, 2, -1)]}
    seeds, asked = {ticket: place for place, ticket in enumerate(right)}, [COUNTED[3], COUNTED[0]]
    rows = results.table("conditions", ids=[each for ids in tickets.values() for each in ids])
    rows = rows[rows["corruption"].isin([*asked, "clean"])]
    found, known = stored_outcomes(results, tickets, asked, seeds), collect(rows, tickets, seeds)
    assert (found.conditions, found.seeds) == (known.conditions, known.seeds)
    labels = rng.integers(0, 10, 90)
    monkeypatch.setattr("analysis.comparisons.stored_conditions.true_classes", lambda _: labels)
    classes = stored_predictions(results, tickets, asked, 10).predicted
    averages, whole = stored_averages(results, tickets, asked), Averages.of(known)
    for place, (name, own) in enumerate(known.right.items()):
        np.testing.assert_array_equal(found.right[name], own)
        np.testing.assert_array_equal(classes[name], collect_predictions(rows, tickets, labels, 10).predicted[name])
        clean = [known.conditions.index(("clean", 0))]
        corrupted = [each for each in range(5) if each not in clean]
        for kind, places in enumerate((clean, corrupted)):
            np.testing.assert_array_equal(averages.images[place, kind], own[:, places].mean(axis=(0, 1)))
            np.testing.assert_array_equal(averages.seeds[place][:, kind], own[:, places].mean(axis=(1, 2)))
    np.testing.assert_array_equal(averages.images, whole.images)
    some = pd.DataFrame({"ticket_id": list(right)[:9], "key": list("abcabcabc"), "seed": [0, 0, 0, 1, 1, 1, 2, 2, 2]})
    for images in CORRUPTIONS:
        one = stored_per_image(results, some, images)
        other = per_image(some, results.table("conditions", ids=sorted(some["ticket_id"])), images)
        assert [(key, list(each)) for key, each in one.items()] == [(key, list(each)) for key, each in other.items()]
        for key, each in other.items():
            np.testing.assert_array_equal(np.stack(list(one[key].values())), np.stack(list(each.values())))
    results.write("conditions", "t01", conditions("t01", right["t01"][:5], [*names[:2], *names[3:5], ("fog", 1)]))
    with pytest.raises(UserError, match=f"Ticket t01 has no results under {COUNTED[0]} 2 yet"):
        stored_outcomes(results, {"a": ["t01", "t00"]}, [*asked, "fog"])
