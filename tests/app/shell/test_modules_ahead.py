"""The modules that the browser is to run ahead are Streamlit's, and all that they need goes with them."""

import re
from pathlib import Path

import streamlit

from app.shell.modules_ahead import NEEDED, links

STATIC = Path(streamlit.__file__).parent / "static"
PAGE = (STATIC / "index.html").read_text()
HREF = r"\./static/js/([\w.-]+)"


def test_each_is_there_and_named_once() -> None:
    """Fails when Streamlit calls its modules otherwise: then the start page waits for them again."""
    run = re.findall(rf'import\("{HREF}"\)', links(PAGE))
    assert [name.partition(".")[0] for name in run] == list(NEEDED)
    ahead = re.findall(rf'href="{HREF}"', links(PAGE))
    assert len(set(ahead)) == len(ahead) >= len(run)
    assert not set(ahead) & set(re.findall(HREF, PAGE))


def test_nothing_that_they_import_is_left_to_be_asked_for() -> None:
    known = set(re.findall(HREF, PAGE)) | set(re.findall(rf'href="{HREF}"', links(PAGE)))
    for name in known:
        text = (STATIC / "static" / "js" / name).read_text()
        assert set(re.findall(r"""(?:^|[;}])import[^;"'`()]*["']\./([\w.-]+)["'];""", text)) <= known
