"""`export`: what is written is what other programs read, with the names that an imported network came with."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils import prune

from pruning import UserError
from pruning.api import find_ticket
from pruning.checkpoints import read
from pruning.checkpoints.imported_weights import Imported, Start, origins_of
from pruning.export import Format, Names, export
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from pruning.study.checkpoint_import import ImportOptions, import_network
from pruning.ticket import Ticket
from pruning.training.config import Training


class Theirs(nn.Module):
    """A LeNet-300-100 as somebody else wrote it."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU())
        self.head = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.trunk(x.flatten(1)))
        return logits


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with half of its weights, hardly trained."""
    recipe = Recipe(model="lenet300", data="digits", criterion="snip", sparsity=0.5,
                    training=Training(epochs=0.2, warmup_epochs=0))  # fmt: skip
    path = tmp_path_factory.mktemp("tickets") / "ticket.safetensors"
    find_ticket(recipe).save(path)
    return path


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Theirs, Path]:
    """Their network under a mask, and the ticket that an import made of it."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    network = Theirs().eval()
    prune.l1_unstructured(network.trunk[0], "weight", amount=0.5)
    torch.save(network.state_dict(), "net.pth")
    found = import_network("net.pth", "digits", ImportOptions(model="lenet300", mean=(0.5,), std=(0.5,)))
    prune.remove(network.trunk[0], "weight")
    return network, next((found.folder / "tickets").glob("*.safetensors"))


def images(ticket: Ticket) -> Tensor:
    return torch.randn(5, *ticket.info.shape, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_a_state_dict_of_torch_carries_what_a_program_has_to_know(ticket: Path, tmp_path: Path) -> None:
    own, out = Ticket.load(ticket), export(ticket, Format.torch, tmp_path / "x.pt")
    state = torch.load(out, weights_only=True)
    assert state.ticket["mean"] == own.info.mean
    assert state.ticket["std"] == own.info.std
    assert state.ticket["classes"] == own.info.classes
    model = build_model("lenet300", 10, (1, 8, 8), seed=3).eval()
    model.load_state_dict(state)
    assert torch.equal(model(images(own)), own.model()(images(own)))
    back = read(out)  # without running anything that is in it
    assert all(torch.equal(back.state[name], value) for name, value in own.state.items())


@torch.no_grad()
@pytest.mark.parametrize("to", [Format.torch, Format.safetensors, Format.huggingface, Format.prune])
def test_an_imported_network_gets_its_own_names_back(to: Format, theirs: tuple[Theirs, Path]) -> None:
    network, path = theirs
    out = export(path, to, Path("out"), names=Names.original)
    fresh = Theirs().eval()
    if to is Format.prune:
        for module in (fresh.trunk[0], fresh.trunk[2], fresh.head):
            prune.identity(module, "weight")
    read_by = (lambda: torch.load(out, weights_only=True)) if to in (Format.torch, Format.prune) else (
        lambda: load_file(out if to is Format.safetensors else out / "model.safetensors")
    )  # fmt: skip
    fresh.load_state_dict(read_by())
    x = images(Ticket.load(path))
    assert torch.equal(fresh(x), network(x))
    if to is Format.prune:
        assert int((fresh.get_buffer("trunk.0.weight_mask") == 0).sum()) == 64 * 300 // 2


def test_masks_have_the_original_names_too(theirs: tuple[Theirs, Path]) -> None:
    state = torch.load(export(theirs[1], Format.torch, Path("x.pt"), masks=True, names=Names.original))
    assert {name for name in state if name.endswith("_mask")} == {
        "trunk.0.weight_mask", "trunk.2.weight_mask", "head.weight_mask"
    }  # fmt: skip


@torch.no_grad()
def test_torch_s_own_pruning_loads_it(ticket: Path, tmp_path: Path) -> None:
    own = Ticket.load(ticket)
    model = build_model("lenet300", 10, (1, 8, 8), seed=3).eval()
    for name in prunable(model):
        prune.identity(model.get_submodule(name.removesuffix(".weight")), "weight")
    model.load_state_dict(torch.load(export(ticket, Format.prune, tmp_path / "x.pt"), weights_only=True))
    assert torch.equal(model(images(own)), own.model()(images(own)))
    back = read(tmp_path / "x.pt")
    assert all(torch.equal(back.masks[name].bool(), mask) for name, mask in own.masks.items() if not mask.all())


def test_a_folder_of_hugging_face(ticket: Path, tmp_path: Path) -> None:
    own, out = Ticket.load(ticket), export(ticket, Format.huggingface, tmp_path / "mine")
    assert sorted(each.name for each in out.iterdir()) == ["config.json", "model.safetensors"]
    config = json.loads((out / "config.json").read_text())
    assert (config["image_mean"], config["num_labels"], config["id2label"]["3"]) == (own.info.mean, 10, "3")
    state = load_file(out / "model.safetensors")
    assert all(torch.equal(state[name], value) for name, value in own.state.items())
    with safe_open(out / "model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["std"]) == own.info.std


def test_what_cannot_be_given_is_said(ticket: Path, theirs: tuple[Theirs, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no imported network"):
        export(ticket, Format.torch, tmp_path / "x.pt", names=Names.original)
    for to in (Format.onnx, Format.prune, Format.huggingface):
        with pytest.raises(UserError, match="take --to torch or safetensors"):
            export(ticket, to, tmp_path / "x", masks=True)
    with pytest.raises(UserError, match="no names of tensors to choose"):
        export(theirs[1], Format.onnx, tmp_path / "x", names=Names.original)
    assert not list(tmp_path.glob("x*"))


def test_original_names_are_checked(tmp_path: Path, theirs: tuple[Theirs, Path]) -> None:
    start, folder = Ticket.load(theirs[1]).recipe.start, theirs[1].parent.parent
    assert start is not None
    assert origins_of(folder, start)["fc1.weight"] == ("trunk.0.weight", (300, 64))
    file = folder / "imports" / f"{start.weights}.safetensors"
    file.write_bytes(file.read_bytes().replace(b"trunk.0", b"trunk.1", 1))
    with pytest.raises(UserError, match="not those that were written"):
        origins_of(folder, start)
    bare = Imported({"a": torch.ones(1)}, {})
    with pytest.raises(UserError, match="keeps no original names"):
        origins_of(tmp_path, Start(weights=bare.save(tmp_path), mean=(0.5,), std=(0.5,)))
    file.unlink()
    with pytest.raises(UserError, match="is not there"):
        origins_of(folder, start)


def test_onnx_says_what_it_needs(ticket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pruning.export.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install onnx onnxscript onnxruntime"):
        export(ticket, Format.onnx, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.skipif(find_spec("onnxruntime") is None or find_spec("onnxscript") is None, reason="optional")
def test_an_onnx_program_gives_the_same_logits(ticket: Path, tmp_path: Path) -> None:
    import onnxruntime

    own, out = Ticket.load(ticket), export(ticket, Format.onnx, tmp_path / "x.onnx")
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    found = session.run(["logits"], {"images": images(own).numpy()})[0]
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), own.model()(images(own)), rtol=1e-4, atol=1e-4)
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["mean"]) == own.info.mean
