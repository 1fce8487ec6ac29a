"""Dynamics, and the views of Masks, drawn by Streamlit without a browser on small studies and on what is missing."""

import shutil
from pathlib import Path

import pytest

from analysis.comparisons import dynamics, mask_distances
from analysis.engine import measure
from analysis.results.store import Results
from app.load import open_study
from app.shell.families import controls
from app.shell.pages import in_order
from app.shell.sections import of_page
from pruning.study.commands import typed
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

SEARCHED = """\
title = "Searched for"
model = "lenet300"
data = "digits"
seeds = [0, 1]
sparsities = [0.9]

[training]
epochs = 6
batch_size = 64
lr = 0.1
warmup_epochs = 0

[[method]]
finder = "imp"
rate = 0.7

[[method]]
finder = "shuffled"
of = "imp"

[[method]]
finder = "reordered"
of = "imp"

[[method]]
name = "dense_again"
finder = "reordered"
of = "dense"
rewind = 20

[[method]]
finder = "jackpot"
search = { epochs = 2 }

[[method]]
finder = "early_bird"

[analysis]
corruptions = ["brightness"]
severities = [1]
"""
TABLES = ["summary", "conditions", "lines", "stability"]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a second data order, a search and an early bird, measured as far as the page asks."""
    folder = tmp_path_factory.mktemp("searched") / "searched"
    folder.mkdir()
    (folder / "study.toml").write_text(SEARCHED)
    assert not run(Study.open(folder), RunOptions(jobs=1)).failed
    measure.run(Study.open(folder), only=TABLES, jobs=1)
    return folder


def test_dynamics_is_a_page() -> None:
    names = [page.name for page in in_order()]
    assert names.index("dynamics") > names.index("masks")


@pytest.mark.parametrize(
    ("view", "count"), [("training", 1), ("levels", 2), ("line", 2), ("stability", 2), ("cost", 1)]
)
def test_every_view_of_dynamics(view: str, count: int, searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", searched, monkeypatch, dynamics=view)
    assert charts(test) == count
    assert not test.error


@pytest.mark.parametrize(("view", "count"), [("pairs", 3), ("many", 2), ("training", 3)])
def test_every_view_of_masks(view: str, count: int, searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", searched, monkeypatch, masks=view)
    assert charts(test) == count
    assert not test.error


def test_controls_join_the_chosen_tickets(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = open_study("searched", searched)
    assert controls(study, ["imp-90"]) == ["shuffled-90", "reordered-90"]
    assert controls(study, ["dense"]) == ["dense_again-0"]
    alone = draw("dynamics", searched, monkeypatch, tickets="dense~imp-90")
    both = draw("dynamics", searched, monkeypatch, tickets="dense~imp-90", curves="controls")
    assert alone.dataframe[0].value["ticket"].tolist() == ["Dense", "IMP 90 %"]
    assert len(both.dataframe[0].value) == 4


def test_the_early_stop_is_that_of_the_tickets(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", searched, monkeypatch, tickets="imp-90")
    table = test.dataframe[0].value.set_index("ticket")
    entries = [entry for entry in Study.open(searched).entries() if entry.recipe.method == "imp"]
    least = [min(entry.info.history, key=lambda point: point.test_loss).epoch for entry in entries]
    assert table.at["IMP 90 %", "epoch"] == pytest.approx(sum(least) / len(least))


def test_the_line_is_that_of_the_pair_in_the_link(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", searched, monkeypatch, dynamics="line", pair="reordered-90")
    assert "Error along the line from IMP 90 % to its second training" in text(test)
    assert test.selectbox(key="pick pair").value == "reordered-90"
    test.selectbox(key="pick pair").set_value("dense_again-0").run()
    assert "Error along the line from Dense to its second training" in text(test)


def test_what_is_trained_again_but_not_measured_names_the_command(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "unmeasured"
    folder.mkdir()
    (folder / "study.toml").write_text((searched / "study.toml").read_text())
    shutil.copytree(searched / "tickets", folder / "tickets")
    for view in ("line", "stability"):
        test = draw("dynamics", folder, monkeypatch, dynamics=view)
        assert "--only lines --only stability" in text(test)
        assert charts(test) == 0
    for view in ("levels", "cost"):
        assert typed("analysis", "run") in text(draw("dynamics", folder, monkeypatch, dynamics=view))
    assert Results(folder).ids("lines") == []


@pytest.mark.parametrize("view", ["line", "stability"])
def test_a_study_without_a_second_order_says_which_method_it_needs(
    view: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("dynamics", tiny_study, monkeypatch, dynamics=view)
    assert charts(test) == 0
    assert 'finder = "reordered"' in text(test)
    assert typed("pruning", "run") in text(test)
    assert not test.error


def test_levels_follow_the_method_chosen(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", tiny_study, monkeypatch, dynamics="levels")
    assert test.selectbox(key="pick level").value == "imp"
    assert test.multiselect(key="pick against").value == ["shuffled"]
    assert "**IMP shuffled**" in text(test)
    test = draw("dynamics", tiny_study, monkeypatch, dynamics="levels", against="none")
    assert "There is nothing to compare IMP with." in text(test)
    assert charts(test) == 1


def test_the_cost_counts_all_that_a_ticket_descends_from(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", searched, monkeypatch, dynamics="cost", tickets="dense~imp-90~jackpot-90")
    table = test.dataframe[0].value.set_index("ticket")
    assert table["epochs"].to_dict() == {"Dense": 6, "IMP 90 %": 18, "Jackpot 90 %": 8}  # IMP: dense and two levels
    assert table["search"].to_dict() == {"Dense": 0, "IMP 90 %": 0, "Jackpot 90 %": 2}
    assert draw("dynamics", searched, monkeypatch, dynamics="cost", cost="seconds").error == []


def test_masks_over_training_name_the_epoch(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", searched, monkeypatch, masks="training", tickets="dense~early_bird-90~jackpot-90", bird="95")
    entries = [entry for entry in Study.open(searched).entries() if entry.recipe.method == "dense"]
    settled = []
    for entry in entries:
        epochs, tables = dynamics.mask_distances(entry)
        settled.append(mask_distances.settled(epochs, tables[0.95]))
    written = text(test)
    met = [window[1] for window in settled if window]
    assert ("never settle" in written) == (not met)
    assert all(f"{epoch:g}" in written for epoch in met)
    assert "says little here" in written or not met


def test_a_dense_network_of_an_earlier_version_has_no_distances(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamics, "mask_distances", lambda entry: ([], {}))
    test = draw("masks", searched, monkeypatch, masks="training", tickets="dense")
    assert "was not noted" in text(test)
    assert "Dense networks that are found today note it" in text(test)
    assert "No chosen ticket noted how its mask moved" in text(test)  # nor has it searched for anything
    assert charts(test) == 0


@pytest.mark.parametrize("page", ["dynamics", "masks"])
def test_garbage_in_the_link_leaves_the_page(page: str, searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["curve", "curves", "level", "against", "pair", "apart", "cost", "sets", "order", "pairs-of", "watched",
             "bird", "swaps"]  # fmt: skip
    for view in [*of_page(page), "<b>%00~"]:
        test = draw(page, searched, monkeypatch, **{page: view}, **dict.fromkeys(names, "<b>%00~-1"))
        assert charts(test) or test.slider  # pruned by hand
        assert not test.error


@pytest.mark.parametrize("view", list(of_page("dynamics")))
def test_no_ticket_chosen(view: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("dynamics", tiny_study, monkeypatch, tickets="none", dynamics=view)
    assert not test.error


def test_one_ticket_alone_has_masks_over_training(searched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", searched, monkeypatch, masks="training", tickets="dense")
    assert charts(test) == 2
    assert "Two tickets are needed" in text(draw("masks", searched, monkeypatch, masks="many", tickets="dense"))


def test_the_tickets_of_an_upset_plot_go_into_the_link(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, masks="many", sets="random-90~imp-90")
    assert test.multiselect(key="pick sets").value == ["random-90", "imp-90"]
    assert charts(test) == 2
    test = draw("masks", tiny_study, monkeypatch, masks="many", sets="imp-90")
    assert "Fewer than two tickets are compared." in text(test)
