"""What `python -m analysis report` does: has the app's own program draw it, as nothing here knows how to draw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pruning.errors import UserError

PROGRAM = "app.report"
"""The module that is run, with the arguments of the command."""

Out = Annotated[Path, typer.Option("--out", "-o", help="The file to write.")]
Views = Annotated[
    list[str] | None,
    typer.Option(
        "--view",
        help="A page, or a link of the app such as masks?masks=pairs; may be repeated.",
        show_default="all sections of all pages",
    ),
]
Link = Annotated[
    str, typer.Option(help="A link copied from the app, whose tickets, baseline and so on all views have.")
]
OUT = Path("report.html")


def run(study: Path, out: Path, views: Sequence[str], link: str) -> None:
    """Run the program in a process of its own; its exit status is the command's.

    Raises:
        UserError: the app is not installed.
    """
    missing = next((name for name in ("app", "streamlit", "plotly") if find_spec(name) is None), None)
    if missing:
        raise UserError(
            f"The app draws the report, and its part {missing} is not installed: pip install "
            '"pruning-side-by-side[app]".'
        )
    asked = [part for view in views for part in ("--view", view)]
    command = [sys.executable, "-m", PROGRAM, str(study), "--out", str(out), "--link", link, *asked]
    status = subprocess.run(command, check=False).returncode
    if status:
        raise typer.Exit(status)
