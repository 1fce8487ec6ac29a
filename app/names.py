"""Names in a row, and what comes from files as text that no page takes for a picture, a link, a tag or an emphasis."""

from __future__ import annotations

import re
from collections.abc import Iterable

JOINER = "\N{WORD JOINER}"  # invisible; what is broken up by it looks as it did

_BREAKS = re.compile(
    r"(?<=\])(?=[(\[:])"  # addresses of pictures and links
    r"|(?<=<)(?=[\w/!?])"  # names of tags
    r"|(?<=:)(?=[\w+-]+(?:/\w+)?[:\[])"  # :smile:, :red[...], :material/home:
    r"|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\w@)(?=\w)"  # addresses that are links by themselves
    r"|(?<!\w)(?=_)|(?<=_)(?!\w)"  # within a word, which this makes of it, _ is no emphasis
    r"|(?<=&)(?=#?\w+;)"  # signs that are spelled out
    r"|(?<=\\)(?=[^\w\s])"  # what a backslash would hide
    r"|^(?=(?:#{1,6}|[+*-]|\d+[.)])(?:\s|$)|>|[-=*~`]{3})"  # headings, lists, quotations, lines
)
_LIKE = {"*": "\N{ASTERISK OPERATOR}", "`": "\N{MODIFIER LETTER GRAVE ACCENT}", "~": "\N{TILDE OPERATOR}",
         "$": "\N{SMALL DOLLAR SIGN}"}  # fmt: skip
"""Signs that come in pairs and that nothing invisible keeps from it, and others that look like them."""


def listed(names: Iterable[str], most: int | None = None) -> str:
    """`a`, `a and b`, `a, b and c`; of many, where `most` says how many, those and how many more; "" of none."""
    names = list(names)
    if most is not None and len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shown(text: str) -> str:
    """Text on one line whose Markdown and HTML do nothing; it looks as it did.

    It may stand in Markdown, in HTML that is escaped, and in a chart, so that nothing in it is escaped.
    """
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """The same on as many lines as it has."""
    for sign, like in _LIKE.items():
        if text.count(sign) > 1:
            text = text.replace(sign, like)
    return _BREAKS.sub(JOINER, text)
