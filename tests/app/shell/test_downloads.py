"""What is given away: names of files, tables."""

import io
import re

import pandas as pd
import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st

from app.shell.columns import REST, describe, of_table
from app.shell.downloads import file_name, to_csv, to_latex
from app.shell.numbers import written

TEXT = st.text(st.characters(exclude_categories=["C"], include_characters="#,\n"), min_size=1, max_size=12)


@given(rows=st.lists(TEXT, min_size=1, max_size=4), name=TEXT, meaning=st.text(max_size=20))
def test_pandas_reads_back_what_is_given_away(rows: list[str], name: str, meaning: str) -> None:
    frame = pd.DataFrame({name: rows, "value 2": range(len(rows))})
    file = io.BytesIO(to_csv(frame, {name.strip() or "x": meaning} if "\n" not in name else {}))
    again = pd.read_csv(file, comment="#", dtype={0: str}, keep_default_na=False, skip_blank_lines=False)
    assert again.iloc[:, 0].str.removeprefix("'").tolist() == [row.removeprefix("'") for row in rows]
    assert again["value 2"].tolist() == frame["value 2"].tolist()


def test_no_text_is_a_formula_to_a_spreadsheet() -> None:
    hostile = ["=1+1", "@SUM(A1)", "+A1", "-A1", "-1+cmd|' /C calc'!A0", "\t=1", "\r=1"]
    harmless = ["-1.5", "+3", "Dense", "a=b", "", "'quoted'"]
    frame = pd.DataFrame({"=name": hostile + harmless, "n": range(13)})
    again = pd.read_csv(io.BytesIO(to_csv(frame)), dtype=str, keep_default_na=False)
    assert list(again) == ["'=name", "n"]
    assert [cell[0] for cell in again["'=name"][:7]] == ["'"] * 7
    assert again["'=name"][7:].tolist() == harmless


def test_the_first_lines_say_what_the_columns_mean() -> None:
    frame = pd.DataFrame({"ticket": ["Dense"], "accuracy": [0.9], "accuracy_low": [0.8], "angle": [61.0]})
    lines = to_csv(frame, describe(frame.columns)).decode().splitlines()
    assert lines[-2:] == ["ticket,accuracy,accuracy_low,angle", "Dense,0.9,0.8,61.0"]
    assert [line.split(":")[0] for line in lines[:-2]] == [f"# {name}" for name in frame.columns]
    assert lines[1].endswith("[fraction]")
    assert "lower end of the 95 % interval of accuracy" in lines[2]
    assert lines[3].endswith("[degrees]")


def test_a_card_has_the_last_word_on_its_columns() -> None:
    config = {"angle": {"label": "Angle (°)", "help": "To the true class."}, "hidden": None}
    found = describe(["angle", "accuracy", "Dense", "hidden"], {REST: "the overlap"}, config, percent=True)
    assert found["angle"] == "Angle (°). To the true class."
    assert found["accuracy"].endswith("[%]")
    assert found["Dense"] == found["hidden"] == "the overlap"
    assert describe(["angle"], {"angle": "mine"}, config) == {"angle": "mine"}
    assert describe(["unheard"]) == {}


def test_the_columns_of_a_table_of_results_mean_what_its_measure_says() -> None:
    assert re.search(r"decision boundary.*negative", of_table("samples")["margin"])


def test_file_names_of_downloads() -> None:
    assert file_name("How accuracy falls, as weights are removed!") == "how-accuracy-falls-as-weights-are-removed"
    assert file_name("…") == "chart"
    assert len(file_name("long " * 50)) <= 60


@pytest.mark.parametrize(
    ("value", "form", "seen"),
    [  # what the browser shows of these
        (7.7e-5, "%.2g", "0.000077"),
        (7.7e-9, "%.2g", "7.7e-9"),
        (60.0, "%.4g %%", "60 %"),
        (98.4375, "%.4g %%", "98.44 %"),
        (49920.0, "localized", "49,920"),
        (12346.0, "%.4g", "12350"),
        (2.0, "%g", "2"),
        (0.3, "%+.2f", "+0.30"),
        (3.7, "%d", "3"),
        (41.26, "%.1f°", "41.3°"),
        (1.5, "%.2f ms", "1.50 ms"),
        (3.0, "", "3"),
        (0.123456, "", "0.1235"),
        (float("inf"), "%.2g", "∞"),
    ],
)
def test_a_number_is_written_as_the_page_shows_it(value: float, form: str, seen: str) -> None:
    assert written(value, form) == seen


def test_a_table_for_a_paper_writes_numbers_as_the_page_does() -> None:
    frame = pd.DataFrame(
        {
            "colour": ["data:image/svg+xml;base64,AAAA"],
            "ticket": ["Dense"],
            "p": [7.7e-5],
            "tiny": [3e-9],
            "sparsity": [60.0],
            "kept": [49920],
            "seconds": [12.4],
            "times": [1.5],
            "change": [0.301],
            "seeds": [3.0],
            "marked": [True],
        }
    )
    number = streamlit.column_config.NumberColumn
    columns = {
        "colour": streamlit.column_config.ImageColumn("", width=40),
        "ticket": "Ticket",
        "p": number("p (Holm)", format="%.2g"),
        "tiny": number("p", format="%.2g"),
        "sparsity": number("Sparsity", format="%.4g %%"),
        "kept": number("Weights kept", format="localized"),
        "seconds": number("Training time", format="%.0f s"),
        "times": number("× dense", format="%.2f×"),
        "change": number("Change (points)", format="%+.2f"),
        "seeds": number("Seeds"),
        "marked": streamlit.column_config.CheckboxColumn("Stands out"),
    }
    lines = to_latex(frame, columns).splitlines()
    assert lines[3] == (
        r"Ticket & p (Holm) & p & Sparsity (\%) & Weights kept & Training time (s) & $\times$ dense & Change (points) "
        r"& Seeds & Stands out \\"
    )
    assert lines[5] == r"Dense & 0.000077 & $3 \times 10^{-9}$ & 60 & 49,920 & 12 & 1.50 & +0.30 & 3 & yes \\"
