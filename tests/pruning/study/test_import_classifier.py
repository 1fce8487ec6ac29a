"""What an import says of a network's output and classifier, and what the study does with a name that the user gives."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from pruning import Study, UserError
from pruning.cli.commands import app
from pruning.models import build_model, prunable
from pruning.study.checkpoint_import import ImportOptions, ImportResult, import_network

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes, distances):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 30), nn.ReLU())
        self.head, self.distances = nn.Linear(30, num_classes), distances
        self.aux = nn.Linear(30, num_classes)  # registered after the head
        self.gate = nn.Sequential(nn.Linear(30, 4), nn.ReLU(), nn.Linear(4, 30), nn.Sigmoid())
    def forward(self, x):
        x = self.body(x)
        x = x * self.gate(x)
        logits = -torch.cdist(x, self.head.weight) if self.distances else self.head(x)
        return (logits, self.aux(x)) if self.training else logits

def linear(num_classes): return Net(num_classes, False)
def distances(num_classes): return Net(num_classes, True)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network of the user's own, and its checkpoint."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NET)
    torch.save(build_model("net.py:linear", 10, (1, 8, 8), 0).state_dict(), "net.pth")
    return tmp_path


def imported(factory: str, classifier: str | None = None) -> ImportResult:
    options = ImportOptions(f"net.py:{factory}", factory, mean=(0.3,), std=(0.4,), classifier=classifier)
    return import_network("net.pth", "digits", options)


def rows(found: ImportResult, structure: str) -> dict[str, torch.Size]:
    """Which of the filters that the study's recipes may remove are there, by the granularity itself."""
    from pruning.granularity import get_granularity

    model = found.ticket.model()
    units = get_granularity(structure).units
    assert units is not None
    ids = units({name: weight.shape for name, weight in prunable(model).items()}, model)
    return {name: torch.Size(each.shape) for name, each in ids.items() if bool((each >= 0).all())}


@pytest.mark.usefixtures("home")
def test_the_report_says_which_layer_it_is_and_how_the_logits_are_taken() -> None:
    found = imported("linear")
    text = " ".join(found.report)
    assert "The classifier is 'head' (10 classes, 30 features), found by running the network" in text
    assert "element 0 of what it returns in training mode; the loss is that of the logits alone" in text
    assert "classifier =" not in (found.folder / "study.toml").read_text()
    assert found.ticket.recipe.classifier is None
    assert set(rows(found, "filter")) == {"body.1.weight", "aux.weight", "gate.0.weight", "gate.2.weight"}
    assert "head.weight" not in prunable(found.ticket.model(), classifier=False)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("named", [None, "head", "none"])
def test_the_user_is_asked_and_the_answer_holds_for_the_whole_study(named: str | None) -> None:
    found = imported("distances", named)
    text = " ".join(found.report)
    assert "angles, lengths, margins and maps of the features are left out" in text
    recipes = Study.open(found.folder).recipes()
    assert {recipe.classifier for recipe in recipes} == {named}
    if named is None:
        assert "--classifier NAME" in text
        with pytest.raises(UserError, match="No linear classifier was found"):
            rows(found, "filter")
    else:
        assert f'classifier = "{named}"' in (found.folder / "study.toml").read_text()
        assert "as was said" in text
        assert ("head.weight" in rows(found, "filter")) == (named == "none")


@pytest.mark.usefixtures("home")
def test_the_command_line_takes_a_name_and_refuses_a_wrong_one() -> None:
    ask = ["import", "net.pth", "--data", "digits", "--model", "net.py:linear", "--mean", "0.3", "--std", "0.4"]
    refused = CliRunner().invoke(app, [*ask, "--classifier", "aux"])
    assert isinstance(refused.exception, (UserError, SystemExit))
    assert "the output of 'head'" in refused.output + str(refused.exception)
    assert not Path("studies").exists()
    assert CliRunner().invoke(app, [*ask, "--classifier", "head"]).exit_code == 0
