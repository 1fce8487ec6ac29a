"""`python -m analysis`: measure the tickets of a study, and see what has been measured."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pruning.console import bars, main, stoppable
from pruning.study import Study

app = typer.Typer(
    help="Measure the tickets of a study: accuracy, overlap, geometry, corrupted images, 2-D maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyPath = Annotated[Path, typer.Argument(help="A study.toml, or the folder that holds one.", show_default=False)]

Root = Annotated[
    Path | None,
    typer.Option(help="Folder of the data sets that are not embedded.", show_default="$PRUNING_DATA, else ./data"),
]

LINE_EVERY = 10.0  # seconds between lines where there is no terminal


@app.command()
def run(
    study: StudyPath,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Make this table only; may be repeated. One of summary, layers, weights, samples, conditions, "
            "corrupted, maps.",
            show_default="all tables",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Measure also what has been measured before.")] = False,
    root: Root = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set when it is not there.")] = False,
) -> None:
    """Measure every ticket that was found, as far as that is not done yet.

    What is measured is said in [analysis] of the study.toml: corruptions, severities, embeddings, samples,
    map_samples. Ctrl-C or a kill loses at most the tickets in work: run again to go on.
    """
    from analysis import measure  # seconds of imports that --help does not need

    opened = Study.open(study)
    with stoppable("measured"), _Display(opened) as display:
        outcome = measure.run(opened, display.tell, only, force, root, download)
    for problem in outcome.mended + outcome.problems:
        display.console.print(problem, style="yellow", markup=False, highlight=False, soft_wrap=True)
    made = ", ".join(f"{table} {count}" for table, count in outcome.written.items())
    display.console.print(
        f"Measured {outcome.tickets} tickets; made: {made}."
        if made
        else f"Nothing to do: all {outcome.tickets} tickets have what was asked for.",
        highlight=False,
        soft_wrap=True,
    )
    if outcome.problems:
        raise typer.Exit(1)
    display.console.print("Next: make app")


@app.command("list")
def list_tables(study: StudyPath, root: Root = None) -> None:
    """List which tables there are for how many tickets, and what is missing."""
    from analysis.status import status

    opened = Study.open(study)
    console = Console()
    table = Table(title=opened.config.title)
    for column in ("table", "what"):
        table.add_column(column)
    for column in ("tickets", "complete", "in part", "missing"):
        table.add_column(column, justify="right")
    found = status(opened, root)
    for row in found.rows:
        table.add_row(row.table, row.meaning, *map(str, (row.tickets, row.complete, row.partial, row.missing)))
    console.print(table)
    for sentence in found.sentences:
        console.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if any(row.complete < row.tickets for row in found.rows):
        console.print(f"Next: python -m analysis run {study}", markup=False, highlight=False, soft_wrap=True)


class _Display:
    """A bar with the time left, or a line now and then where there is no terminal."""

    def __init__(self, study: Study) -> None:
        self.console = Console()
        self.bar = bars(self.console)
        self.task = self.bar.add_task(study.config.title, total=None)
        self.began = self.last = time.monotonic()

    def __enter__(self) -> "_Display":
        if self.console.is_terminal:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self.bar.stop()

    def tell(self, done: float, total: float, text: str) -> None:
        self.bar.update(self.task, completed=done, total=total, description=text or "looking at what is there")
        now = time.monotonic()
        if not self.console.is_terminal and done and now - self.last >= LINE_EVERY:
            self.last = now
            left = (now - self.began) * (total - done) / done
            self.console.print(f"{100 * done / total:3.0f} %  {text}; about {left:.0f} s left", highlight=False)


if __name__ == "__main__":
    main(app)
