"""`python -m pruning`: find the tickets of a study, list them, look at one, take one elsewhere."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pruning import export
from pruning.cli import find_command, import_command, show
from pruning.cli.console import main, stoppable
from pruning.cli.run_display import RunDisplay
from pruning.errors import UserError
from pruning.study.folder import Study
from pruning.study.runner import Options
from pruning.study.runner import run as run_study
from pruning.study.staleness import stale_tickets
from pruning.study.template import write_template

app = typer.Typer(
    help="Find the sparse subnetworks (tickets) that pruning methods yield.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StudyPath = Annotated[Path, typer.Argument(help="A study.toml, or the folder that holds one.", show_default=False)]
TicketId = Annotated[
    str,
    typer.Argument(
        help="The ticket's id, or its first characters, or the path of its file; `list` shows ids.", show_default=False
    ),
]
Within = Annotated[Path | None, typer.Option("--study", help="Look in this study only.", show_default="all studies")]
Root = Annotated[
    Path | None,
    typer.Option(help="Folder of the data sets that are not embedded.", show_default="$PRUNING_DATA, else ./data"),
]


@app.command()
def run(
    study: StudyPath,
    jobs: Annotated[
        int, typer.Option(min=0, help="Tickets found side by side; 0: one a core for small networks, else 1.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps, ...")] = "auto",
    root: Root = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set when it is not there.")] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Find those again whose finder or criterion was mended since.")
    ] = False,
) -> None:
    """Find every ticket that the study asks for and does not have yet.

    Ctrl-C or a kill loses at most the tickets in work: run again to go on.
    """
    opened = Study.open(study)
    options = Options(str(root) if root else None, download, device, jobs, stale)
    with stoppable("found"), RunDisplay(opened) as display:
        outcome = run_study(opened, options, display.tell, display)
    display.summary(outcome)
    if outcome.failed:
        raise typer.Exit(1)


@app.command("find")
def find_one(
    recipe: Annotated[str, typer.Option(help="The recipe as JSON, or a file with it.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="ID.safetensors")
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(help="Folder of the study whose imported weights the recipe starts from.", show_default=False),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps, ...")] = "auto",
    root: Root = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set when it is not there.")] = False,
) -> None:
    """Find one ticket from its recipe, and on the way those it descends from.

    The app gives this command for every ticket. The same recipe on the same machine gives the same ticket.
    """
    ticket, path = find_command.find(find_command.read_recipe(recipe), out, study, device, root, download)
    Console().print(
        f"Wrote {path}: {ticket.recipe.label}, seed {ticket.recipe.seed}, accuracy {100 * ticket.info.accuracy:.2f} %.",
        highlight=False,
        soft_wrap=True,
    )


@app.command("list")
def list_tickets(
    study: Annotated[
        Path | None,
        typer.Argument(help="A study.toml, or the folder that holds one.", show_default="all studies, in short"),
    ] = None,
) -> None:
    """List the tickets of a study, or the studies there are."""
    console = Console()
    if study is None:
        console.print(show.studies_table())
    else:
        opened = Study.open(study)
        console.print(show.tickets_table(opened))
        for problem in [*opened.scan()[1], *stale_tickets(opened).values()]:
            console.print(problem, style="yellow", markup=False, highlight=False, soft_wrap=True)


@app.command("show")
def show_ticket(ticket: TicketId, study: Within = None) -> None:
    """Show one ticket: its recipe, what it descends from, its layers and its training."""
    Console().print(show.ticket_view(show.find_file(ticket, study)))


@app.command("export")
def export_ticket(
    ticket: TicketId,
    to: Annotated[export.Format, typer.Option(help="torch: a state dict (.pt); safetensors: the same tensors.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="ID.pt or ID.safetensors")
    ] = None,
    masks: Annotated[bool, typer.Option("--masks", help="Add the masks as bool tensors named PARAMETER_mask.")] = False,
    smaller: Annotated[
        bool,
        typer.Option("--smaller", help="The network without what was removed, as a program (torch.export, .pt2)."),
    ] = False,
    study: Within = None,
) -> None:
    """Write a ticket's weights, pruned ones as zeros, so that any program can read them."""
    path = show.find_file(ticket, study)
    if smaller and (masks or to is not export.Format.torch):
        raise UserError("A smaller network has no masks and is written by torch; take --to torch without --masks.")
    written = export.export_smaller(path, out) if smaller else export.export(path, to, out, masks)
    Console().print(f"Wrote {written} ({written.stat().st_size / 1e6:.2f} MB).", soft_wrap=True)


@app.command()
def models() -> None:
    """List the networks that are known by name."""
    Console().print(show.models_table())


@app.command("import")
def import_checkpoint(
    checkpoint: Annotated[
        Path, typer.Argument(help="A file of weights: .pt, .pth, .th, .safetensors, .npz.", show_default=False)
    ],
    data: Annotated[
        str, typer.Option(help="The data set it is for, such as cifar10 or folder:PATH.", show_default="that of --into")
    ] = "",
    model: Annotated[
        str | None, typer.Option(help="The network, or path/to/file.py:factory.", show_default="recognised")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.", show_default="the file's name")] = None,
    masks: Annotated[
        Path | None, typer.Option(help="A file with masks apart from the weights.", show_default=False)
    ] = None,
    zeros: Annotated[bool, typer.Option("--zeros-are-pruned", help="Take weights that are zero as pruned.")] = False,
    mean: Annotated[
        str | None, typer.Option(help="What the input is normalised by, as 0.5,0.5,0.5.", show_default="tried out")
    ] = None,
    std: Annotated[str | None, typer.Option(help="As --mean.", show_default="tried out")] = None,
    into: Annotated[
        Path | None, typer.Option(help="Add it to this study as a ticket.", show_default="a study of its own")
    ] = None,
    root: Root = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set when it is not there.")] = False,
) -> None:
    """Bring a network that was trained elsewhere: makes a study of it, to prune and to compare.

    Nothing in the file is executed. Which network it is, and how its input is normalised, is found out and reported.
    """
    chosen = import_command.Choices(model, name, masks, zeros, mean, std, into, root, download)
    import_command.run(checkpoint, data, chosen)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The new study's folder, best below studies/.", show_default=False)],
    model: Annotated[str, typer.Option(help="The network.")] = "lenet5",
    data: Annotated[str, typer.Option(help="The data set.")] = "mnist5k",
) -> None:
    """Write a study.toml, with every choice explained, to start from."""
    path = write_template(folder, model, data)
    Console().print(f"Wrote {path}. Look it through, then: make study STUDY={path}", soft_wrap=True)


if __name__ == "__main__":
    main(app)
