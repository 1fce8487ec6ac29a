"""Studies whose networks do not classify images: every page is drawn, or says in a sentence why it is not."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from analysis.cli.commands import app as analysis
from analysis.engine.base import left_out
from app import load
from app.shell import navigation
from app.shell.pages import in_order
from app.shell.parameters import resolve
from app.shell.sections import of_page
from pruning.cli.tables import tickets_table
from pruning.data import Dataset
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.tasks import TASKS, Batch, Draws, Lost, Phase, Score, Task
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401
from tests.conftest import shared


class Brightness(Task):
    """The first output is to be the mean of the image: R2 of it, which is negative at first."""

    name = "brightness"
    label = "Brightness"
    score = Score("R2", meaning="Share of the variance of the brightness that is explained.")

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the mean squared error."""
        return Lost((model(batch[0])[:, 0] - batch[0].mean((1, 2, 3))).square().mean())

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give R2 and the mean squared error."""
        pairs = [(model(images)[:, 0], images.mean((1, 2, 3))) for images, _ in batches]
        found, true = (torch.cat(each) for each in zip(*pairs, strict=True))
        error = float((found - true).square().mean())
        return 1 - error / float(true.var()), error


TOML = """\
title = "A study of another task"
task = "{task}"
model = "{model}"
data = "digits"
seeds = {seeds}
sparsities = [0.5, 0.9]

[training]
epochs = 1
batch_size = 128
warmup_epochs = 0

[[method]]
criterion = "magnitude"
finetune = {{ epochs = 1 }}

[[method]]
finder = "random_reinit"
of = "magnitude"
"""
STUDIES = {"brightness": ("lenet300", [0]), "autoencoder": ("autoencoder_mlp", [0, 1])}
PARAMETERS = {"geometry": "geometry", "robustness": "section", "masks": "masks", "dynamics": "dynamics",
              "overview": "overview"}  # fmt: skip
VIEWS = [
    (page.name, PARAMETERS.get(page.name, ""), section)
    for page in in_order()
    for section in (of_page(page.name) if page.name in PARAMETERS and page.name != "geometry" else [""])
]


@pytest.fixture(scope="module", autouse=True)
def task() -> Iterator[None]:
    TASKS.register(Brightness())
    yield
    TASKS.unregister("brightness")


@pytest.fixture(scope="module")
def studies(task: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, (model, seeds) in STUDIES.items():

        def make(folder: Path, name: str = name, model: str = model, seeds: list[int] = seeds) -> None:
            folder.mkdir(parents=True)
            (folder / "study.toml").write_text(TOML.format(task=name, model=model, seeds=seeds))
            assert not run(Study.open(folder), RunOptions(jobs=1)).failed

        found[name] = shared(tmp_path_factory, f"task {name}", make)
    return found


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(("page", "parameter", "section"), VIEWS)
def test_every_page_is_drawn_or_says_why_not(
    studies: dict[str, Path], name: str, page: str, parameter: str, section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, studies[name], monkeypatch, **({parameter: section} if section else {}))
    assert not test.error, text(test)
    written = text(test) + "".join(str(info.value) for info in test.info)
    assert len(written) > 100
    if page in ("overview", "dynamics"):
        assert "ccurac" not in written


@pytest.mark.parametrize("name", STUDIES)
def test_what_only_classifiers_have_is_not_offered(
    studies: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("dynamics", studies[name], monkeypatch, dynamics="stability")
    assert "Linear interpolation" not in test.button_group(key="pick dynamics").options
    assert "passed over" in text(test)
    monkeypatch.setenv("PRUNING_STUDIES", str(studies[name]))
    study = load.open_study(name, studies[name])
    selection = resolve(study, {}, "light")
    offered = {page.name for page in in_order() if navigation.offered(page, selection)}
    assert {"overview", "masks", "dynamics"} <= offered
    assert offered.isdisjoint({"geometry", "robustness", "samples", "gallery", "grokking"})


def test_the_best_of_a_distance_is_the_smallest(studies: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", studies["autoencoder"], monkeypatch)
    written, table = text(test), test.dataframe[0].value
    pruned = table[table["ticket"] != "Dense"]
    assert f"Best reconstruction error of {len(pruned)} chosen" in written
    best = pruned.loc[pruned["score"].idxmin()]
    assert best["ticket"] in written[written.index("Best reconstruction error") :][:400]
    reached = [entry.info.accuracy for entry in Study.open(studies["autoencoder"]).entries() if entry.recipe.is_dense]
    dense = table.loc[table["ticket"] == "Dense", "score"].iloc[0]
    assert dense == pytest.approx(float(torch.tensor(reached).double().log().mean().exp()))


def test_two_studies_of_a_task_are_compared_by_its_score(
    studies: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = Path(shutil.copytree(studies["autoencoder"], tmp_path / "twin"))
    toml = twin / "study.toml"
    toml.write_text(toml.read_text().replace("another task", "the same task"))
    folders = os.pathsep.join(map(str, [studies["autoencoder"], twin, studies["brightness"]]))
    monkeypatch.setenv("PRUNING_STUDIES", folders)
    test = draw("studies", None, monkeypatch, study=studies["autoencoder"].name)
    assert not test.error, text(test)
    table = test.dataframe[0].value
    assert table["first"].tolist() == table["second"].tolist()
    assert set(table["verdict"]) <= {"equivalent within 5 %"}
    assert "its networks are trained for another task, Brightness" in text(test)


def test_measuring_says_what_is_left_out(studies: dict[str, Path]) -> None:
    found = CliRunner().invoke(analysis, ["list", str(studies["brightness"])])
    assert found.exit_code == 0, found.output
    assert "another task (Brightness) than to classify images" in found.output
    assert "score from the tickets" not in found.output
    assert "show their R2 from the tickets" in found.output
    assert left_out(None) == []
    assert left_out("autoencoder", ["weights"]) == []
    assert "so that samples is left out" in left_out("autoencoder", ["weights", "samples"])[0]


def test_the_list_of_tickets_has_the_score_by_its_name(studies: dict[str, Path]) -> None:
    table = tickets_table(Study.open(studies["brightness"]))
    column = next(column for column in table.columns if column.header == "R2")
    assert list(column.cells) == [
        Brightness.score.text(e.info.accuracy) for e in Study.open(studies["brightness"]).entries()
    ]
