"""The form that adds a study: what it hands on, and what it says of what cannot be used."""

from pathlib import Path

import pytest
import torch

from app.shell.import_form import Form, run_import
from pruning.errors import UserError
from pruning.models import build_model
from pruning.progress import quiet
from pruning.study.folder import Study
from pruning.ticket import Ticket
from tests.app.views.test_pages import _fresh, draw  # noqa: F401


class Uploaded:
    """An upload, as Streamlit hands it on."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data

    def getbuffer(self) -> memoryview:
        return memoryview(self.data)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "net.pt"
    torch.save(build_model("lenet300", 10, (1, 8, 8), seed=0).state_dict(), path)
    return path


def test_an_upload_becomes_a_study_and_leaves_no_copy(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    told: list[float] = []
    upload = Uploaded("../../net.pt", checkpoint.read_bytes())
    folder, report = run_import(
        Form("", upload, "digits", name="mine", model="lenet300"), lambda share, text: told.append(share)
    )
    assert [entry.recipe.model for entry in Study.open(folder).entries()] == ["lenet300"]
    assert folder.name == "mine"
    assert list((tmp_path / "scratch").glob("pruning-upload-*")) == []
    assert not any(str(tmp_path / "scratch") in line for line in report)
    assert any("test images are right" in line for line in report)
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        (Form("", None, "digits"), "Name a checkpoint"),
        (Form("net.pt", None, " "), "which data set"),
        (Form("net.pt", Uploaded("x.pt", b""), "digits"), "leave one out"),
        (Form("absent.pt", None, "digits"), "absent.pt"),
        (Form("", Uploaded("x.pt", b"nonsense"), "digits"), "x.pt"),
        (Form("net.pt", None, "digitz"), "digits"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    form: Form, word: str, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    with pytest.raises(UserError, match=word):
        run_import(form, quiet)
    assert not Path("studies").exists()


def test_the_form_is_reached_without_any_study(monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", None, monkeypatch)
    test.button(key="add-study").click().run()
    assert not test.exception


def test_inverted_masks_scores_keys_and_prefixes_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as on the command line: a file with two networks, whose first layer is masked apart from the weights."""
    monkeypatch.chdir(tmp_path)
    good, bad = (build_model("lenet300", 10, (1, 8, 8), seed=seed).state_dict() for seed in (0, 1))
    both = {"net": {f"body.{name}": value for name, value in good.items()}, "other": bad}
    torch.save(both, "net.pt")
    shape = good["fc1.weight"].shape
    size = shape.numel()
    ranks = torch.randperm(size, generator=torch.Generator().manual_seed(0)).reshape(shape)
    torch.save({"fc1.weight": (ranks < size // 4).int()}, "inverted.pt")
    torch.save({"fc1.weight": ranks.float() / 7}, "scores.pt")
    said = {"data": "digits", "model": "lenet300", "key": "net", "prefix": "body."}
    for name, more in {"inverted": {"inverted_masks": True}, "scores": {"keep": 0.25}}.items():
        form = Form("net.pt", None, name=name, masks_path=f"{name}.pt", **said, **more)  # type: ignore[arg-type]
        folder, _ = run_import(form, quiet)
        ticket = next(each for each in _tickets(folder) if each.kept < each.total)
        kept = ranks >= size // 4 if name == "inverted" else ranks >= size - size // 4
        assert torch.equal(ticket.masks["fc1.weight"], kept)
        assert torch.equal(ticket.state["fc1.weight"], good["fc1.weight"] * kept)


def _tickets(folder: Path) -> list[Ticket]:
    return [Ticket.load(entry.path) for entry in Study.open(folder).entries()]
