"""What a script or a notebook registers is known to worker processes: a study with two finds the same as with one."""

import os
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from tests import ROOT

SCRIPT = """
import sys
from pathlib import Path

import torch

from pruning import Study
from pruning.criteria import CRITERIA, Criterion
from pruning.models import MODELS, Architecture
from pruning.study.runner import RunOptions, run

SLOPE = 2.0


class Small(torch.nn.Module):
    def __init__(self, num_classes, shape):
        super().__init__()
        self.inner = torch.nn.Linear(64, 20)
        self.outer = torch.nn.Linear(20, num_classes)

    def forward(self, images):
        return self.outer(torch.relu(self.inner(images.flatten(1))))


def upper(weight):
    return weight.detach() * SLOPE


CRITERIA.register(
    Criterion("upper", "Upper", "nobody 2026", lambda model, context: {
        name: upper(weight) for name, weight in context.weights(model).items()
    }, needs_data=False)
)
MODELS.register(Architecture("small", Small))
for jobs in (1, 2):
    folder = Path(sys.argv[1]) / str(jobs)
    folder.mkdir()
    (folder / "study.toml").write_text(
        'title = "Mine"\\nmodel = "small"\\ndata = "digits"\\nseeds = [0, 1]\\nsparsities = [0.5]\\n'
        '[training]\\nepochs = 1\\n[[method]]\\ncriterion = "upper"\\n'
    )
    summary = run(Study.open(folder), RunOptions(jobs=jobs))
    assert not summary.failed, summary.failed
    assert len(summary.found) == 4
"""


def test_a_criterion_and_a_model_of_a_script_in_two_processes(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script, tmp_path], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    one, two = ({file.name: load_file(file) for file in tmp_path.glob(f"{jobs}/tickets/*")} for jobs in (1, 2))
    assert len(one) == 4
    assert one.keys() == two.keys()
    for name, tensors in one.items():
        assert all((two[name][key] == value).all() for key, value in tensors.items())
