"""The modules of Streamlit's page that the start page needs besides: the browser runs them while Python starts.

Streamlit's page asks for what draws an element when the first one of its kind comes; that of Plotly is 5 MB of
JavaScript. What it calls its files is its own business: a name that is no longer there is left out.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import streamlit

NEEDED = ("PlotlyChart", "BidiComponent", "Selectbox", "ButtonGroup", "Button", "Html")
"""What draws the start page, the largest first."""
IMPORT = re.compile(rb"""(?:from|import)["']\./([\w.-]+\.js)["']""")
BEGINNING = 2**15
"""Bytes of a module in which it says what it imports."""
FOLDER, PLACE = Path(streamlit.__file__).parent / "static" / "static" / "js", "./static/js/"
"""Where they are, and where the browser asks for them."""


@cache
def links(page: str) -> str:
    """What to add to the head of Streamlit's page, besides the modules that it names itself."""
    run = [file.name for name in NEEDED for file in sorted(FOLDER.glob(f"{name}.*.js"))]
    ahead = list(run)
    for module in ahead:  # which grows by what each imports
        ahead += [name for name in _imported(module) if name not in page and name not in ahead]
    asked = (f'<link rel="modulepreload" crossorigin href="{PLACE}{name}">' for name in ahead)
    imports = (f'import("{PLACE}{name}");' for name in run)
    return f'{"".join(asked)}<script type="module">{"".join(imports)}</script>'


def _imported(module: str) -> list[str]:
    with (FOLDER / module).open("rb") as opened:
        return [name.decode() for name in IMPORT.findall(opened.read(BEGINNING))]
