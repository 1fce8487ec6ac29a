"""Text of pages as HTML."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from app.report.markup import TAGS, VOID, cleaned, from_markdown, without_marks

WORDS = st.sampled_from(
    ["<", ">", "/", '"', "'", "=", " ", "<b>", "</b>", "<script>", "</script>", "<img src=x onerror=a>",
     "<svg/onload=a>", "javascript:a", "<a href=javascript:a>", "style=", "url(http://x)", "&lt;", "<!--", "-->", "![x](http://x)",
     "[x](http://x)", "<http://x>", "`", "**", "<div style='color:red'>", "text", "<p class=a>", "]]>", "<style>"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40)


class Read(HTMLParser):
    """What a parser of another's finds: tags with attributes, and whether each that opens is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))
        if tag not in {*VOID, "meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


@given(TEXTS)
def test_of_html_nothing_is_left_that_does_or_fetches_anything(text: str) -> None:
    made = cleaned(text)
    read = Read(made)
    assert not read.open
    for tag, attributes in read.found:
        assert tag in TAGS
        for name, value in attributes:
            assert name in ("class", "style", "alt", "title", "src", "colspan", "rowspan")
            assert "url" not in str(value) or name in ("alt", "title")
            assert name != "src" or str(value).startswith("data:image/")
    assert cleaned(made) == made


@given(TEXTS)
def test_markdown_holds_neither_tags_of_its_own_nor_ways_out(text: str) -> None:
    made = from_markdown(text)
    assert {tag for tag, _ in Read(made).found} <= TAGS | {"pre", "blockquote", "hr", *(f"h{n}" for n in range(1, 7))}


def test_the_marks_of_streamlit_become_words() -> None:
    assert from_markdown(":material/info: **3** of :small[:gray[many]]", inline=True) == "<strong>3</strong> of many"
    assert from_markdown(r"a \[b\] \<c\>", inline=True) == "a [b] &lt;c&gt;"
    assert without_marks("**A < B** & `c`") == "A < B & c"


def test_what_pages_are_made_of_stays() -> None:
    tile = '<div class="tile"><i style="background:#1b2430"></i>Dense &amp; <b>97.5 %</b></div>'
    assert cleaned(tile) == tile
    assert cleaned("<style>p {}</style><p>a<br>b") == "<p>a<br>b</p>"
    picture = '<img src="data:image/png;base64,aGk=" alt="x">'
    assert cleaned(picture) == picture
    assert cleaned('<img src="data:image/svg+xml;base64,aGk=">') == "<img>"
