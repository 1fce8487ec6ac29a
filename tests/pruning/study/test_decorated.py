"""What a script and an installed package register is known to worker processes that find and measure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from pruning import UserError, registry
from pruning.criteria import CRITERIA
from tests import ROOT

THINGS = """
import torch
from pruning import Dataset, register_criterion, register_data, register_model
from pruning.criteria import Criterion
from analysis import register_corruption

@register_criterion("upper", needs_data=False)
def upper_first(network, context):
    return {name: weight.detach() for name, weight in context.weights(network).items()}

LOWER = Criterion("lower", "Lower", "", lambda network, context: {
    name: -weight.detach() for name, weight in context.weights(network).items()
}, needs_data=False)

@register_model("packed")
class Packed(torch.nn.Module):
    def __init__(self, num_classes, width=12):
        super().__init__()
        self.inner, self.outer = torch.nn.Linear(64, width), torch.nn.Linear(width, num_classes)
    def forward(self, images):
        return self.outer(torch.relu(self.inner(images.flatten(1))))

@register_data("stripes")
def stripes():
    labels = torch.arange(120) % 2
    across = (torch.arange(8) % 2 * 160).to(torch.uint8).expand(8, 8)
    images = torch.stack([across if label else across.T for label in labels])[:, None]
    noise = torch.randint(0, 90, images.shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Dataset.from_arrays(images + noise, labels, name="made on the way", classes=("along", "across"))

@register_corruption("negative", parameters=[0.2, 0.4])
def negative(images, parameters, draws):
    return (1 - parameters[0]) * images.float() + parameters[0] * (255 - images.float())
"""

POINTS = """
[pruning.criteria]
mine = little.things
[pruning.models]
mine = little.things:Packed
[pruning.data]
mine = little.things
[analysis.corruptions]
mine = little.things
"""

SCRIPT = """
import sys
from pathlib import Path

import pandas as pd
import torch

from analysis import register_measure
from analysis.engine import measure
from analysis.results.store import Results
from pruning import Study, register_finder
from pruning.criteria import CRITERIA, Criterion
from pruning.data import load_data, normalise
from pruning.execution import processes
from pruning.finders.base import make_ticket
from pruning.finders.options import ScoredPieces
from pruning.finders.scoring import prune_by_score
from pruning.models import MODELS, Architecture, build_model
from pruning.study.runner import RunOptions, run

assert {"upper", "lower"} <= set(CRITERIA)

pool = processes.ProcessPoolExecutor
processes.ProcessPoolExecutor = lambda jobs, *rest: pool(1, *rest)  # one other process is enough to know or not

class Small(torch.nn.Module):
    def __init__(self, num_classes, shape):
        super().__init__()
        self.inner, self.outer = torch.nn.Linear(64, 20), torch.nn.Linear(20, num_classes)
    def forward(self, images):
        return self.outer(torch.relu(self.inner(images.flatten(1))))

MODELS.register(Architecture("small", Small))
SLOPE = 2.0

def steep(weight):
    return weight.detach() * SLOPE

CRITERIA.register(
    Criterion("steep", "Steep", "nobody 2026", lambda model, context: {
        name: steep(weight) for name, weight in context.weights(model).items()
    }, needs_data=False)
)

@register_finder("once", options=ScoredPieces)
def once(recipe, parents, trainer):
    assert type(build_model("packed", 2, (1, 8, 8), 0)).__name__ == "Packed"
    model = trainer.build(recipe)
    masks = prune_by_score(recipe, model, trainer)
    return make_ticket(recipe, model, masks, trainer.train(model, recipe.training, recipe, masks), trainer, 0.0)

@register_measure(
    "entropy", needs={"logits"}, of="condition",
    columns={
        "corruption": ("str", "", "name"), "severity": ("i8", "", "severity"), "entropy": ("f64", "nats", "mean of it")
    },
)
class Entropy:
    \"\"\"How undecided predictions are.\"\"\"
    def __init__(self, context):
        self.row = dict(zip(("corruption", "severity"), context.condition)); self.total, self.n = 0.0, 0
    def update(self, shown):
        logs = torch.log_softmax(shown.logits, dim=1)
        self.total -= float((logs.exp() * logs).sum()); self.n += len(logs)
    def rows(self):
        return pd.DataFrame([{**self.row, "entropy": self.total / self.n}])

STUDY = '''
title = "Mine"
model = "small"
data = "stripes"
sparsities = [0.5]
[training]
epochs = 1
[[method]]
criterion = "upper"
[[method]]
criterion = "steep"
[[method]]
finder = "once"
criterion = "lower"
[analysis]
families = ["own"]
'''
for jobs in (1, 2):
    folder = Path(sys.argv[1]) / str(jobs)
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    summary = run(Study.open(folder), RunOptions(jobs=jobs))
    assert not summary.failed, summary.failed
    assert len(summary.found) == 4
report = measure.run(Study.open(folder), only=["entropy"], jobs=2)
assert not report.problems, report.problems
rows = Results(folder).table("entropy").set_index(["ticket_id", "corruption", "severity"])["entropy"]
data, labels = load_data("stripes"), {entry.recipe.method: entry.id for entry in Study.open(folder).entries()}
assert set(labels) == {"dense", "upper", "steep", "once"} and len(rows) == 12
for name, ticket_id in labels.items():
    for severity, share in ((1, 0.2), (2, 0.4)):
        clean = data.test.images.double()
        images = (clean + share * (255 - 2 * clean)).round().to(torch.uint8)
        with torch.no_grad():
            model = Study.open(folder).load(ticket_id).model().eval()
            p = torch.softmax(model(normalise(images, data.mean, data.std)).double(), dim=1)
        expected = float(-(p * p.log()).sum(dim=1).mean())
        assert abs(rows[ticket_id, "negative", severity] - expected) < 1e-5, (name, severity)
"""


def package(folder: Path, things: str) -> None:
    """Install a little package into a folder, as pip would."""
    (folder / "little").mkdir()
    (folder / "little" / "__init__.py").write_text("")
    (folder / "little" / "things.py").write_text(things)
    info = folder / "little-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: little\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)


def test_an_installed_package_and_a_script_in_two_processes(tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    site.mkdir()
    work.mkdir()
    package(site, THINGS)
    (work / "mine.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(work / "mine.py"), str(work)]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    one, two = ({file.name: load_file(file) for file in work.glob(f"{jobs}/tickets/*")} for jobs in (1, 2))
    assert len(one) == 4
    assert one.keys() == two.keys()
    for name, tensors in one.items():
        assert all((two[name][key] == value).all() for key, value in tensors.items())


def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "1 / 0")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_OFFERED", {})
    with pytest.raises(UserError, match=r"The package little offers little.things for pruning.criteria.*division"):
        list(CRITERIA)
    monkeypatch.undo()
    sys.modules.pop("little", None)
    assert "snip" in CRITERIA
