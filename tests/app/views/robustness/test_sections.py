"""The matrices and tables of the sections of Robustness agree with plain counting."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import condition_cells
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.ranking import ranking
from analysis.comparisons.verdicts import both_ways, verdicts
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT
from app.charts.base import NOISE
from app.shell import theme
from app.shell.downloads import to_latex
from app.shell.theme import Style
from app.views.robustness.charts import pairs
from app.views.robustness.charts.matrix import matrix
from app.views.robustness.ranking import _columns, ranking_table

LIGHT = theme.get("light")
CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1), ("snow", 2), ("spatter", 1), ("spatter", 2)]


@pytest.fixture
def outcomes() -> Outcomes:
    rng = np.random.default_rng(1)
    chances = {"a": 0.9, "b": 0.88, "c": 0.5}
    return Outcomes(CONDITIONS, {key: rng.random((3, 7, 400)) < chance for key, chance in chances.items()})


def styles(outcomes: Outcomes) -> dict[str, Style]:
    return {key: Style(f"Ticket {key}", "#336699", "circle") for key in outcomes.right}


def test_the_matrix_shows_differences_and_rings_noise(outcomes: Outcomes) -> None:
    table = condition_cells.gaps(outcomes, "a", condition_cells.by_corruption(outcomes))
    names = ["fog", "snow", "spatter"]
    shown = {key: style for key, style in styles(outcomes).items() if key != "a"}
    figure = matrix(table, shown, names, (None, None), "snow", LIGHT)
    texts = {tuple(at): text for trace in figure.data if trace.type == "scatter"
             for at, text in zip(trace.customdata or [], trace.text or [], strict=True)}  # fmt: skip
    assert len(texts) == 6
    for row in table[table["corruption"].isin(names)].itertuples():
        noise = row.low <= 0 <= row.high
        assert texts[row.key, row.corruption] == (NOISE if noise else f"{100 * row.difference:+.1f}".replace("-", "−"))
    assert any(text == NOISE for text in texts.values())
    assert any(text != NOISE for text in texts.values())


def test_pairs_show_both_signs_and_three_verdicts(outcomes: Outcomes) -> None:
    per_image = outcomes.per_image(range(1, 7))
    per_image["like a"] = {seed: np.roll(right, 1) for seed, right in per_image["a"].items()}
    tests = verdicts(per_image, equivalence=0.1)
    tickets = {**styles(outcomes), "like a": Style("Like a", "#336699", "circle")}
    figure = pairs.differences(both_ways(tests), tickets, LIGHT, 0.1)
    values = np.nansum([trace.z for trace in figure.data if trace.type == "heatmap"], axis=0)
    np.testing.assert_allclose(values, -values.T, atol=1e-12)
    gap = 100 * (outcomes.right["a"][:, 1:].mean() - outcomes.right["c"][:, 1:].mean())
    assert values[0, 2] == pytest.approx(gap)
    texts = {tuple(at): text for trace in figure.data if trace.type == "scatter"
             for at, text in zip(trace.customdata or [], trace.text or [], strict=True)}  # fmt: skip
    signs = {EQUIVALENT: "=", CANNOT_TELL: NOISE}
    assert set(tests["verdict"]) >= {DIFFERS, EQUIVALENT}
    for row in tests.itertuples():
        assert texts[row.a, row.b] == signs.get(str(row.verdict), f"{100 * row.difference:+.1f}".replace("-", "−"))


def test_the_ranking_is_shown_in_per_cent_with_its_ties(outcomes: Outcomes) -> None:
    ranked = ranking(outcomes, "a")
    table = ranking_table(ranked, styles(outcomes))
    np.testing.assert_allclose(table["corrupted"], 100 * ranked["accuracy"])
    assert table["rank"].tolist() == ["1", "1 ○", "3"]
    assert table["ticket"].tolist()[-1] == "Ticket c"
    assert table["against_best"].fillna("").tolist() == ["", "cannot tell", ""]


def test_of_many_ranks_only_the_first_is_bold() -> None:
    rng = np.random.default_rng(0)
    right = {f"t{place}": rng.random((1, 2, 4000)) < 0.98 - 0.04 * place for place in range(20)}
    made = Outcomes([("clean", 0), ("fog", 1)], right)
    ranked = ranking(made, "t0")
    assert set(range(10, 17)) & set(ranked["rank"]), "ranks that begin with a 1"
    columns = _columns("dense")
    text = to_latex(ranking_table(ranked, styles(made)), columns, bold={"corrupted": "best"})
    assert [line.split(" & ")[1] for line in text.splitlines() if "textbf" in line] == ["Ticket t0"]


def test_a_table_for_a_paper_has_the_headings_and_decimals_of_the_page() -> None:
    import streamlit as st

    frame = pd.DataFrame({"t": ["IMP 90 %"], "a": [91.25], "low": [90.0], "high": [92.0], "secret": [3]})
    number = st.column_config.NumberColumn
    columns = {"a": number("Accuracy (%)", format="%.2f"), "low": None, "high": None, "secret": None}
    text = to_latex(frame, columns, intervals={"a": ("low", "high")})
    assert r"Accuracy (\%)" in text
    assert "91.25 [90.00, 92.00]" in text
    assert "secret" not in text
    assert r"\toprule" in text
