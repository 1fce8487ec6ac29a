"""The command `find`: one ticket from a recipe that is written down as JSON."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pruning.api import find_ticket
from pruning.cli.console import PlainConsole
from pruning.cli.options import Device, Download, Memory, On, Root, Threads
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.execution import PROCESSES, executor_on
from pruning.federated.clients import clients_on
from pruning.recipe import Recipe
from pruning.study.commands import shared
from pruning.study.folder import SUFFIX
from pruning.tasks import get_task
from pruning.validation import validate


def read_recipe(text: str) -> Recipe:
    """Return the recipe in a JSON text, which begins with a brace, or else in the file of that name.

    Raises:
        UserError: the file cannot be read, the text is not JSON, or the recipe says what is not allowed.
    """
    where = "--recipe"
    if not text.lstrip().startswith("{"):
        where = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The recipe {where} cannot be read: {error}; give a file or the JSON itself.") from None
    try:
        plain = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}.") from None
    return validate(Recipe, plain, where)


def find_from_recipe(
    recipe: Annotated[str, typer.Option(help="The recipe as JSON, or a file with it.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="ID.safetensors")
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(help="Folder of the study whose imported weights the recipe starts from.", show_default=False),
    ] = None,
    device: Device = "auto",
    root: Root = None,
    download: Download = False,
    threads: Threads = 0,
    memory: Memory = 0.0,
    jobs: Annotated[
        int,
        typer.Option(
            min=0,
            help="Clients of a federated ticket that learn side by side; 0: one, on Ray as many as it has room for.",
        ),
    ] = 0,
    on: On = PROCESSES,
) -> None:
    """Find one ticket from its recipe, and on the way those it descends from.

    The app gives this command for every ticket. The same recipe on as many threads of the same machine gives the same
    ticket.
    """
    asked = read_recipe(recipe)
    if asked.start is not None and study is None:
        raise UserError("This recipe starts from imported weights; add --study with the folder of their study.")
    weights = study if asked.start is not None else None
    bar = ProgressBar(f"{asked.label}, seed {asked.seed}")
    with bar, executor_on(on, jobs) as executor, clients_on(executor):
        ticket = find_ticket(asked, bar.tell, device, root, download, weights, threads, memory)
    score = get_task(asked.task).score
    path = out or Path(f"{asked.id}{SUFFIX}")
    ticket.save(path)
    PlainConsole().print(
        f"Wrote {path}: {asked.label}, seed {asked.seed}, {score.name} {score.text(ticket.info.accuracy, 2)}.",
        highlight=False,
        soft_wrap=True,
    )


def command_line(recipe: Recipe, study: Path, threads: int = 0) -> str:
    """Return the command line that finds the recipe's ticket again, on the threads that it records.

    The study's folder is named where it is needed, which is for imported weights.
    """
    plain = recipe.canonical() | ({"name": recipe.name} if recipe.name else {})
    parts = ["--recipe", json.dumps(plain)]
    if recipe.start is not None:
        parts += ["--study", str(study)]
    if threads:
        parts += ["--threads", str(threads)]
    return shared("pruning", "find", *parts, "--out", f"{recipe.id}{SUFFIX}")
