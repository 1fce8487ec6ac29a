"""A page drawn without a browser: the tree of what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from streamlit.testing.v1 import AppTest

from app.shell.folds import WHOLE
from app.shell.pages import PAGES
from app.shell.sections import of_page
from app.shell.theme import Mode

PATIENCE = 3600.0  # seconds; a large study is no failure


@dataclass(frozen=True)
class View:
    """A page with its parameters: the path of an address in the app, and what follows its `?`."""

    page: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, link: str, common: Mapping[str, str]) -> View:
        """The view of a link such as `masks?masks=pairs`, whole or in part; `common` is what it does not say itself.

        Raises:
            UserError: there is no such page.
        """
        parts = urlsplit(link)
        page = parts.path.strip("/").rpartition("/")[2]
        return cls(PAGES.get_known(page).name, {**common, **dict(parse_qsl(parts.query))})

    @property
    def link(self) -> str:
        """The path and what follows it, as in the app's address."""
        return self.page + ("?" + urlencode(self.parameters, safe="~") if self.parameters else "")


def draw(view: View, study: str, path: Path, mode: Mode) -> AppTest:
    """Run a view's page as the app does, beside no sidebar.

    Args:
        view: which.
        study: the study's name, as in the app's address.
        path: its folder.
        mode: whose colours.

    Raises:
        RuntimeError: it cannot be drawn.
    """
    test = AppTest.from_function(
        _script, kwargs={"page": view.page, "name": study, "path": str(path), "mode": mode}, default_timeout=PATIENCE
    )
    for name, value in view.parameters.items():
        test.query_params[name] = value
    test.session_state[WHOLE] = True
    test.run()
    for error in test.exception:  # the guard lets none through, but for those of the script below
        raise RuntimeError(f"{view.link}: {error.message}")
    return test


def sections(page: str, drawn: AppTest) -> Iterator[dict[str, str]]:
    """The parameters of each section that the page offers; of a page without sections none."""
    own = of_page(page)
    switches: Sequence[Any] = drawn.get("button_group")
    for switch in switches:
        offered = [option.content for option in switch.proto.options]
        if own and switch.label == "View" and switch.key:
            name = switch.key.removeprefix("pick ")
            yield from ({name: key} for key, section in own.items() if section.title in offered)
            return
    yield {}


def section_title(view: View) -> str:
    """The title of the view's section; '' where the page has none, or the first is meant."""
    named = [section for key, section in of_page(view.page).items() if key in view.parameters.values()]
    return named[0].title if named else ""


def _script(page: str, name: str, path: str, mode: str) -> None:  # run from its source, so that it imports for itself
    from pathlib import Path

    from app import load
    from app.shell import navigation, parameters
    from app.shell.pages import PAGES
    from app.shell.url import mirror, synchronise

    synchronise()
    study = load.open_study(name, Path(path))
    colours = "dark" if mode == "dark" else "light"
    navigation.show(PAGES[page], parameters.resolve(study, mirror(), colours))  # type: ignore[arg-type]
