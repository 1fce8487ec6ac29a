"""What goes wrong on a page is a sentence, and the details are in the log."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.shell import guard
from tests import ROOT
from tests.app.views.test_pages import text


def test_the_guard_shows_no_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def script() -> None:
        from app.shell.guard import guard

        def broken() -> None:
            raise ZeroDivisionError("secret detail")

        guard(broken)

    monkeypatch.setattr(guard, "LOG_FILE", tmp_path / "app.log")
    for handler in list(guard.log().handlers):
        guard.log().removeHandler(handler)
    test = AppTest.from_function(script, default_timeout=30).run()
    assert not test.exception
    assert [error.value for error in test.error] == [
        f"Sorry, this page could not be drawn; the details are in {tmp_path / 'app.log'}."
    ]
    assert "secret detail" not in text(test)
    for handler in guard.log().handlers:
        handler.flush()
    assert "ZeroDivisionError: secret detail" in (tmp_path / "app.log").read_text()


def test_the_guard_passes_the_users_own_mistakes_on() -> None:
    def script() -> None:
        from app.shell.guard import guard
        from pruning.errors import UserError

        def wrong() -> None:
            raise UserError("Sparsity 2 is outside [0, 1).")

        guard(wrong)

    test = AppTest.from_function(script, default_timeout=30).run()
    assert "Sparsity 2 is outside [0, 1)." in text(test)
    assert not test.error


def test_what_leaves_a_fragment_is_a_sentence_too() -> None:
    def script() -> None:
        from app.shell.guard import fragment
        from pruning.errors import UserError

        @fragment
        def wrong() -> None:
            raise UserError("Sparsity 2 is outside [0, 1).")

        wrong()

    test = AppTest.from_function(script, default_timeout=30).run()
    assert "Sparsity 2 is outside [0, 1)." in text(test)
    assert not test.exception


def test_every_fragment_is_guarded() -> None:
    plain = [path for path in (ROOT / "app").rglob("*.py") if "@st.fragment" in path.read_text()]
    assert [path.name for path in plain] == ["downloads.py"]  # of buttons, which show no text that the guard would
