"""Bringing in networks that were trained elsewhere: what becomes of them, and what is said of what cannot be used."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from typer.testing import CliRunner

from pruning import Study, UserError
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.cli.commands import app
from pruning.data import load_data, normalise
from pruning.models import build_model
from pruning.study.checkpoint_import import ImportOptions, import_network
from pruning.study.runner import run

MEAN, STD = (0.3,), (0.4,)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """A LeNet-300-100 trained by plain torch."""
    data, model = load_data("digits"), build_model("lenet300", 10, (1, 8, 8), seed=0)
    inputs = normalise(data.train.images, MEAN, STD)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), data.train.labels).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: nn.Module) -> Path:
    """An empty folder to work in, with the network's checkpoint."""
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {f"module.{k}": v for k, v in network.state_dict().items()}}, tmp_path / "net.pth")
    return tmp_path


def state_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def accuracy_by_hand(network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> float:
    data = load_data("digits")
    with torch.inference_mode():
        logits = network(normalise(data.test.images, mean, std))
    return float((logits.argmax(1) == data.test.labels).double().mean())


def test_a_checkpoint_becomes_a_study(home: Path, network: nn.Module) -> None:
    found = import_network("net.pth", "digits", ImportOptions(mean=MEAN, std=STD))
    assert found.folder == Path("studies/net")
    assert found.accuracy == pytest.approx(accuracy_by_hand(network, MEAN, STD))
    study = Study.open(found.folder)
    assert study.config.model == "lenet300"
    assert [entry.id for entry in study.entries()] == [study.recipes()[0].id]
    for name, value in study.load(found.ticket.id).state.items():
        assert torch.equal(value, network.state_dict()[name])
    assert any("module." in line for line in found.report)
    assert any(f"{100 * found.accuracy:.2f} %" in line for line in found.report)


def test_the_study_prunes_what_was_imported(home: Path, network: nn.Module) -> None:
    """The runner starts from the imported weights, in other processes too."""
    found = import_network("net.pth", "digits", ImportOptions(mean=MEAN, std=STD, name="mine"))
    toml = found.folder / "study.toml"
    text = re.sub(r"(?m)^epochs = .*$", "epochs = 0", toml.read_text())
    text = re.sub(r"(?m)^sparsities = .*$", "sparsities = [0.5]", text)
    toml.write_text(text)
    study = Study.open(found.folder)
    outcome = run(study)
    assert not outcome.failed
    assert len(study.entries()) == 7
    magnitude = next(entry for entry in study.entries() if entry.recipe.criterion == "magnitude")
    ticket = study.load(magnitude.id)
    for name, mask in ticket.masks.items():
        assert torch.equal(ticket.state[name], network.state_dict()[name] * mask)
    assert (tuple(ticket.info.mean), tuple(ticket.info.std)) == (MEAN, STD)


def test_the_normalisation_is_found(home: Path, network: nn.Module) -> None:
    """Of the known ones, that under which the network is right most often."""
    data = load_data("digits")
    found = import_network("net.pth", "digits")
    mean, std = found.ticket.info.mean, found.ticket.info.std
    assert found.accuracy > accuracy_by_hand(network, (0.0,), (1.0,)) - 0.05
    assert found.accuracy > accuracy_by_hand(network, data.mean, data.std) - 0.05
    assert found.accuracy == pytest.approx(accuracy_by_hand(network, tuple(mean), tuple(std)))


def test_a_pruned_checkpoint_keeps_its_mask(home: Path, network: nn.Module) -> None:
    pruned = build_model("lenet300", 10, (1, 8, 8), seed=0)
    pruned.load_state_dict(state_of(network))
    for layer in pruned.children():
        prune.l1_unstructured(layer, "weight", amount=0.75)
    torch.save(pruned.state_dict(), home / "pruned.pth")
    masks = {name: getattr(pruned, name.split(".")[0]).weight_mask.bool() for name in ("fc1.weight", "fc2.weight")}
    study = import_network("net.pth", "digits", ImportOptions(mean=MEAN, std=STD)).folder
    found = import_network("pruned.pth", "", ImportOptions(into=study, name="L1", mean=MEAN, std=STD))
    assert (found.ticket.recipe.finder, found.ticket.recipe.label) == ("imported", "L1 75 %")
    for name, mask in masks.items():
        assert torch.equal(found.ticket.masks[name], mask)
    assert found.accuracy == pytest.approx(accuracy_by_hand(pruned.eval(), MEAN, STD))
    assert [entry.recipe.label for entry in Study.open(study).entries()] == ["Dense", "L1 75 %"]
    alone = import_network("pruned.pth", "digits", ImportOptions(name="alone", mean=MEAN, std=STD))
    (entry,) = Study.open(alone.folder).entries()
    assert (entry.recipe.finder, entry.recipe.label) == ("dense", "Imported 75 %")


def test_zeros_and_mask_files(home: Path, network: nn.Module) -> None:
    state = state_of(network)
    masks = {name: value.abs() > value.abs().median() for name, value in state.items() if value.ndim > 1}
    torch.save({name: value * masks.get(name, torch.ones(())) for name, value in state.items()}, home / "zeros.pth")
    torch.save({f"module.{name}_mask": mask.float() for name, mask in masks.items()}, home / "masks.pt")
    options = ImportOptions(mean=MEAN, std=STD)
    folder = import_network("net.pth", "digits", options).folder
    as_zeros = ImportOptions(into=folder, name="zeros", zeros_are_pruned=True, mean=MEAN, std=STD)
    as_file = ImportOptions(into=folder, name="file", masks=home / "masks.pt", mean=MEAN, std=STD)
    zeros, file = import_network("zeros.pth", "", as_zeros), import_network("net.pth", "", as_file)
    for name, mask in masks.items():
        assert torch.equal(zeros.ticket.masks[name], mask)
        assert torch.equal(file.ticket.masks[name], mask)
    assert zeros.accuracy == file.accuracy
    plain = import_network("zeros.pth", "digits", ImportOptions(name="plain", mean=MEAN, std=STD))
    assert plain.ticket.sparsity == 0


def test_a_network_added_to_a_study_keeps_its_normalisation_and_its_name(home: Path, network: nn.Module) -> None:
    """The study's comes first, though a known one has a lower cross-entropy; names stay to the letter."""
    near = (0.31,), (0.41,)
    study = import_network("net.pth", "digits", ImportOptions(mean=near[0], std=near[1])).folder
    found = import_network("net.pth", "", ImportOptions(into=study, name="my_method"))
    assert (tuple(found.ticket.info.mean), tuple(found.ticket.info.std)) == near
    assert found.ticket.recipe.label.split()[0] == "my_method"
    assert any("the study's own" in line for line in found.report)


def test_masks_beside_the_weights_make_two_tickets(home: Path, network: nn.Module) -> None:
    masks = {name: torch.rand(value.shape) < 0.5 for name, value in state_of(network).items() if value.ndim > 1}
    torch.save(masks, home / "masks.pt")
    found = import_network("net.pth", "digits", ImportOptions(masks=home / "masks.pt", mean=MEAN, std=STD))
    labels = [entry.recipe.label.split()[0] for entry in Study.open(found.folder).entries()]
    assert labels == ["Dense", "net"]


def test_what_cannot_be_imported(home: Path, network: nn.Module) -> None:
    import_network("net.pth", "digits", ImportOptions(mean=MEAN, std=STD))
    before = sorted(home.rglob("*"))
    torch.save({"nothing": torch.zeros(3, 3)}, home / "wrong.pth")
    torch.save({"fc1.weight": torch.ones(2, 2)}, home / "small.pt")
    torch.save({"elsewhere.weight": torch.ones(2, 2)}, home / "foreign.pt")
    for path, data, options, sentence in (
        ("net.pth", "digits", ImportOptions(), "studies/net already"),
        ("net.pth", "", ImportOptions(), "Say which images"),
        ("net.pth", "digits", ImportOptions(name="../.."), "makes no folder"),
        ("net.pth", "mnist5k", ImportOptions(into=Path("studies/net")), "is on the data 'digits'"),
        ("net.pth", "digits", ImportOptions(name="x", mean=(0.5,)), "--mean and --std together"),
        ("net.pth", "digits", ImportOptions(name="x", model="lenet5"), "lenet5"),
        ("wrong.pth", "digits", ImportOptions(), "wrong.pth|--model"),
        ("net.pth", "digits", ImportOptions(name="x", masks=home / "small.pt"), "has the shape"),
        ("net.pth", "digits", ImportOptions(name="x", masks=home / "foreign.pt"), "belong to no weight"),
        ("gone.pth", "digits", ImportOptions(), "gone.pth"),
    ):
        with pytest.raises(UserError, match=sentence) as error:
            import_network(path, data, options)
        assert "\n" not in str(error.value)
    made = {home / name for name in ("wrong.pth", "small.pt", "foreign.pt")}
    assert sorted(set(home.rglob("*")) - made) == before


def test_names_stay_in_the_studies_folder(home: Path) -> None:
    found = import_network("net.pth", "digits", ImportOptions(name="../../etc/my net", mean=MEAN, std=STD))
    assert found.folder == Path("studies/etc-my-net")
    assert not [path for path in home.parent.iterdir() if path.name.startswith("etc")]


def test_the_command_line(home: Path) -> None:
    done = CliRunner().invoke(app, ["import", "net.pth", "--data", "digits", "--mean", "0.3", "--std", "0.4"])
    assert done.exit_code == 0, done.output
    assert "Next: make study STUDY=studies/net/study.toml" in done.output
    assert "lenet300" in done.output
    assert "resnet1202" in CliRunner().invoke(app, ["models"]).output


def test_stored_weights_are_checked(home: Path, network: nn.Module) -> None:
    stored = Imported(state_of(network), {"fc1.weight": torch.rand(300, 64) < 0.5})
    digest = stored.save(home)
    start = Start(weights=digest, mean=MEAN, std=STD)
    back = Imported.load(home, start)
    assert back.digest == digest
    assert torch.equal(back.masks["fc1.weight"], stored.masks["fc1.weight"])
    assert all(torch.equal(back.state[name], value) for name, value in stored.state.items())
    file = home / "imports" / f"{digest}.safetensors"
    other = Imported(state_of(network), {}).save(home)
    os.replace(home / "imports" / f"{other}.safetensors", file)
    with pytest.raises(UserError, match="other weights than the study names"):
        Imported.load(home, start)
    file.write_bytes(b"cut")
    with pytest.raises(UserError, match="cannot be read"):
        Imported.load(home, start)
    file.unlink()
    with pytest.raises(UserError, match="are not there"):
        Imported.load(home, start)


def test_titles_may_hold_anything(home: Path) -> None:
    found = import_network("net.pth", "digits", ImportOptions(name='a "quoted" \\ näme', mean=MEAN, std=STD))
    assert Study.open(found.folder).config.title == 'a "quoted" \\ näme'
    assert json.loads(json.dumps(found.report)) == list(found.report)


@pytest.mark.parametrize("option", [{"keep": 0.1}, {"inverted_masks": True}])
def test_what_is_said_of_masks_is_refused_where_there_are_none(home: Path, option: dict[str, object]) -> None:
    with pytest.raises(UserError, match="of which the checkpoint holds none"):
        import_network("net.pth", "digits", ImportOptions(name="none", **option))  # type: ignore[arg-type]
    assert not Path("studies/none").exists()


def test_the_same_network_under_another_name_is_said_to_be_that(home: Path) -> None:
    import_network("net.pth", "digits", ImportOptions(name="first"))
    into = ImportOptions(into=Path("studies/first"), name="second", masks=Path("ones.pt"))
    masks = {name: torch.rand(value.shape) > 0.5 for name, value in first_weights(home).items()}
    torch.save(masks, "ones.pt")
    assert not [line for line in import_network("net.pth", "", into).report if "already" in line]
    again = replace(into, name="third")
    (said,) = [line for line in import_network("net.pth", "", again).report if "already" in line]
    assert said.startswith("The same weights and masks were there already, as 'second' (")
    assert said.endswith("they are called 'third' now.")
    assert not [line for line in import_network("net.pth", "", again).report if "already" in line]


def first_weights(home: Path) -> dict[str, Tensor]:
    """The weights of the checkpoint that are no vectors, by their plain names."""
    state = torch.load(home / "net.pth")["state_dict"]
    return {name.removeprefix("module."): value for name, value in state.items() if value.ndim > 1}
