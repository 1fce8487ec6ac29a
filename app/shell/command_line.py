"""`python -m app`: open the dashboard, in whatever folder one is."""

import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.shell import warming
from pruning.cli.early import INTERRUPTED
from pruning.errors import UserError

ADDRESS = "127.0.0.1"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def open_app(
    study: Annotated[
        Path | None,
        typer.Argument(help="A study folder, or its study.toml, to begin with.", show_default="a shipped one"),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of 127.0.0.1, where the dashboard is.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open the browser too.")] = True,
) -> None:
    """Open the dashboard in the browser: shipped studies, those in studies/, and those made or run elsewhere."""
    from streamlit.web import cli

    _refuse_taken(port)
    typer.echo(f"The dashboard is on http://{ADDRESS}:{port}")
    options = {
        "server.address": ADDRESS,
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.showEmailPrompt": "false",
        # Streamlit's says again where the app is, and offers over the page to write files of its own into this folder
        "logger.hideWelcomeMessage": "true",
    }
    sys.argv = ["streamlit", "run", str(Path(__file__).parents[1] / "serving.py")]
    sys.argv += [part for name, value in options.items() for part in (f"--{name}", value)]
    sys.argv += ["--", *([str(study)] if study else [])]
    warming.begin()
    # of a server that is stopped before it began
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    with _signals() as received:
        cli.main(standalone_mode=False)
    if signal.SIGINT in received:
        raise typer.Exit(INTERRUPTED)


def _refuse_taken(port: int) -> None:
    try:
        socket.create_server((ADDRESS, port)).close()
    except OSError:
        free = port % 65535 + 1
        raise UserError(
            f"Port {port} is taken; stop what uses it, or choose another one: --port {free}, or make app PORT={free}."
        ) from None


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Note the signals that are handled: Streamlit stops for several, and does not say for which."""
    received: list[int] = []
    plain = signal.signal

    def noting(number: int, handler: Any) -> Any:
        def told(number: int, frame: Any) -> Any:
            received.append(number)
            return handler(number, frame)

        return plain(number, told if callable(handler) else handler)

    signal.signal = noting  # type: ignore[assignment]
    try:
        yield received
    finally:
        signal.signal = plain
