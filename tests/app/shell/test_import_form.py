"""The form that adds a study: what it hands on, and what it says of what cannot be used."""

from pathlib import Path

import pytest
import torch

from app.shell.import_form import Form, run_import
from pruning.errors import UserError
from pruning.models import build_model
from pruning.progress import quiet
from pruning.study.folder import Study
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
