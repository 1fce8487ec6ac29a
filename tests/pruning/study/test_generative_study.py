"""A study of generative networks: tickets of another task that its own are made from, and what its commands print."""

import re
from functools import partial
from pathlib import Path

import pytest
import torch
from rich.console import Console, RenderableType

from pruning import Study
from pruning.cli.tables import ticket_view, tickets_table
from pruning.data import load_data
from pruning.errors import UserError
from pruning.models import build_model
from pruning.study.checkpoint_import import ImportOptions, import_network
from pruning.study.config import expand, read_config
from pruning.study.folder import SUFFIX, TICKETS
from pruning.study.runner import RunOptions, run
from pruning.tasks import frechet, get_task
from pruning.training.seeds import generator

TOML = """\
title = "From a VAE to a GAN"
model = "gan_mlp"
task = "gan"
data = "digits"
seeds = [0, 1]
sparsities = [0.5]

[training]
epochs = 0.2
batch_size = 64
optimizer = "adamw"
lr = 0.002
betas = [0.5, 0.99]
warmup_epochs = 0

[[method]]
finder = "imp"
rate = 0.5

[[method]]
name = "from_vae"
finder = "transplant"
[method.of]
model = "vae_mlp"
task = "vae"
finder = "imp"
rate = 0.5
rewind = 2
training = { epochs = 0.3, betas = [0.9, 0.999] }
"""


def written(folder: Path, text: str = TOML) -> Path:
    """A study's folder with that file."""
    folder.mkdir()
    (folder / "study.toml").write_text(text)
    return folder


def printed(thing: RenderableType) -> str:
    """What the command line prints of it."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(thing)
    return capture.get()


def test_originals_of_another_task(tmp_path: Path) -> None:
    study = Study.open(written(tmp_path / "study"))
    for recipe in (recipe for recipe in study.recipes() if recipe.name == "from_vae"):
        of = recipe.of
        assert of is not None
        assert (recipe.task, recipe.scope, recipe.sparsity, recipe.training.epochs) == ("gan", "generator", 0.5, 0.2)
        assert (of.task, of.model, of.seed, of.sparsity) == ("vae", "vae_mlp", recipe.seed, 0.5)
        assert (of.training.epochs, of.training.betas, of.training.lr) == (0.3, (0.9, 0.999), 0.002)
        assert recipe.with_seed(7).of == of.with_seed(7)
    assert not run(study, RunOptions(jobs=1)).failed
    made = [entry for entry in study.entries() if entry.recipe.name == "from_vae"]
    assert [entry.recipe.seed for entry in made] == [0, 1]
    assert len(study.entries()) == 6  # the VAE's own are steps between
    table = printed(tickets_table(study))
    assert re.search("generator +discriminator +Fréchet", table)
    line = next(line for line in table.splitlines() if made[0].id in line)
    kept, total = made[0].info.layers["generator.fc1.weight"]
    share = 100 * sum(k for k, _ in made[0].info.layers.values()) / sum(t for _, t in made[0].info.layers.values())
    assert 0 < kept < total
    assert f"{share:.1f} %" in line
    assert " all " in line
    assert f" {get_task('gan').score.text(made[0].info.accuracy)} " in line
    shown = printed(ticket_view(study.path / TICKETS / f"{made[0].id}{SUFFIX}"))
    assert "generator (part)" in shown
    assert "training accuracy" not in shown


@pytest.mark.parametrize(
    ("line", "sentence"), [("seed = 3", "'seed' is the study's own"), ("rat = 0.5", "has no option 'rat'.*'rate'")]
)
def test_an_original_that_cannot_be(tmp_path: Path, line: str, sentence: str) -> None:
    folder = written(tmp_path / "study", TOML.replace('model = "vae_mlp"', f'model = "vae_mlp"\n{line}'))
    with pytest.raises(UserError, match=rf"method 2 \(from_vae\), of: .*{sentence}"):
        expand(read_config(folder / "study.toml"), "study.toml")


@pytest.mark.parametrize("task", ["vae", "gan"])
def test_a_network_trained_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    """A state dict becomes a study like any other: scored as it is, pruned and trained on."""
    monkeypatch.chdir(tmp_path)
    model = build_model(f"{task}_mlp", 10, (1, 8, 8), 5)
    torch.save(model.state_dict(), "net.pt")
    with pytest.raises(UserError, match="--model"):
        import_network("net.pt", "digits", ImportOptions(task=task))
    found = import_network("net.pt", "digits", ImportOptions(task=task, model=f"{task}_mlp"))
    info = found.ticket.info
    assert (info.mean, info.std) == ([0.0], [1.0])
    data = load_data("digits")
    expected = frechet.made_distance(model.eval(), data, partial(generator, 0, "evaluation"))
    assert found.accuracy == pytest.approx(expected)
    assert any(f"Fréchet distance {expected:.4g}" in line for line in found.report)
    toml = found.folder / "study.toml"
    text = toml.read_text()
    assert f'task = "{task}"' in text
    assert "synflow" not in text.replace("one of", "")
    toml.write_text(re.sub("^sparsities.*$", "sparsities = [0.5]", text, flags=re.M))
    study = Study.open(found.folder)
    assert len(study.recipes()) > 4
    if task == "vae":
        assert not run(study, RunOptions(jobs=1)).failed
        assert {entry.recipe.task for entry in study.entries()} == {"vae"}
