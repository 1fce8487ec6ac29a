"""`python -m analysis`: measure the tickets of a study, and see what has been measured."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from analysis.cli import compare_command, report_command, study_files
from pruning.cli.console import PlainConsole, stoppable
from pruning.cli.options import Download, Gpus, On, OwnStudyPath, Root, StudyPath, Threads
from pruning.cli.progress_bar import ProgressBar
from pruning.cli.ticket_commands import ticket_file
from pruning.errors import UserError
from pruning.execution import PROCESSES
from pruning.study.commands import measuring, typed
from pruning.study.folder import SUFFIX, Study
from pruning.study.opened import only_read

app = typer.Typer(
    help="Measure the tickets of a study: accuracy, overlap, geometry, corrupted images, 2-D maps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    study: OwnStudyPath,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Make this table only; may be repeated. `{typed('analysis', 'tables')}` prints all.",
            show_default="all tables",
        ),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="This time, measure this family of corruptions instead of the study's; may be repeated. Such "
            "as cifar_c.",
            show_default="the study's",
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=0, help="Processes for all but large networks; 0: as many as pay."),
    ] = 0,
    force: Annotated[
        bool,
        typer.Option("--force", help="Measure also what has been measured before, and drop what is not asked for."),
    ] = False,
    root: Root = None,
    download: Download = False,
    threads: Threads = 0,
    on: On = PROCESSES,
    gpus: Gpus = None,
) -> None:
    """Measure every ticket that was found, as far as that is not done yet.

    What is measured is said in the section `analysis` of the study.toml: families, corruptions, severities, arrays,
    frost, samples, and the keys of single measures, such as embeddings and map_samples. What it no longer asks for is
    kept, unless a run is forced.

    What was made by something that has changed since (a measure, a corruption, the images, the ticket, a setting) is
    measured again, that part alone. Ctrl-C or a kill loses at most the conditions in work: run again to go on.
    """
    from analysis.engine import measure  # seconds of imports that --help does not need
    from analysis.engine.base import left_out

    opened = Study.open(study)
    with stoppable("measured"), ProgressBar(opened.config.title) as display:
        outcome = measure.run(
            opened,
            display.tell,
            only,
            force,
            root,
            download,
            families=family or (),
            jobs=jobs,
            threads=threads,
            on=on,
            gpus=gpus,
        )
    for sentence in left_out(opened.config.task, only):
        display.console.print(sentence, highlight=False, soft_wrap=True)
    for problem in outcome.mended + outcome.problems:
        display.console.print(problem, style="yellow", highlight=False, soft_wrap=True)
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
    """List which tables there are for how many tickets, what is missing, and what has changed since it was made."""
    from analysis.engine.base import left_out
    from analysis.engine.status import status

    opened = Study.open(study)
    console = PlainConsole()
    table = Table(title=opened.config.title)
    for column in ("table", "what"):
        table.add_column(column)
    for column in ("tickets", "complete", "in part", "missing"):
        table.add_column(column, justify="right")
    found = status(opened, root)
    for row in found.rows:
        table.add_row(row.table, row.meaning, *map(str, (row.tickets, row.complete, row.partial, row.missing)))
    console.print(table)
    for sentence in left_out(opened.config.task):
        console.print(sentence, highlight=False, soft_wrap=True)
    for sentence in found.sentences:
        console.print(sentence, style="yellow", highlight=False, soft_wrap=True)
    if any(row.complete < row.tickets for row in found.rows):
        console.print(only_read(opened.path) or f"Next: {measuring(study)}", highlight=False, soft_wrap=True)


@app.command()
def adopt(
    study: OwnStudyPath,
    tickets: Annotated[int, typer.Option(min=1, help="Measure so many tickets of each table again.")] = 3,
    conditions: Annotated[int, typer.Option(min=1, help="And of each so many conditions, or maps.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed that draws them.")] = 0,
    trust: Annotated[bool, typer.Option("--trust", help="Measure nothing again: believe what is stored.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Processes for small networks.")] = 0,
    root: Root = None,
) -> None:
    """Bring a study of an earlier version up to date without measuring everything again.

    A sample of what is stored is measured again and compared: equal, or off by 0.2 % and in one of 100 values at most,
    as another processor may round otherwise; what only the machine decides (times, the coordinates of UMAP) is passed
    over. When all of it fits, tickets and results are rewritten once, with digests and with what made them; else what
    differs is named and nothing is rewritten.
    """
    from analysis.engine.adopt import adopt as take_over

    opened = Study.open(study)
    with stoppable("measured"), ProgressBar(opened.config.title) as display:
        done = take_over(
            opened, display.tell, root, tickets=tickets, conditions=conditions, seed=seed, trust=trust, jobs=jobs
        )
    for sentence in done.problems + done.differing:
        display.console.print(sentence, style="yellow", highlight=False, soft_wrap=True)
    checked = f"Measured {done.checked} parts again"
    if done.differing:
        display.console.print(f"{checked}: {len(done.differing)} differ, so that nothing was rewritten.")
        raise typer.Exit(1)
    display.console.print(f"{checked}; rewrote {done.tickets} tickets and {done.results} result files.")


@app.command()
def sensitivity(
    study: Annotated[
        Path,
        typer.Argument(help="A study.toml, its folder, or a ticket's file or id.", show_default=False),
    ],
    keep: Annotated[
        float | None, typer.Option(min=0, max=1, help="Suggest a method that keeps this share, such as 0.1.")
    ] = None,
    macs: Annotated[bool, typer.Option("--macs", "--multiply-adds", help="A share of these, not of weights.")] = False,
    criterion: Annotated[
        list[str] | None,
        typer.Option(help="Of a ticket: which weights go; may be repeated.", show_default="magnitude"),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: as many as pay.")] = 0,
    root: Root = None,
    threads: Threads = 0,
) -> None:
    """Prune each layer of the dense network alone, clean and corrupted, and print what that costs.

    By the criteria that the study's [analysis] names: sensitivity = ["magnitude"]. A star marks a cost whose interval
    leaves out 0. With --keep, the lines of a method that spends this budget where the scan says it hurts least. Of a
    ticket's file, dense or pruned, that network alone is scanned, and nothing is kept.
    """
    from analysis.cli import sensitivity_command  # seconds of imports that --help does not need

    unit: Literal["weights", "multiply-adds"] = "multiply-adds" if macs else "weights"
    with stoppable("measured"):
        if study.suffix == SUFFIX or (not study.exists() and re.fullmatch("[0-9a-f]{4,12}", study.name)):
            sensitivity_command.run_ticket(ticket_file(str(study)), criterion or [], keep, unit, root, threads)
        elif criterion:
            raise UserError(f"--criterion is of a ticket; of a study, `sensitivity` in [analysis] names them: {study}.")
        else:
            sensitivity_command.run(Study.open(study), keep, unit, root, jobs, threads)


@app.command()
def compare(
    study: StudyPath,
    first: compare_command.First,
    second: compare_command.Second,
    budget: compare_command.Budgets = None,
    on: compare_command.On = compare_command.CLEAN,
    tolerance: compare_command.Tolerance = compare_command.TOLERANCE,
    equivalence: compare_command.Equivalence = compare_command.EQUIVALENCE,
    out: compare_command.Out = None,
) -> None:
    """Hold two methods of a study against each other at equal multiply-adds, bytes, training and weights.

    Each operating point of the first meets the nearest of the second within the tolerance; at equal multiply-adds
    otherwise a mixture of the two around it, that is, one of them by a coin for each image. Nothing is extrapolated.
    All rows are one family of tests. What Blalock et al. (2020) ask of a comparison is checked and said.
    """
    compare_command.run(study, first, second, budget or (), on, tolerance, equivalence, out or ())


@app.command()
def report(
    study: StudyPath,
    out: report_command.Out = report_command.OUT,
    view: report_command.Views = None,
    link: report_command.Link = "",
) -> None:
    """Write what the app shows of a study into one HTML file, which opens offline.

    Charts, sentences and tables of each view, the recipes of the tickets, versions, and the commands that make it
    again. The app draws it, and has to be installed.
    """
    report_command.run(study, out, view or (), link)


@app.command()
def corruptions(
    check: Annotated[
        Path | None, typer.Option(help="CSV of a reference: print its table for these data beside its figures.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set whose test images are corrupted, such as digits or folder:PATH.")
    ] = None,
    ticket: Annotated[Path | None, typer.Option(help="Ticket file whose accuracy is measured.")] = None,
    model: Annotated[str | None, typer.Option(help="Or a model by name, with --weights.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Its state dict, a file that torch wrote.")] = None,
    mean: Annotated[
        str | None,
        typer.Option(help="What its input is normalised by, a number a channel.", show_default="ImageNet's for RGB"),
    ] = None,
    std: Annotated[str | None, typer.Option(help="As --mean.", show_default="ImageNet's for RGB")] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Name of a family, such as cifar_c; may be repeated.")
    ] = None,
    corruption: Annotated[list[str] | None, typer.Option(help="By name; may be repeated.")] = None,
    severity: Annotated[list[int] | None, typer.Option(help="1 to 5; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the corruptions.")] = 0,
    samples: Annotated[int | None, typer.Option(min=1, help="Only the first so many test images.")] = None,
    size: Annotated[int, typer.Option(help="Pixels along an image's shorter side, for the list.")] = 32,
    frost: Annotated[Path | None, typer.Option(help="Folder of photographs to take frost from.")] = None,
    arrays: Annotated[
        Path | None, typer.Option(help="Folder of arrays such as CIFAR-10-C's, taken in place of the engine.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write the table as CSV.")] = None,
    root: Root = None,
) -> None:
    """List the corruptions; or, with --data, print what they do to images and what they cost a network.

    With --check, exit status 1 says that a figure is further from the reference's than is allowed: 5 % of the mean
    absolute change (frost 10 %), 0.5 dB of the PSNR, 10 % of the gradient energy, 0.03 of the accuracy.
    """
    from analysis.cli import corruption_tables as tables
    from analysis.cli import corruptions_command as parts
    from analysis.cli import reference_check

    selection = parts.Selection(tuple(family or ()), tuple(corruption or ()), tuple(severity or ()))
    if data is None:
        parts.need_no_data(check=check, ticket=ticket, model=model, weights=weights, arrays=arrays, save=save)
        selection.check()
        tables.list_families(tables.console(), selection.has, size)
        return
    reference = reference_check.read_reference(check) if check else None
    source = parts.open_source(data, root, samples, seed, frost, arrays, (ticket, model, weights, mean, std))
    conditions = selection.conditions(source.arrays, reference)
    source.check(conditions)
    with ProgressBar("corruptions") as display:
        found = parts.measure(source, conditions, display.tell)
    if save:
        reference_check.save(save, found)
    if not tables.print_effects(tables.console(), found, reference):
        raise typer.Exit(1)


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Reproductions to run; --list names them.", show_default="all"),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the reproductions and what they came out as.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Tickets found side by side; 0: one a core.")] = 0,
    root: Annotated[Path, typer.Option(help="Folder in which each has its study.")] = Path("studies/reproductions"),
    report: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/reproductions.md"),
    on: On = PROCESSES,
) -> None:
    """Put the findings of the lottery-ticket papers to the test, and write docs/reproductions.md.

    Each takes some minutes. Ctrl-C loses nothing: what was found is there when it is run again. A page of others stays.
    """
    from analysis.cli import reproduce_command

    if listed:
        reproduce_command.show(root)
        return
    with stoppable("found"):
        reproduce_command.run(names or (), root, report, jobs, on)


app.command()(study_files.check)
app.command()(study_files.compact)
app.command()(study_files.pack)
app.command()(study_files.tables)
