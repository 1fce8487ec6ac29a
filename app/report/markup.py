"""Text of pages as HTML: Markdown as Streamlit writes it, and tags of which those alone are left that do nothing."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from html.parser import HTMLParser

from markdown_it import MarkdownIt

TAGS = {
    "b", "br", "code", "dd", "div", "dl", "dt", "em", "figcaption", "figure", "i", "img", "li", "mark", "ol", "p",
    "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
VOID = {"br", "img"}
DROPPED = {"script", "style", "template", "iframe", "object", "svg", "math", "title", "textarea"}
"""Tags whose insides go, too."""

_STYLE = re.compile(r"(?:\s*(?:background(?:-color)?|color|width|height)\s*:\s*[#\w().,%\s-]+;?)+")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|webp);base64,[\w+/=]+")
_CLASS = re.compile(r"[\w\s-]+")
_ICON = re.compile(r":material/\w+:\s*")
_DIRECTIVE = re.compile(r":(?:small|gray|grey|red|blue|green|orange|violet|primary)\[((?:[^\[\]\\]|\\.)*)\]")


@cache
def _reader() -> MarkdownIt:
    # Links and pictures would lead out of the file; they stay text.
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "reference"])


def from_markdown(text: str, inline: bool = False) -> str:
    """Markdown as HTML that holds neither links nor pictures nor tags of the text's own; inline without a paragraph."""
    text = _ICON.sub("", text)
    for _ in range(3):  # one within another
        text = _DIRECTIVE.sub(r"\1", text)
    return str(_reader().renderInline(text) if inline else _reader().render(text)).strip()


def without_marks(text: str) -> str:
    """The words of Markdown alone, not escaped."""
    words = re.sub(r"<[^>]*>", "", from_markdown(text, inline=True))
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def cleaned(html: str) -> str:
    """HTML of which the tags in `TAGS` are left, with class, colours and pictures that lie in them alone."""
    cleaner = _Cleaner()
    cleaner.feed(html.replace("<!", "&lt;!"))  # some of what begins so stops the parser
    cleaner.close()
    return cleaner.whole()


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._made: list[str] = []
        self._open: list[str] = []
        self._dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self._dropping.append(tag)
        if self._dropping or tag not in TAGS:
            return
        kept = "".join(f' {name}="{escape(value)}"' for name, value in attrs if value and _harmless(name, value))
        self._made.append(f"<{tag}{kept}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if tag == self._dropping[-1]:
                self._dropping.pop()
        elif tag in self._open:
            while self._open:  # what was left open within it is closed before it
                last = self._open.pop()
                self._made.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._made.append(escape(data))

    def whole(self) -> str:
        """What was made, every tag closed."""
        return "".join([*self._made, *(f"</{tag}>" for tag in reversed(self._open))])


def _harmless(name: str, value: str) -> bool:
    if name == "class":
        return bool(_CLASS.fullmatch(value))
    if name == "style":
        return "url" not in value.lower() and bool(_STYLE.fullmatch(value))
    if name == "src":
        return bool(_PICTURE.fullmatch(value))
    return name in ("alt", "title") or (name in ("colspan", "rowspan") and value.isdecimal())
