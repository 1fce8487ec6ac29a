"""The command that writes a report."""

import logging
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import typer

from analysis.cli import report_command
from pruning.cli.options import StudyPath
from pruning.cli.progress_bar import ProgressBar
from pruning.study.folder import Study

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    study: StudyPath,
    out: report_command.Out = report_command.OUT,
    view: report_command.Views = None,
    link: report_command.Link = "",
    ask: Annotated[
        bool, typer.Option("--ask", help="Run no code of the study's own that the app was not allowed to run.")
    ] = False,
) -> None:
    """Write what the app shows of a study into one HTML file, which opens offline."""  # fmt: skip
    logging.disable(logging.WARNING)  # Streamlit's, which miss a browser
    import streamlit as st

    from app.report.drawing import View
    from app.report.write import write  # seconds of imports that --help does not need
    from app.shell.trust import guard_code

    if ask:
        guard_code()
    opened = Study.open(study)
    common = {name: value for name, value in parse_qsl(urlsplit(link).query) if name != "study"}
    views = [View.read(each, common) for each in view or ()]
    with ProgressBar(opened.config.title) as display:
        written = write(opened.path, out, views, common, display.tell)
    st.cache_data.clear()  # connections that are open at the end complain
    st.cache_resource.clear()
    display.console.print(
        f"Wrote {written.path}: {written.views} views, {written.charts} charts, {written.size / 1e6:.1f} MB.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
