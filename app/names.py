"""Names and sentences that come from files, as text that no page takes for a picture, a link or a tag."""

from __future__ import annotations

import re

_STARTS = re.compile(r"(?<=\])(?=[(\[:])|(?<=<)(?=[\w/!?])")
_JOINER = "\N{WORD JOINER}"


def shown(text: str) -> str:
    """Text on one line whose Markdown and HTML lead nowhere; it looks as it did.

    An invisible character stands where the address of a picture or a link would begin, or the name of a tag.
    """
    return _STARTS.sub(_JOINER, " ".join(text.split()))
