"""The page Studies without a browser: a study beside its own copy, of which everything is known."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.results import files
from analysis.results.pack import pack
from analysis.results.store import Results
from analysis.results.tables import TABLES
from app.views.studies import others
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


@pytest.fixture
def beside(tiny_study: Path, tmp_path: Path) -> str:
    """PRUNING_STUDIES: the tiny study, its copy without the tickets of one method, and a study of other data."""
    twin = Path(shutil.copytree(tiny_study, tmp_path / "twin"))
    file = twin / "study.toml"
    said = file.read_text().replace("A tiny study", "Its twin")
    file.write_text(said.replace('[[method]]\ncriterion = "random"\n', ""))
    for entry in Study.open(twin).entries():
        if entry.recipe.method == "random":
            entry.path.unlink()
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "study.toml").write_text(said.replace('data = "digits"', 'data = "mnist5k"'))
    return f"{tiny_study}:{twin}:{stranger}"


def test_a_copy_differs_in_nothing_but_what_it_lacks(beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("studies", Path(beside), monkeypatch, study="tiny", studies="pair", tickets="dense~random-90~imp-90")
    assert not test.error
    assert charts(test) == 2
    assert test.selectbox(key="pick second").value == "twin"
    table = test.dataframe[-1].value.set_index(["ticket", "images"])
    assert set(table.index.get_level_values("ticket")) == {"Dense", "Random 90 %", "IMP 90 %"}
    assert (table.loc["IMP 90 %", "difference"] == 0).all()
    assert set(table.loc["IMP 90 %", "verdict"]) == {"cannot tell"}
    assert set(table.loc["Random 90 %", "verdict"]) == {"only in one"}
    assert table.loc["Random 90 %", "second"].isna().all()
    assert "of 4 pairs **0** differ" in text(test)
    settings = test.dataframe[0].value
    assert settings["setting"].tolist() == ["method random"]
    assert "stranger: its data are mnist5k, not digits" in text(test)


def test_the_second_studys_tickets_are_chosen_in_the_link(beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = {"study": "tiny", "studies": "pair", "tickets": "dense~imp-90", "second-tickets": "imp-90~magnitude-50"}
    table = draw("studies", Path(beside), monkeypatch, **parameters).dataframe[-1].value
    verdicts = table.drop_duplicates("ticket").set_index("ticket")["verdict"].to_dict()
    assert verdicts == {"Dense": "only in one", "IMP 90 %": "cannot tell", "Magnitude 50 %": "only in one"}


def test_garbage_in_the_link_leaves_the_page(beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("studies", Path(beside), monkeypatch, study="tiny", studies="pair", second="<b>%00~")
    assert charts(test) == 2
    assert "passed over" in text(test)
    assert "<b>%00" not in text(test)
    assert not test.error


@pytest.mark.parametrize(("name", "said"), [("second-tickets", "the second"), ("tickets", "this")])
def test_no_ticket_of_a_study_is_chosen(name: str, said: str, beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("studies", Path(beside), monkeypatch, study="tiny", studies="pair", **{name: "none"})
    assert f"No ticket of {said} study is chosen." in text(test)
    assert charts(test) == 0


def test_a_study_alone_says_how_to_add_another(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("studies", tiny_study, monkeypatch)
    assert "There is no other study of this network" in text(test)
    assert charts(test) == 0
    assert "Add a study …" in [button.label for button in test.button]


def test_a_study_without_its_like_names_those_that_have_one(
    beside: str, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = Path(shutil.copytree(tiny_study, tmp_path / "odd", ignore=shutil.ignore_patterns("results")))
    file = odd / "study.toml"
    file.write_text(file.read_text().replace('data = "digits"', 'data = "mnist5k"'))
    test = draw("studies", Path(f"{odd}:{beside}"), monkeypatch, study="odd")
    assert "There is no other study of this network" in text(test)
    assert "Studies here that can be compared with one another" in text(test)
    assert [button.label for button in test.button if (button.key or "").startswith("compare-")] == ["tiny", "twin"]
    test.button(key="compare-twin").click().run()
    assert test.selectbox(key="pick second").value == "tiny"


def test_studies_stand_in_groups_of_which_any_two_can_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = {("a", "c"), ("a", "d"), ("c", "d"), ("b", "e"), ("e", "f")}
    monkeypatch.setattr(others, "_fit", lambda one, other: (one, other) in fit or (other, one) in fit)
    views: Any = {name: name for name in "abcdef"}
    assert [list(group) for group in others.alike(views)] == [["a", "c", "d"], ["b", "e"]]


def test_a_board_has_any_number_of_studies(
    beside: str, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(Study.open(tiny_study), tmp_path / "theirs.study.zip")
    there = f"{beside}:{tmp_path / 'theirs.study.zip'}"
    test = draw("studies", Path(there), monkeypatch, study="tiny")
    assert not test.error
    assert charts(test) == 1
    assert test.multiselect(key="pick board").value == ["tiny", "twin", "theirs"]
    assert "tickets of **3** studies" in text(test)
    table = test.dataframe[0].value
    counts = table.groupby("study")["label"].size()
    assert counts["theirs"] == counts["tiny"] > counts["Its twin"]
    conditions = Results(tiny_study).table("conditions", columns=["ticket_id", "accuracy"], where="corruption = 'clean'")
    ids = [entry.id for entry in Study.open(tiny_study).entries() if entry.recipe.label == "IMP 90 %"]
    own = conditions[conditions["ticket_id"].isin(ids)]["accuracy"].mean()
    mine = table[table["label"] == "IMP 90 %"]
    assert [float(written.split("(")[0]) for written in mine["accuracy"]] == [round(100 * own, 1)] * 3
    assert {place.split()[0] for place in mine["place"]} == {"1"}  # the same network three times
    assert sorted(place[-1] for place in mine["place"]) == ["1", "○", "○"]  # that two cannot be told from the first
    assert "stranger: it has no tickets yet." in text(test)


def test_a_board_of_chosen_studies_at_a_sparsity(beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"board": "twin", "board-at": "50"}
    test = draw("studies", Path(beside), monkeypatch, study="tiny", **asked)
    assert "At 50 % sparsity" in text(test)
    assert set(test.dataframe[0].value["study"]) == {"Its twin"}
    placed = test.dataframe[0].value[lambda rows: rows["place"] != ""]
    assert set(placed["sparsity"]) == {50.0}
    assert "No study is chosen." in text(draw("studies", Path(beside), monkeypatch, study="tiny", board="none"))


def test_one_whose_results_do_not_fit_its_images_is_refused_by_name(
    beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "twin" / "results" / "conditions").glob("*.parquet"):
        rows = pq.ParquetFile(path).read()
        place = rows.schema.get_field_index("offsets")
        rows = rows.set_column(place, "offsets", pa.array([b"\0garbage"] * len(rows), rows.schema.field(place).type))
        made = files.made_by(path)
        path.write_bytes(files.encode(TABLES["conditions"], rows.replace_schema_metadata(), made))
    test = draw("studies", Path(beside), monkeypatch, study="tiny")
    assert not test.error
    assert charts(test) == 1
    assert set(test.dataframe[0].value["study"]) == {"A tiny study"}
    assert "twin: it cannot be read: The results of ticket" in text(test)
    assert "remove them" not in text(test)
    test = draw("studies", Path(beside), monkeypatch, study="tiny", studies="pair")
    assert "twin: it cannot be read: The results of ticket" in text(test)
    assert "remove them" not in text(test)
