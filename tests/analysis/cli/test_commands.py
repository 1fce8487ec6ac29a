"""The command line: what it prints, and its one sentence when something is wrong."""

import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from analysis.cli.commands import app
from analysis.cli.ticket_scan import scan
from analysis.engine import measure
from analysis.engine.base import measures
from analysis.engine.settings import settings
from analysis.results.store import Results
from pruning.cli.commands import app as pruning_app
from pruning.cli.console import main
from pruning.study.commands import measuring, typed
from pruning.study.folder import Study
from tests import ROOT
from tests.samples import EVERY


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> "Command":
    return Command(capsys, monkeypatch)


class Command:
    """Runs `python -m analysis WORDS` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch

    def __call__(self, *words: object) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        self.monkeypatch.setattr(sys, "argv", ["python -m analysis", *map(str, words)])
        self.monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main(app)
        captured = self.capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err


def cells(out: str) -> dict[str, list[str]]:
    """The rows of a printed table: first cell -> the others."""
    rows = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in out.splitlines() if line.startswith("│")]
    return {row[0]: row[1:] for row in rows}


def test_list_counts_what_is_there(tiny_study: Path, tmp_path: Path, command: Command) -> None:
    folder = shutil.copytree(tiny_study, tmp_path / "study")
    status, out, _ = command("list", folder)
    assert status == 0
    asked = settings(Study.open(folder))
    assert {table: row[1:] for table, row in cells(out).items()} == {
        table: ["9", "9", "0", "0"] if table in ("corrupted", "maps") else ["18", "18", "0", "0"]
        for table, each in measures().items()
        if each.suits(None)
        and (each.pairs is None or table == "alignment")  # whose pairs every ticket of a study has
        and (each.parts is None or each.parts(asked, None))
    }
    assert "Next" not in out
    gone = sorted((folder / "results" / "maps").iterdir())[:2]
    for file in gone:
        file.unlink()
    cut = min((folder / "results" / "summary").iterdir())
    cut.write_bytes(cut.read_bytes()[:50])
    status, out, _ = command("list", folder)
    assert cells(out)["maps"][1:] == ["9", "7", "0", "2"]
    assert cells(out)["summary"][1:] == ["18", "17", "0", "1"]
    assert f"{cut} is damaged; the next run makes it anew." in out
    assert f"Next: {measuring(folder)}" in out


def test_list_before_anything_is_found_or_measured(found_study: Path, tmp_path: Path, command: Command) -> None:
    status, out, _ = command("list", found_study)
    assert status == 0
    assert cells(out)["conditions"][1:] == ["18", "0", "0", "18"]
    (tmp_path / "study.toml").write_text((found_study / "study.toml").read_text())
    status, out, _ = command("list", tmp_path)
    assert status == 0
    assert cells(out)["conditions"][1:] == ["0", "0", "0", "0"]
    assert f"There are no tickets yet; `{typed('pruning', 'run')}" in out


def test_of_a_study_elsewhere_list_asks_for_nothing_that_is_refused(found_study: Path, command: Command) -> None:
    url = found_study.resolve().as_uri()
    status, out, _ = command("list", url)
    assert (status, cells(out)["conditions"][1:]) == (0, ["18", "0", "0", "18"])
    assert f"{url} is only read here: it is found and measured where it lies" in out
    assert "Next:" not in out
    for words in (["run"], ["sensitivity"], ["adopt", "--trust"], ["compact"]):
        status, _, error = command(words[0], url, *words[1:])
        assert status == 2
        assert f"{url} is only read here" in error, words


def test_run_says_what_it_made_and_then_that_nothing_is_to_do(study_copy: Path, command: Command) -> None:
    status, out, err = command("run", study_copy, "--only", "layers", "--only", "summary")
    assert (status, err) == (0, "")
    assert "Measured 18 tickets; made: layers 18, summary 18." in out
    assert "Next: make app" in out
    status, out, _ = command("run", study_copy, "--only", "layers")
    assert "Nothing to do: all 18 tickets have what was asked for." in out


def test_run_names_the_tickets_it_left_out(study_copy: Path, command: Command) -> None:
    damaged = Study.open(study_copy).entries()[4].path
    damaged.write_bytes(damaged.read_bytes()[:-10])
    status, out, _ = command("run", study_copy, "--only", "layers")
    assert status == 1
    assert f"{damaged} is not a readable ticket" in out
    assert "made: layers 17" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "{copy}", "--only", "sumary"], "Unknown table 'sumary'. Did you mean 'summary'?"),
        (["run", "{copy}/nowhere"], "There is no study at"),
        (["list", "{copy}/nowhere"], "There is no study at"),
    ],
)
def test_mistakes_end_in_one_sentence(words: list[str], sentence: str, study_copy: Path, command: Command) -> None:
    status, out, err = command(*(word.format(copy=study_copy) for word in words))
    assert status == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in out + err


def test_a_typo_in_the_settings(study_copy: Path, command: Command) -> None:
    file = study_copy / "study.toml"
    file.write_text(file.read_text().replace("severities", "severity"))
    for word in ("run", "list"):
        status, _, err = command(word, study_copy)
        assert status == 2
        assert f"{file}, [analysis]: unknown key 'severity'. Did you mean 'severities'?" in err


NEVER_FOUND = 'title = "t"\nmodel = "lenet5"\ndata = "digits"\n[analysis]\n'


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("severity = [1]", "unknown key 'severity'. Did you mean 'severities'?"),
        ("severities = [6]", "'severities.0' is 6, but: input should be less than or equal to 5."),
        ('families = ["cifar_d"]', "Unknown family of corruptions 'cifar_d'. Did you mean 'cifar_c'?"),
        ('corruptions = ["foge"]', "Unknown corruption 'foge'. Did you mean 'fog'?"),
        ('corruptions = ["zigzag"]', "of the family 'mnist_c', which is not to be measured"),
        ('embeddings = ["tsne"]', "'embeddings.0' is 'tsne'"),
        ('ood = ["minst"]', "Unknown data set 'minst'. Did you mean 'mnist'?"),
        ('frost = "nowhere"', "`frost` is to be a folder of images, and there is no folder"),
        ('arrays = "nowhere"', "`arrays` is to be a folder of images, and there is no folder"),
        ('arrays = "a\\u0000"', "No file or folder can be called 'a\\x00': embedded null byte."),
        (f'frost = "{"x" * 300}"', "'…: it is too long."),
        ('inception = "~nobody-here/x"', "home directory"),
    ],
)
def test_check_says_what_is_wrong_before_anything_is_found(
    said: str, sentence: str, tmp_path: Path, command: Command
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(NEVER_FOUND + said)
    status, out, err = command("check", tmp_path)
    assert (status, out) == (2, "")
    assert f"{file}, [analysis]: " in err
    assert sentence in err


@pytest.mark.parametrize(
    ("model", "said", "whose"),
    [
        ("resnet20", "[training]\nbatch_size = 1", "Dense"),
        ("resnet20", '[[method]]\ncriterion = "magnitude"\nfinetune = { batch_size = 1 }', "Magnitude 50 %"),
        ("resnet20", "[training]\nbatch_size = 1\nepochs = 0", ""),
        ("resnet20", "[training]\nbatch_size = 2", ""),
        ("lenet300", "[training]\nbatch_size = 1", ""),
    ],
)
def test_check_knows_networks_that_cannot_be_trained_on_one_image_at_a_time(
    model: str, said: str, whose: str, tmp_path: Path, command: Command
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(f'title = "t"\nmodel = "{model}"\ndata = "digits"\nsparsities = [0.5]\n{said}\n')
    status, _, err = command("check", tmp_path)
    assert status == (2 if whose else 0)
    assert (f"{file}, {whose}: The network has batch norms" in err) == bool(whose)


@pytest.mark.parametrize("folder", EVERY, ids=lambda folder: folder.name)
def test_check_finds_nothing_wrong_with_studies_that_ship(folder: Path, command: Command) -> None:
    file = folder / "study.toml"
    if "arrays" in Study.open(file).config.analysis:
        pytest.skip("the arrays do not ship")
    assert command("check", file) == (0, f"Nothing is wrong with {file}.\n", "")


def test_check_comes_before_the_first_training_of_make_study() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nstudy: setup\n")[1].split("\n\n")[0]
    steps = [line.split("$(PY) -m ")[1].split(" $(STUDY)")[0] for line in recipe.splitlines() if "-m" in line]
    assert steps == ["analysis check", "pruning run", "analysis run"]


def test_ctrl_c_ends_in_a_sentence(study_copy: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "run_tasks", interrupted)
    status, _, err = command("run", study_copy)
    assert status == 130
    assert err.strip() == "Stopped. What was measured is kept; the same command goes on from here."


def test_what_writes_into_a_study_offers_none_that_is_only_read() -> None:
    """By what the argument says of packed studies; `sensitivity` takes tickets too, and has words of its own."""
    offered: dict[str, bool] = {}
    for program in (pruning_app, app):
        group: Any = get_command(program)
        for name, one in group.commands.items():
            for each in one.params:
                if each.name == "study" and each.param_type_name == "argument":
                    offered[name] = offered.get(name, False) or "packed" in each.help
    assert {name for name, packed in offered.items() if not packed} == {"adopt", "compact", "run", "sensitivity"}


def test_help_explains_every_option(command: Command) -> None:
    status, out, _ = command("--help")
    assert status == 0
    assert "run" in out
    assert "list" in out
    status, out, _ = command("run", "--help")
    for option in ("--only", "--family", "--jobs", "--force", "--root", "--download"):
        line = next(line for line in out.splitlines() if option in line)
        assert len(line.split(option)[1].strip("│ ")) > 15


def test_sensitivity_measures_prints_and_suggests(found_study: Path, tmp_path: Path, command: Command) -> None:
    folder = shutil.copytree(found_study, tmp_path / "study")
    status, _, error = command("sensitivity", folder)
    assert status == 2
    assert 'write `sensitivity = ["magnitude"]`' in error
    source, more = folder / "study.toml", 'sensitivity = ["magnitude"]\nsensitivity_samples = 40\n'
    source.write_text(source.read_text().rstrip() + "\n" + more)
    status, out, _ = command("sensitivity", folder, "--keep", "0.2")
    assert status == 0
    assert {"fc1", "fc2", "fc3"} <= cells(out).keys()
    assert "With 90 % of a layer's weights gone" in out
    method, shared_out = tomllib.loads(out[out.index("[[method]]") :])["method"]
    assert method["finder"] == "manual"
    assert method["sparsities"] == [0.8]
    assert shared_out["allocation"] == "sensitivity"
    assert shared_out["sensitivities"].keys() == method["layers"].keys()


def test_sensitivity_of_a_ticket_is_that_of_its_study(found_study: Path, tmp_path: Path, command: Command) -> None:
    folder = shutil.copytree(found_study, tmp_path / "study")
    source = folder / "study.toml"
    source.write_text(
        source.read_text().rstrip() + '\nsensitivity = ["magnitude"]\nsensitivity_corruptions = ["gaussian_noise"]\n'
    )
    dense = next(entry for entry in Study.open(folder).entries() if entry.recipe.is_dense)
    _, rows = scan(dense.path, ["magnitude"])
    measure.run(Study.open(folder), only=["sensitivity"])
    stored = Results(folder).table("sensitivity", ids=[dense.id])
    same = ["corruption", "severity", "layers", "sparsity", "correct", "right"]
    merged = stored.merge(rows, on=same[:4], suffixes=("", "_here"))
    assert len(merged) == len(stored) > 0
    assert (merged["right"] == merged["right_here"]).all()
    status, out, _ = command("sensitivity", dense.path, "--keep", "0.2")
    assert status == 0
    assert "Dense" in out
    assert tomllib.loads(out[out.index("[[method]]") :])["method"][0]["sparsities"] == [0.8]
    pruned = next(entry for entry in Study.open(folder).entries() if entry.sparsity > 0.4)
    status, _, error = command("sensitivity", pruned.path, "--keep", "0.2")
    assert status == 2
    assert "pruned already" in error
    status, _, error = command("sensitivity", folder, "--criterion", "snip")
    assert status == 2
    assert "--criterion is of a ticket" in error
