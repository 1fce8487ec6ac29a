"""Looking runs nothing: a file of code runs once the user has allowed it, as it is, and never where others can ask."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.shell import layout, trust
from pruning.models.code_digest import digest_of_code
from tests.app.views.test_pages import text


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
    trust._remember(digest_of_code(network))
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
    shown = layout.harmless("Run `a[1].py` for ![x](http://host/x.png) <b> [y](z) and\n# more")
    assert "`a[1].py`" in shown
    assert "](" not in shown
    assert "\n" not in shown
    assert "](" not in layout.harmless("![x]\n(http://host/x.png)")
