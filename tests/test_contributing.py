"""CONTRIBUTING's examples, one of each thing, brought from outside the packages and run end to end in two processes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.metrics import overlap
from analysis.results.store import Results
from app.shell.pages import PAGES
from pruning.data import load_data, normalise
from pruning.registry import PLUGINS
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.study.template import write_template
from pruning.training.seeds import generator
from tests import ROOT
from tests.app.views.test_pages import charts, draw, text

STUDY = """\
title = "One of each"
model = "one_hidden"
data = "stripes"
sparsities = [0.5]

[training]
epochs = 1
batch_size = 50

[[method]]
criterion = "positive"

[[method]]
finder = "early"
before = 0.25

[analysis]
families = ["tone"]
embeddings = ["pca"]
"""

DENOISING = """\
title = "Denoising"
task = "denoising"
model = "autoencoder_mlp"
data = "stripes"
sparsities = [0.5]

[training]
epochs = 1

[[method]]
criterion = "positive"
"""


def examples() -> dict[str, str]:
    """The examples by the file that they are to be written to."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^`(\S+\.py)`:\n\n```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The examples as files of a user's, named to this process and all that it starts."""
    folder = tmp_path_factory.mktemp("mine")
    files = []
    for number, (path, code) in enumerate(examples().items()):
        files.append(folder / f"{Path(path).stem}_{number}.py")
        files[-1].write_text(code, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLUGINS, os.pathsep.join(map(str, files)))
        yield os.environ[PLUGINS]


@pytest.fixture(scope="module")
def study(plugins: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that has one of each, found by the command line, and measured with two processes."""
    folder = tmp_path_factory.mktemp("study") / "mine"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    for package, jobs in (("pruning", "1"), ("analysis", "2")):
        command = [sys.executable, "-m", package, "run", str(folder), "--jobs", jobs]
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return folder


def test_there_is_an_example_of_each_and_each_stands_where_it_would_be_found() -> None:
    rooms = {str(Path(path).parent) for path in examples()}
    assert rooms == {
        "pruning/criteria",
        "pruning/finders",
        "pruning/tasks",
        "pruning/data",
        "pruning/models",
        "analysis/corruptions",
        "analysis/measures",
        "analysis/metrics/overlap_metrics",
        "app/views/shares",
    }
    assert not [path for path in examples() if (ROOT / path).exists()]


def test_the_tickets_are_those_of_the_criterion_and_of_the_finder_with_its_option(study: Path) -> None:
    entries = {entry.recipe.method: entry for entry in Study.open(study).entries()}
    assert entries.keys() == {"dense", "positive", "early"}
    assert entries["early"].recipe.option("before") == 0.25
    assert entries["early"].sparsity == entries["positive"].sparsity == 0.5
    dense, positive = (Study.open(study).load(entries[name].id) for name in ("dense", "positive"))
    for name, mask in positive.masks.items():
        weight = dense.state[name]
        assert not mask[weight <= 0].any() or mask[weight > 0].all()


def test_the_measure_holds_what_the_network_says_under_the_corruption(study: Path) -> None:
    ticket = next(entry for entry in Study.open(study).entries() if entry.recipe.method == "positive")
    rows = Results(study).table("entropy", ids=[ticket.id]).set_index(["corruption", "severity"])
    assert set(rows.index) == {("clean", 0), ("negative", 1), ("negative", 2)}
    data, model = load_data("stripes"), Study.open(study).load(ticket.id).model()
    for severity, share in ((1, 0.2), (2, 0.4)):
        clean = data.test.images.double()
        images = (clean + share * (255 - 2 * clean)).round().to(torch.uint8)
        with torch.no_grad():
            p = torch.softmax(model(normalise(images, data.mean, data.std)).double(), dim=1)
        expected = float(-(p * p.clamp_min(1e-300).log()).sum(dim=1).mean())
        assert rows.loc[("negative", severity), "entropy"] == pytest.approx(expected, rel=1e-3)


def test_the_task_trains_networks_and_its_score_is_shown(
    plugins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "denoising"
    write_template(folder, "autoencoder_mlp", "stripes", "denoising")
    assert 'task = "denoising"  # Denoising; or autoencoder' in (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(DENOISING)
    assert not run(Study.open(folder), RunOptions(jobs=1)).failed
    entry = next(entry for entry in Study.open(folder).entries() if entry.recipe.is_dense)
    data, model = load_data("stripes"), Study.open(folder).load(entry.id).model().eval()
    images = normalise(data.test.images, data.mean, data.std)
    noise = torch.randn(images.shape, generator=generator(0, "evaluation", "noise"))
    with torch.no_grad():
        error = float((model(images + noise) - images).square().mean())
    assert entry.info.accuracy == pytest.approx(error, rel=1e-5)
    assert "Best denoising error of" in text(draw("overview", folder, monkeypatch, study="denoising"))


def test_the_overlap_metric_is_asked_for_by_name(study: Path) -> None:
    opened = Study.open(study)
    masks = [opened.load(entry.id).masks for entry in opened.entries() if not entry.recipe.is_dense]
    found = overlap.pairwise(dict(zip("ab", masks, strict=True)), metric="dice")
    kept = [torch.cat([mask.reshape(-1) for mask in each.values()]).numpy() for each in masks]
    expected = 2 * (kept[0] & kept[1]).sum() / (kept[0].sum() + kept[1].sum())
    assert np.asarray(found)[0, 1] == pytest.approx(expected)


def test_the_page_is_offered_and_draws_its_chart(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PAGES.get_known("shares").title == "Shares"
    page = draw("shares", study, monkeypatch)
    assert "How accurate is a ticket that keeps so much?" in text(page)
    assert charts(page) == 1


def test_the_pages_that_ship_show_the_study(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert charts(draw("overview", study, monkeypatch)) >= 1
    assert "Dice" in str(draw("masks", study, monkeypatch))
