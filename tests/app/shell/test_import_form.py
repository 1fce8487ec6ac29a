"""The form that adds a study: the command it makes, and what it says of what cannot be used."""

from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from app.jobs import queue
from app.jobs.command import IMPORT, OPTIONS, Command
from app.shell.import_form import SEND, Form, filled
from pruning.cli.commands import app as pruning
from pruning.errors import UserError
from pruning.models import build_model
from pruning.study.folder import Study
from pruning.ticket import Ticket
from tests.app.conftest import Standing, ended
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401


class Uploaded:
    """An upload, as Streamlit hands it on."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data

    def getbuffer(self) -> memoryview:
        return memoryview(self.data)


def form(path: str = "", upload: Uploaded | None = None, **more: Any) -> Form:
    """A form for the digits."""
    return Form(**{
        "path": path, "upload": upload, "masks": "", "masks_upload": None, "values": {"--data": "digits"}, "flags": {},
    } | more)  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.pt"
    torch.save(build_model("lenet300", 10, (1, 8, 8), seed=0).state_dict(), path)
    return path


def test_an_upload_is_a_file_of_the_job_and_leads_nowhere_else(checkpoint: Path, stand_in: Standing) -> None:
    stand_in("import sys, pathlib\nprint(sys.argv[3], len(pathlib.Path(sys.argv[3]).read_bytes()))")
    content = checkpoint.read_bytes()
    command, uploads = form(upload=Uploaded("../../net.pt", content)).command()
    job = ended(queue.submit(command, uploads))
    place, size = job.log().rsplit(" ", 1)
    assert int(size) == len(content)
    assert Path(place).name == "net.pt"
    assert job.home in Path(place).parents
    assert job.study == (checkpoint.parent / "studies" / "net").resolve()
    assert not Path(place).exists()  # once it is imported


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (form(), "Name a checkpoint"),
        (form("net.pt", values={"--data": ""}), "which data set"),
        (form("net.pt", Uploaded("x.pt", b"")), "leave one out"),
        (form("absent.pt"), "no file absent.pt"),
        (form("net.pt", masks="absent.pt"), "no file absent.pt"),
        (form("net.pt", values={"--data": "a\nb"}), "does not run"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(said: Form, word: str, checkpoint: Path) -> None:
    with pytest.raises(UserError, match=word):
        said.command()


def test_every_option_of_the_command_is_in_the_form(
    study_copy: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filled in by hand, it makes a command with all of them."""
    monkeypatch.setenv("PRUNING_STUDIES", str(study_copy))

    def script() -> None:
        import streamlit as st

        from app.shell import import_form

        form = import_form._fields()
        if form is not None:
            st.text(form.command()[0].line)

    test = AppTest.from_function(script).run()
    typed = {"path": str(checkpoint), "name": "mine", "masks": str(checkpoint), "key": "net", "prefix": "body.",
             "mean": "-0.5", "std": "0.25", "root": "data", "classifier": "none"}  # fmt: skip
    for key, value in typed.items():
        test.text_input(key=f"import-{key}").set_value(value)
    for key, value in {"data": "digits", "model": "lenet300", "task": "autoencoder", "into": "copy"}.items():
        test.selectbox(key=f"import-{key}").set_value(value)
    for key in ("zeros", "inverted", "download"):
        test.checkbox(key=f"import-{key}").check()
    test.number_input(key="import-keep").set_value(0.25)
    test.button[0].click().run()
    assert not test.exception
    command = Command.read(test.text[0].value)
    assert {word.partition("=")[0] for word in command.words if word.startswith("--")} == OPTIONS[IMPORT].keys()
    assert command.values("--into") == [str(study_copy.resolve())]
    assert command.values("--mean") == ["-0.5"]


def test_what_the_form_said_can_be_said_again() -> None:
    """Streamlit refuses a value for a button, and the page of whoever gives one is not drawn."""
    said = {"import-path": "net.pt", "import-zeros": True, "import-keep": 0.25}
    given = said | {SEND: True, "import-upload": Uploaded("x", b""), "another": "y"}
    assert filled(given) == said

    def script() -> None:
        import streamlit as st

        from app.shell import import_form

        st.session_state.update(st.session_state.pop("again", {}))
        if import_form._fields() is not None:
            st.session_state["again"] = import_form.filled(st.session_state)

    test = AppTest.from_function(script).run()
    test.text_input(key="import-path").set_value("net.pt")
    test.button(key=SEND).click().run()
    test.run()
    assert not test.exception
    assert test.text_input(key="import-path").value == "net.pt"


def test_the_form_is_reached_without_any_study(monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", None, monkeypatch)
    test.button(key="add-study").click().run()
    assert not test.exception


def test_inverted_masks_scores_keys_and_prefixes_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command line does it: a file with two networks, whose first layer is masked apart from the weights."""
    monkeypatch.chdir(tmp_path)
    good, bad = (build_model("lenet300", 10, (1, 8, 8), seed=seed).state_dict() for seed in (0, 1))
    both = {"net": {f"body.{name}": value for name, value in good.items()}, "other": bad}
    torch.save(both, "net.pt")
    shape = good["fc1.weight"].shape
    size = shape.numel()
    ranks = torch.randperm(size, generator=torch.Generator().manual_seed(0)).reshape(shape)
    torch.save({"fc1.weight": (ranks < size // 4).int()}, "inverted.pt")
    torch.save({"fc1.weight": ranks.float() / 7}, "scores.pt")
    values = {"--data": "digits", "--model": "lenet300", "--key": "net", "--prefix": "body."}
    for name, flag, keep in (("inverted", True, ""), ("scores", False, "0.25")):
        said = form("net.pt", masks=f"{name}.pt", flags={"--inverted-masks": flag},
                    values={**values, "--name": name, "--keep": keep})  # fmt: skip
        command, _ = said.command()
        done = CliRunner().invoke(pruning, command.words[1:])
        assert done.exit_code == 0, done.output
        ticket = next(each for each in _tickets(queue.study_of(command)) if each.kept < each.total)
        kept = ranks >= size // 4 if name == "inverted" else ranks >= size - size // 4
        assert torch.equal(ticket.masks["fc1.weight"], kept)
        assert torch.equal(ticket.state["fc1.weight"], good["fc1.weight"] * kept)


def _tickets(folder: Path) -> list[Ticket]:
    return [Ticket.load(entry.path) for entry in Study.open(folder).entries()]
