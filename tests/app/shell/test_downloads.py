"""What is given away: names of files, tables."""

import io
import re

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from app.shell.columns import REST, describe, of_table
from app.shell.downloads import file_name, to_csv

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
