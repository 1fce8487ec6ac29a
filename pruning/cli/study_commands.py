"""Commands on whole studies: `run`, `list`, `init`; and `models`, what they may be on."""

from pathlib import Path
from typing import Annotated

import typer

from pruning.cli.console import PlainConsole, stoppable
from pruning.cli.options import AnyStudyPath, Device, Download, Gpus, Memory, On, OwnStudyPath, Root, Threads
from pruning.cli.run_display import RunDisplay
from pruning.cli.tables import models_table, studies_table, tickets_table
from pruning.execution import PROCESSES
from pruning.study.folder import Study
from pruning.study.known import remember
from pruning.study.runner import RunOptions, run
from pruning.study.staleness import stale_tickets
from pruning.study.template import write_template


def run_study(
    study: OwnStudyPath,
    jobs: Annotated[
        int, typer.Option(min=0, help="Tickets found side by side; 0: one a core, 1 for large networks.")
    ] = 0,
    device: Device = "auto",
    root: Root = None,
    download: Download = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Find those again whose finder or criterion was mended since.")
    ] = False,
    threads: Threads = 0,
    memory: Memory = 0.0,
    method: Annotated[
        list[str] | None, typer.Option(help="This method alone; may be repeated.", show_default="all")
    ] = None,
    sparsity: Annotated[
        list[float] | None, typer.Option(help="So sparse alone, such as 0.9; may be repeated.", show_default="all")
    ] = None,
    on: On = PROCESSES,
    gpus: Gpus = None,
) -> None:
    """Find every ticket that the study asks for and does not have yet.

    Ctrl-C or a kill loses at most the tickets in work: run again to go on.
    """
    opened = Study.open(study)
    remember(opened.path)
    only = tuple(method or ()), tuple(sparsity or ())
    options = RunOptions(str(root) if root else None, download, device, jobs, stale, threads, memory, *only, on, gpus)
    with stoppable("found"), RunDisplay(opened) as display:
        summary = run(opened, options, display.tell, display)
    display.summary(summary)
    if summary.failed:
        raise typer.Exit(1)


def list_tickets(study: AnyStudyPath = None) -> None:
    """List the tickets of a study, or the studies there are."""
    console = PlainConsole()
    if study is None:
        console.print(studies_table())
    else:
        opened = Study.open(study)
        console.print(tickets_table(opened))
        for problem in [*opened.scan()[1], *stale_tickets(opened).values()]:
            console.print(problem, style="yellow", highlight=False, soft_wrap=True)


def write_study(
    folder: Annotated[Path, typer.Argument(help="The new study's folder, best below studies/.", show_default=False)],
    model: Annotated[str, typer.Option(help="The network.")] = "lenet5",
    data: Annotated[str, typer.Option(help="The data set.")] = "mnist5k",
    task: Annotated[
        str | None,
        typer.Option(help="What networks are trained for, or path/to/file.py:factory.", show_default="classification"),
    ] = None,
) -> None:
    """Write a study.toml, with every choice explained, to start from."""
    path = write_template(folder, model, data, task)
    remember(path.parent)
    PlainConsole().print(f"Wrote {path}. Look it through, then: make study STUDY={path}", soft_wrap=True)


def list_models() -> None:
    """List the networks that are known by name."""
    PlainConsole().print(models_table())
