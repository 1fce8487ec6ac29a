"""The three views of the page Overview, drawn by Streamlit without a browser on a small study."""

import shlex
import shutil
from pathlib import Path

import pytest

from analysis.comparisons.costs import OBJECTIVES
from pruning.cli.find_command import read_recipe
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


def test_the_table_says_what_tickets_cost(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, table="efficiency", tickets="dense~imp-90")
    assert not test.error
    rows = test.dataframe[0].value.set_index("ticket")
    # LeNet-300 is linear throughout: each kept weight is multiplied once
    assert rows["macs"].to_dict() == {"Dense": 50_200, "IMP 90 %": 5_020}
    assert rows.loc["Dense", "speedup"] == 1
    assert rows.loc["Dense", "speedup interval"] == "exactly 1"
    assert rows.loc["Dense", "latency"] > 0
    assert "images at once" in text(test)


def test_a_study_without_efficiency_says_how_to_measure_it(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "older"))
    shutil.rmtree(folder / "results" / "efficiency")
    assert "--only efficiency" in text(draw("overview", folder, monkeypatch, table="efficiency"))
    test = draw("overview", folder, monkeypatch, overview="pareto")
    assert charts(test) == 1
    assert "Not measured yet" in text(test)
    assert test.selectbox(key="pick across").value == "kept"


def test_the_best_is_among_all_that_are_chosen_but_the_baseline(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dense network too, where another is the baseline; its card counts the same ones."""
    keys = "dense~imp-50~imp-90"
    test = draw("overview", tiny_study, monkeypatch, tickets=keys, baseline="imp-90")
    assert "Most accurate of 2 chosen" in text(test)
    assert "Clean images, 2 tickets" in text(test)
    assert "Most accurate of 2 chosen" in text(draw("overview", tiny_study, monkeypatch, tickets=keys))


def test_the_geometry_is_told_of_whatever_seed(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is over all trainings."""
    for seed in ("0", "1"):
        test = draw("overview", tiny_study, monkeypatch, tickets="dense~imp-90", seed=seed)
        assert "What happens to geometry?" in text(test)


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [("", ["Random 90 %", "IMP shuffled 90 %"]), ("imp-90~random-90~shuffled-90~magnitude-90", ["IMP 50 %"])],
)
def test_the_card_of_geometry_names_whom_it_leaves_out(
    columns: str, left_out: list[str], tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = "dense~imp-50~imp-90~magnitude-90~random-90~shuffled-90"
    test = draw("overview", tiny_study, monkeypatch, tickets=chosen, columns=columns)
    assert f"Left out: {' and '.join(left_out)}; Geometry shows 4 at a time." in text(test)
    assert "Left out" not in text(draw("overview", tiny_study, monkeypatch, tickets="dense~imp-90"))


def test_pareto_of_all_tickets(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, overview="pareto")
    assert not test.error
    assert charts(test) == 1
    rows = test.dataframe[0].value.set_index("ticket")
    assert len(rows) == 9
    dominated = rows["state"] == "dominated"
    assert set(rows["state"]) <= {"front", "cannot tell", "dominated"}
    behind = rows["beside"].str.extract(r"behind ([^;]+)")[0]
    assert behind.isna().equals(rows["state"] == "front")
    front = int((rows["state"] == "front").sum())
    assert f"**{dominated.sum()}** of 9 tickets" in text(test)
    assert f"**{front}** make" in text(test)
    # whoever is dominated is so by somebody who dominates
    assert dominated.sum() <= rows["dominates"].sum()
    assert behind[dominated].str.contains(" %|Dense").all()


def test_pareto_of_other_measures_and_chosen_tickets(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, overview="pareto", up="corrupted", across="time", among="chosen")
    assert not test.error
    assert len(test.dataframe[0].value) == 5
    test.selectbox(key="pick across").set_value("disk").run()
    assert not test.exception
    assert test.query_params["across"] in ("disk", ["disk"])
    assert "Counts are exact" in text(test)
    # what is upwards is not offered across
    assert set(test.selectbox(key="pick across").options) == {
        objective.label for name, objective in OBJECTIVES.items() if name != "corrupted"
    }


def test_the_story_of_a_ticket(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, overview="story", story="imp-90")
    assert not test.error
    assert charts(test) == 1
    said = text(test)
    for words in ("IMP 75 %", "not among", "IMP 50 %", "lenet300", "50 % of the weights left", "Training time"):
        assert words in said
    command = shlex.split(test.code[0].value)
    recipe = read_recipe(command[command.index("--recipe") + 1])
    found = next(e for e in Study.open(tiny_study).entries() if e.recipe.label == "IMP 90 %" and e.recipe.seed == 0)
    assert recipe.id == found.id


def test_the_story_follows_the_chooser_and_the_seed(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, overview="story", seed="1")
    test.selectbox(key="pick story").set_value("dense").run()
    assert not test.exception
    assert test.query_params["story"] in ("dense", ["dense"])
    words = shlex.split(test.code[0].value)
    recipe = read_recipe(words[words.index("--recipe") + 1])
    assert (recipe.finder, recipe.seed) == ("dense", 1)
    assert "descends from no other ticket" in text(test)


def test_a_story_needs_no_results(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", study_copy, monkeypatch, overview="story")
    assert charts(test) == 1
    assert "python -m pruning find" in test.code[0].value


@pytest.mark.parametrize("view", ["pareto", "story"])
def test_garbage_in_the_link_is_passed_over(view: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    garbage = dict.fromkeys(["up", "across", "among", "story", "table"], "<b>%00~")
    test = draw("overview", tiny_study, monkeypatch, overview=view, **garbage)
    assert charts(test) == 1
    assert "passed over" in text(test)
    assert not test.error


@pytest.mark.parametrize("view", ["tickets", "pareto", "story"])
def test_a_ticket_deleted_after_it_was_measured_is_left_out_and_named(
    view: str, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "tidied"))
    gone = next(entry for entry in Study.open(folder).entries() if entry.recipe.label == "IMP 90 %")
    gone.path.unlink()
    test = draw("overview", folder, monkeypatch, overview=view)
    assert not test.error
    assert charts(test) >= 1
    assert f"the files of {gone.id} are gone" in text(test)
