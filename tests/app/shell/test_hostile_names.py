"""Titles, methods and classes from files are text: no page fetches a picture, or makes a link or tag of them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from app.names import _LIKE, JOINER, shown
from app.shell import layout
from pruning.study.folder import Study
from pruning.ticket import Ticket
from tests.app.views.test_pages import _fresh, draw  # noqa: F401

PICTURE = "![x](http://evil.example/a.png)"
HTML = "<img src=http://evil.example/b.png>"
MARKED = "*so* _so_ `so` ~~so~~ $so$ :red[so] :smile: www.evil.example http://evil.example a@evil.example"


@pytest.fixture
def hostile(study_copy: Path) -> Path:
    """A study whose title, description, method and classes are all that."""
    text = (study_copy / "study.toml").read_text()
    text = text.replace('title = "A tiny study"', f"title = {json.dumps(PICTURE + HTML)}")
    old = next(line for line in text.splitlines() if line.startswith("description"))
    text = text.replace(old, f"description = {json.dumps(f'a{HTML}{chr(10)}{chr(10)}{PICTURE}')}")
    text = text.replace('criterion = "random"', f'criterion = "random"\nname = {json.dumps(PICTURE + HTML)}')
    (study_copy / "study.toml").write_text(text)
    for path in (study_copy / "tickets").iterdir():
        ticket = Ticket.load(path)
        ticket.info.classes = [f"{PICTURE}{HTML}{name}" for name in ticket.info.classes]
        ticket.save(path)
    return study_copy


def markdown(test: AppTest) -> list[str]:
    """Whatever of a page the browser takes for Markdown."""
    texts = [str(element.value) for element in [*test.markdown, *test.caption, *test.warning, *test.error]]
    texts += [option for box in test.get("button_group") for option in map(str, box.proto.options)]
    return texts + [box.label for box in [*test.selectbox, *test.checkbox, *test.button]]


@pytest.mark.parametrize(("page", "view"), [("overview", {}), ("overview", {"overview": "story"})])
def test_no_page_makes_a_picture_or_a_tag_of_a_name(
    page: str, view: dict[str, str], hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw(page, hostile, monkeypatch, **view)
    assert not test.error
    assert "evil.example" in "".join([*markdown(test), *(element.proto.body for element in test.get("html"))])
    for text in markdown(test):
        assert "](http" not in text
        assert "<img" not in text


def test_a_study_keeps_its_names_as_they_are_for_all_else(hostile: Path) -> None:
    assert Study.open(hostile).config.title == PICTURE + HTML


@pytest.mark.parametrize(
    "text", ["plain", "a [b] c", "x < 3", "f(x)[0]", "Größe 90 %", "a_b*c", "3 - 4", "a: b", "5 $"]
)
def test_what_leads_nowhere_stays(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("text", ["[a](b)", "![a][b]", "[b]: http://c", "<b>", "</p>", "<!-- x", "[a]\n(b)"])
def test_what_would_is_broken_up_and_looks_the_same(text: str) -> None:
    found = shown(text)
    assert not re.search(r"\][(\[:]|<[\w/!?]", found)
    assert found.replace("\N{WORD JOINER}", "") == " ".join(text.split())


EMPHASIS = re.compile(r"<(?!/?p>)|&amp;lt;")
SIGNS = st.text(alphabet="*_`~$:[]()<>!#&;\\/-+=1. aélt\n", max_size=24)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(SIGNS)
def test_no_sign_is_markdown_any_more(text: str) -> None:
    """Held against another reader of Markdown than the browser's."""
    rendered = MarkdownIt("commonmark").enable(["strikethrough", "table"]).render(shown(text))
    assert not EMPHASIS.search(rendered), rendered
    assert shown(text).replace(JOINER, "").translate(BACK) == " ".join(text.split())


BACK = str.maketrans({like: sign for sign, like in _LIKE.items()})


@pytest.mark.parametrize("sign", [":red[so]", ":smile:", ":material/home:", "$so$", "http://evil.example",
                                  "www.evil.example", "a@evil.example"])  # fmt: skip
def test_what_streamlit_adds_is_none_either(sign: str) -> None:
    """Colours, emoji, symbols, formulae and addresses, which are links by themselves."""
    assert not re.search(r":[\w+-]+(/\w+)?[:\[]|\$.*\$|://|www\.|@\w", shown(f"x {sign} y"))
    assert not re.search(r":[\w+-]+(/\w+)?[:\[]|[^\\]\$.*[^\\]\$|://|www\.|@\w", layout.plain(f"x {sign} y"))


@pytest.mark.parametrize("page", ["overview", "masks", "robustness", "geometry"])
def test_labels_are_not_emphasised(page: str, study_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a method or a class is called, on pages that speak of it."""
    text = (study_copy / "study.toml").read_text()
    text = text.replace('criterion = "random"', f'criterion = "random"\nname = {json.dumps(MARKED)}')
    (study_copy / "study.toml").write_text(text)
    test = draw(page, study_copy, monkeypatch)
    assert not test.error
    for text in markdown(test):
        assert not re.search(r"\*so\*|(?<!\w)_so_|`so`|~~so~~|\$so\$|:red\[|:smile:|www\.|://evil|@evil", text), text
