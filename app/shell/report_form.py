"""Write a report from the app: which views, and then a file to keep."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app.shell.downloads import file_name
from app.shell.guard import LOG_FILE, guard, log
from app.shell.host import is_private
from app.shell.pages import PAGES, in_order
from app.shell.selection import Selection
from app.shell.url import mirror
from pruning.errors import UserError
from pruning.study.commands import typed

VIEWS = {"page": "This page, as it is", "all": "Every section of every page"}


def button(selection: Selection) -> None:
    """The button, which opens the form."""
    if st.button("Report", icon=":material/description:", type="tertiary", key="report",
                 help="Charts, sentences and tables as one file that opens offline."):  # fmt: skip
        _form(selection)


@st.dialog("Report")
def _form(selection: Selection) -> None:
    guard(_choose, selection)


def _choose(selection: Selection) -> None:
    if not is_private():
        st.info("Others can open this app, so it starts nothing. On its machine, this command writes a report:")
        st.code(typed("analysis", "report", selection.study.path), language="bash")
        return
    st.markdown("One HTML file with charts, sentences, tables, recipes and commands. It opens without a network.")
    which = st.radio("Views", list(VIEWS), format_func=lambda name: VIEWS[name], key="report views",
                     captions=["some seconds", "a minute or two"])  # fmt: skip
    if not st.button("Write it", type="primary", key="report write"):
        return
    said = st.empty()
    with st.spinner("Writing …"), tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        _write(selection, which == "all", file, said.caption)
        content = file.read_bytes()
    said.empty()
    st.download_button(
        f"Save it ({len(content) / 1e6:.1f} MB)", content, f"{file_name(selection.study.title)}.html", "text/html",
        type="primary", on_click="ignore", key="report save",
    )  # fmt: skip


def _write(selection: Selection, every: bool, file: Path, say: Callable[[str], object]) -> None:
    """Have a process of its own write it: a page that is drawn here while another is would be in its way.

    Raises:
        UserError: it could not be written; the process says why.
    """
    parameters = {name: value for name, value in mirror().items() if name != "study"}
    command = [sys.executable, "-m", "app.report", str(selection.study.path), "--out", str(file), "--ask"]
    command += ["--link", "?" + urlencode(parameters)]
    command += [] if every else ["--view", f"{_page()}?{urlencode(parameters)}"]
    address = {"STREAMLIT_SERVER_ADDRESS": str(st.get_option("server.address") or "")}  # who may run code of a study's
    with tempfile.TemporaryFile("w+") as errors:  # a file: a pipe that nobody reads meanwhile would stop the process
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=os.environ | address)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                say(line.strip())
            process.wait()
        finally:
            process.kill()  # when the form is closed before
        errors.seek(0)
        trouble = errors.read()
    if process.returncode or not file.exists():
        said = [line.removeprefix("Error: ") for line in trouble.splitlines() if line.startswith("Error: ")]
        log().error("A report could not be written:\n%s", trouble)
        raise UserError(f"The report could not be written: {' '.join(said) or f'the details are in {LOG_FILE}.'}")


def _page() -> str:
    """The page that the browser shows; the first one has no path of its own."""
    path = urlsplit(str(st.context.url or "")).path.rstrip("/").rpartition("/")[2]
    return path if path in PAGES else in_order()[0].name
