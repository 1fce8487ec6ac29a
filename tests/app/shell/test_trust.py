"""Looking runs nothing: a file of code runs once the user has allowed it, as it is, and never where others can ask."""

import json
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import allowed, load
from app.names import shown
from app.shell import navigation, trust
from app.shell.pages import in_order
from app.shell.parameters import resolve
from pruning.cli.tables import tickets_table
from pruning.models.code_digest import digest_of_code
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that notes when it is run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(st, "get_option", lambda name: "127.0.0.1")
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "helper.py").write_text("HIDDEN = 4\n")
    file = folder / "net.py"
    file.write_text(
        "import pathlib\nfrom torch import nn\nfrom helper import HIDDEN\n"
        "pathlib.Path(__file__).with_name('ran').touch()\n"
        "def make(num_classes, shape):\n    return nn.Sequential(nn.Flatten(), nn.Linear(HIDDEN, num_classes))\n"
    )
    return file


def page(file: Path) -> AppTest:
    def script(file: str) -> None:
        import streamlit as st

        from app.shell.guard import guard
        from app.shell.trust import guard_code
        from pruning.models.user_file import build_from_file

        guard_code()
        if guard(lambda: build_from_file(f"{file}:make", 3, (1, 2, 2))) is not None:
            st.markdown("It ran.")

    return AppTest.from_function(script, kwargs={"file": str(file)}, default_timeout=60)


def test_code_runs_once_it_is_allowed_and_asks_again_when_it_or_what_it_imports_changes(network: Path) -> None:
    test = page(network).run()
    assert "net.py" in text(test)
    assert not network.with_name("ran").exists()
    test.button[0].click().run()
    assert "It ran." in text(test)
    assert network.with_name("ran").exists()
    assert "It ran." in text(page(network).run())  # another session remembers
    network.with_name("ran").unlink()
    network.with_name("helper.py").write_text("HIDDEN = 4  # changed\n")
    again = page(network).run()
    assert [button.label for button in again.button] == ["Run net.py"]
    assert not network.with_name("ran").exists()


def test_code_never_runs_where_others_can_open_the_app(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed.remember(digest_of_code(network))
    for address in ("0.0.0.0", "", "192.168.0.7", "example.org"):
        monkeypatch.setattr(st, "get_option", lambda name, address=address: address)
        test = page(network).run()
        assert "never runs where others can open this app" in text(test)
        assert not test.button
        assert not network.with_name("ran").exists()
    for address in ("127.0.0.1", "::1", "localhost"):
        monkeypatch.setattr(st, "get_option", lambda name, address=address: address)
        assert "It ran." in text(page(network).run())


def test_a_sentence_that_quotes_what_is_hostile_shows_no_picture_or_link() -> None:
    safe = shown("Run `a[1].py` for ![x](http://host/x.png) <b> [y](z) and\n# more")
    assert "ˋa[1].pyˋ" in safe  # no mark of code either
    assert "](" not in safe
    assert "\n" not in safe
    assert "](" not in shown("![x]\n(http://host/x.png)")


EVIL = """\
import pathlib
from pruning.tasks import get_task

pathlib.Path(__file__).with_name("ran").touch()


def factory():
    return get_task(None)
"""


@pytest.mark.parametrize("page", ["overview", "masks", "dynamics", "studies", "geometry", "samples"])
def test_opening_a_study_runs_no_task_of_its_own_before_it_is_allowed(
    page: str, study_copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(st, "get_option", lambda name: "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    file = study_copy / "evil.py"
    file.write_text(EVIL)
    toml = study_copy / "study.toml"
    toml.write_text(f"task = {json.dumps(f'{file}:factory')}\n" + toml.read_text())
    trust.guard_code()
    test = draw(page, study_copy, monkeypatch)
    assert "evil.py is code" in text(test) or page == "studies"  # which asks nothing of the task
    assert not test.error
    assert not file.with_name("ran").exists()
    entries = navigation.entries(resolve(load.open_study("copy", study_copy), {}, "light"))
    assert len(entries) == len(in_order()) + 1
    assert not file.with_name("ran").exists()
    if page != "overview":
        return
    next(button for button in test.button if button.label == "Run evil.py").click().run()
    assert file.with_name("ran").exists()
    assert "A tiny study" in text(test)


def test_a_study_whose_task_is_gone_says_so(study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = study_copy / "study.toml"
    toml.write_text('task = "nowhere.py:factory"\n' + toml.read_text())
    test = draw("overview", study_copy, monkeypatch)
    assert "nowhere.py" in text(test)
    assert not test.error


def test_listing_a_study_runs_no_task_of_its_own(study_copy: Path) -> None:
    file = study_copy / "evil.py"
    file.write_text(EVIL)
    toml = study_copy / "study.toml"
    toml.write_text(f"task = {json.dumps(f'{file}:factory')}\n" + toml.read_text())
    assert "score" in str(tickets_table(Study.open(study_copy)).columns[5].header)
    assert not file.with_name("ran").exists()
