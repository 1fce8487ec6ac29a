"""Methods at equal budgets: who meets whom by hand, mixtures by a coin, rules, and what the command writes."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import of_study
from analysis.comparisons.equal_budget import (
    COLUMNS,
    MIXED,
    NEAREST,
    Matched,
    compare,
    match,
    operating_points,
    points_of,
    rules,
)
from analysis.comparisons.verdicts import verdicts
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.models.counting import MULTIPLY_ADDS, SPELLINGS
from pruning.study.folder import Study
from tests.analysis.cli.test_commands import Command, command

__all__ = ["command"]

POINTS = pd.DataFrame(
    {
        "key": ["a1", "a2", "a3", "b1", "b2", "b3"],
        "method": ["a"] * 3 + ["b"] * 3,
        "sparsity": [0.5, 0.8, 0.9, 0.5, 0.8, 0.9],
        "seeds": 2,
        "multiply_adds": [100.0, 62.0, 10.0, 102.0, 50.0, 20.0],
        "weights": [50.0, 20.0, 10.0, 50.0, 20.0, 10.0],
        "bytes": [50.0, 20.0, np.nan, 80.0, 30.0, 10.0],
        "total": 100.0,
        "dense": 200.0,
    }
)
A, B = ["a1", "a2", "a3"], ["b1", "b2", "b3"]


def outcomes(n: int = 400) -> dict[str, dict[int, np.ndarray]]:
    rng = np.random.default_rng(0)
    hard = rng.random(n)
    return {
        key: {seed: (hard + 0.05 * rng.random(n) < 0.95 - 0.03 * place).astype(float) for seed in (0, 1)}
        for place, key in enumerate(POINTS["key"])
    }


def test_each_point_meets_the_nearest_or_a_mixture_and_nothing_is_extrapolated() -> None:
    near, mixed = match(POINTS, A, B, "multiply_adds", 0.05)[::-1]
    assert near == Matched("multiply_adds", "a1", ("b1",), 1.0, 100.0, 102.0)
    # 62 of 50 and 102: 40 / 52 of the first and 12 / 52 of the second.
    assert (mixed.a, mixed.b, mixed.budget_b) == ("a2", ("b2", "b1"), 62.0)
    assert mixed.share == pytest.approx(40 / 52)
    assert mixed.share * 50 + (1 - mixed.share) * 102 == pytest.approx(62)
    assert [(each.a, len(each.b)) for each in match(POINTS, A, B, "multiply_adds", 0.01)] == [("a2", 2), ("a1", 2)]
    # What costs bytes is both networks of a mixture, so that there is none.
    assert match(POINTS, A, B, "bytes", 0.05) == []
    assert [each.b for each in match(POINTS, A, B, "weights")] == [("b3",), ("b2",), ("b1",)]


def test_verdicts_are_those_of_the_pairs_and_a_mixture_is_a_coin() -> None:
    right = outcomes()
    found = compare(POINTS, right, A, B, ["multiply_adds", "weights"])
    assert list(found.table.columns) == COLUMNS
    by = found.table.set_index(["budget", "a"])
    assert by["matched"].to_dict() == {
        ("multiply_adds", "a2"): MIXED,
        ("multiply_adds", "a1"): NEAREST,
        ("weights", "a3"): NEAREST,
        ("weights", "a2"): NEAREST,
        ("weights", "a1"): NEAREST,
    }
    mixture = {seed: 40 / 52 * right["b2"][seed] + 12 / 52 * right["b1"][seed] for seed in (0, 1)}
    row = by.loc[("multiply_adds", "a2")]
    assert row["accuracy_b"] == pytest.approx(np.mean([each.mean() for each in mixture.values()]))
    assert row["difference"] == pytest.approx(np.mean([(right["a2"][s] - mixture[s]).mean() for s in (0, 1)]))
    assert row["compression_b"] == pytest.approx(100 / (40 / 52 * 20 + 12 / 52 * 50))
    assert (row["speedup_a"], row["compression_a"]) == (200 / 62, 5.0)
    alone = verdicts({key: right[key] for key in ("a1", "b1")})
    assert by.loc[("weights", "a1"), "difference"] == pytest.approx(float(alone["difference"].iloc[0]))
    assert found.alone == [
        "At equal multiply-adds nothing of the other method is within 5 % of a3; nothing is extrapolated."
    ]


def test_one_seed_has_an_interval_over_images_and_what_is_missing_is_a_sentence() -> None:
    right = {key: {0: own[0]} for key, own in outcomes().items()}
    table = compare(POINTS, right, A, B, ["weights"]).table
    assert set(table["over"]) == {"images"}
    assert ((table["low_a"] < table["accuracy_a"]) & (table["accuracy_a"] < table["high_a"])).all()
    with pytest.raises(UserError, match="cannot be held against itself"):
        compare(POINTS, right, A, ["a1"], ["weights"])
    with pytest.raises(UserError, match="Nothing was measured of b1"):
        compare(POINTS, {"a1": right["a1"]}, A, B, ["weights"])
    with pytest.raises(UserError, match="Unknown method or ticket 'c'"):
        points_of(POINTS, "c")


def test_the_rules_of_blalock_are_told() -> None:
    table = compare(POINTS, outcomes(), A, B, ["weights"]).table
    told = {rule.name: rule.holds for rule in rules(POINTS, ("a", "b"), (A, B), table)}
    assert told == {
        "at least 5 operating points": False,
        "compression and speed-up": True,
        "dense baseline": False,
        "several trainings": False,
        "more than one data set and network": False,
    }


def test_the_command_prints_and_writes_the_table(tiny_study: Path, tmp_path: Path, command: Command) -> None:
    study = Study.open(tiny_study)
    entries = study.entries()
    methods = [m for m in dict.fromkeys(e.recipe.method for e in entries) if m != "dense"][:2]
    files = [tmp_path / f"t{suffix}" for suffix in (".csv", ".md", ".tex")]
    written = [word for file in files for word in ("-o", file)]
    status, out, _ = command("compare", tiny_study, *methods, "--budget", "weights", *written)
    assert status == 0
    assert "What a comparison should have (Blalock et al. 2020)" in out
    rows = list(csv.DictReader(files[0].open()))
    points = operating_points(entries, of_study.rows_of(entries), Results(tiny_study).table("efficiency"))
    kept = points.set_index("key")["weights"]
    assert rows
    assert all(float(row["budget_a"]) == pytest.approx(kept[row["a"]]) for row in rows)
    assert {row["budget"] for row in rows} == {"weights"}
    assert len(files[1].read_text().splitlines()) == len(rows) + 2
    assert "\\toprule" in files[2].read_text()
    for row in rows:
        both = [f"{float(row[f'{name}_a']):.1f} / {float(row[f'{name}_b']):.1f}" for name in ("compression", "speedup")]
        assert f"| {' | '.join(both)} |" in files[1].read_text()
        assert f"& {' & '.join(both)} &" in files[2].read_text()
        assert f"& {float(row['difference']):+.1f} [".replace("-", "$-$") in files[2].read_text()
    status, _, error = command("compare", tiny_study, *methods, "-o", tmp_path / "t.xlsx")
    assert (status, "one of .tex, .csv, .md" in error) == (2, True)
    status, _, error = command("compare", tiny_study, *methods, "--budget", "multiply-ads")
    assert (status, "Did you mean 'multiply-adds'" in error) == (2, True)
    printed = {command("compare", tiny_study, *methods, "--budget", each)[1] for each in (*SPELLINGS, MULTIPLY_ADDS)}
    assert len(printed) == 1
    assert "multiply-adds" in printed.pop()
