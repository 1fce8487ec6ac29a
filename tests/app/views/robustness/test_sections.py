"""The cells, matrices and tables of the sections of Robustness agree with plain counting."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import condition_cells
from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.pair_tests import pair_tests
from app.charts.base import NOISE
from app.shell import layout, theme
from app.shell.theme import Style
from app.views.robustness import corruptions, pairs, ranking

LIGHT = theme.get("light")
CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1), ("snow", 2), ("spatter", 1), ("spatter", 2)]


@pytest.fixture
def outcomes() -> Outcomes:
    rng = np.random.default_rng(1)
    chances = {"a": 0.9, "b": 0.88, "c": 0.5}
    return Outcomes(CONDITIONS, {key: rng.random((3, 7, 400)) < chance for key, chance in chances.items()})


def styles(outcomes: Outcomes) -> dict[str, Style]:
    return {key: Style(f"Ticket {key}", "#336699", "circle") for key in outcomes.right}


def test_a_corruption_is_averaged_over_its_severities_and_the_mean_over_those_that_count(outcomes: Outcomes) -> None:
    table = condition_cells.accuracies(outcomes, condition_cells.by_corruption(outcomes)).set_index(
        ["key", "corruption"]
    )["accuracy"]
    right = outcomes.right["b"]
    assert table["b", "fog"] == pytest.approx(right[:, 1:3].mean())
    assert table["b", "spatter"] == pytest.approx(right[:, 5:7].mean())
    assert table["b", MEAN] == pytest.approx(right[:, 1:5].mean())  # spatter is an extra one
    assert ("b", "clean") not in table.index


def test_one_severity_alone(outcomes: Outcomes) -> None:
    groups = condition_cells.by_corruption(outcomes, 2)
    assert groups == {("fog", 2): [2], (MEAN, 2): [2, 4], ("snow", 2): [4], ("spatter", 2): [6]}
    assert condition_cells.by_severity(outcomes)["clean", 0] == [0]


def test_gaps_are_paired_by_seed(outcomes: Outcomes) -> None:
    table = condition_cells.gaps(outcomes, "a", condition_cells.by_corruption(outcomes))
    row = table[(table["key"] == "c") & (table["corruption"] == "fog")].iloc[0]
    each = outcomes.right["c"][:, 1:3].mean((1, 2)) - outcomes.right["a"][:, 1:3].mean((1, 2))
    assert row["difference"] == pytest.approx(each.mean())
    assert (row["high"] + row["low"]) / 2 == pytest.approx(each.mean())
    reach = 4.302652729911275 * each.std(ddof=1) / np.sqrt(3)  # Student's, two degrees of freedom
    assert row["high"] - row["difference"] == pytest.approx(reach)
    assert "a" not in set(table["key"])


def test_the_ranking_is_by_the_mean_of_what_counts(outcomes: Outcomes) -> None:
    table = ranking.ranking(outcomes, "cifar_c").set_index("key")
    for key, right in outcomes.right.items():
        assert table.at[key, "accuracy"] == pytest.approx(right[:, 1:5].mean())
    assert table.index[-1] == "c"
    other = ranking.ranking(outcomes, "mnist_c").set_index("key")  # where all but the clean images count
    assert other.at["a", "accuracy"] == pytest.approx(outcomes.right["a"][:, 1:].mean())


def test_the_matrix_shows_differences_and_rings_noise(outcomes: Outcomes) -> None:
    table = condition_cells.gaps(outcomes, "a", condition_cells.by_corruption(outcomes))
    names = ["fog", "snow", "spatter"]
    figure = corruptions.matrix(table, "difference", ["b", "c"], names, (None, None), styles(outcomes), "snow", LIGHT)
    texts = {tuple(at): text for trace in figure.data if trace.type == "scatter"
             for at, text in zip(trace.customdata or [], trace.text or [], strict=True)}  # fmt: skip
    assert len(texts) == 6
    for row in table[table["corruption"].isin(names)].itertuples():
        noise = row.low <= 0 <= row.high
        assert texts[row.key, row.corruption] == (NOISE if noise else f"{100 * row.difference:+.1f}")
    assert any(text == NOISE for text in texts.values())
    assert any(text != NOISE for text in texts.values())


def test_pairs_show_both_signs(outcomes: Outcomes) -> None:
    tests = pair_tests(Outcomes(CONDITIONS[1:], {k: v[:, 1:] for k, v in outcomes.right.items()}), together=True)
    figure = pairs.matrix(tests, ["a", "b", "c"], styles(outcomes), LIGHT)
    values = np.nansum([trace.z for trace in figure.data if trace.type == "heatmap"], axis=0)
    np.testing.assert_allclose(values, -values.T, atol=1e-12)
    gap = 100 * (outcomes.right["a"][:, 1:].mean() - outcomes.right["c"][:, 1:].mean())
    assert values[0, 2] == pytest.approx(gap)


def test_a_table_for_a_paper_has_the_headings_and_decimals_of_the_page() -> None:
    import streamlit as st

    frame = pd.DataFrame({"t": ["IMP 90 %"], "a": [91.25], "low": [90.0], "high": [92.0], "secret": [3]})
    number = st.column_config.NumberColumn
    columns = {"a": number("Accuracy (%)", format="%.2f"), "low": None, "high": None, "secret": None}
    text = layout.to_latex(frame, columns, intervals={"a": ("low", "high")})
    assert r"Accuracy (\%)" in text
    assert "91.25 [90.00, 92.00]" in text
    assert "secret" not in text
    assert r"\toprule" in text
