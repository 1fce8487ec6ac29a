"""Commands on one ticket: `show`, `export`."""

from pathlib import Path
from typing import Annotated

import typer

from pruning import export
from pruning.cli.console import PlainConsole
from pruning.cli.options import TicketId, Within
from pruning.cli.tables import ticket_view
from pruning.errors import UserError
from pruning.study.bundle import is_bundle
from pruning.study.commands import typed
from pruning.study.folder import SUFFIX, TICKETS, Study
from pruning.study.known import study_folders


def show_ticket(ticket: TicketId, study: Within = None) -> None:
    """Show one ticket: its recipe, what it descends from, its layers and its training."""
    PlainConsole().print(ticket_view(ticket_file(ticket, study)))


def export_ticket(
    ticket: TicketId,
    to: Annotated[
        export.Format,
        typer.Option(
            help="torch: a state dict (.pt); safetensors: the same tensors; prune: as torch.nn.utils.prune has it; "
            "huggingface: a folder; onnx: a program, which needs onnx, onnxscript and onnxruntime."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file or folder to write.", show_default="named by the id")
    ] = None,
    names: Annotated[
        export.Names, typer.Option(help="original: the names that an imported network came with.")
    ] = export.Names.ours,
    masks: Annotated[bool, typer.Option("--masks", help="Add the masks as bool tensors named PARAMETER_mask.")] = False,
    smaller: Annotated[
        bool,
        typer.Option("--smaller", help="The network without what was removed, as a program (torch.export, .pt2)."),
    ] = False,
    study: Within = None,
) -> None:
    """Write a ticket's weights, pruned ones as zeros, so that any program can read them."""
    path = ticket_file(ticket, study)
    if smaller and (masks or to is not export.Format.torch or names is not export.Names.ours):
        raise UserError(
            "A smaller network has no masks and names of its own, and is written by torch; take --to torch alone."
        )
    written = export.export_smaller(path, out) if smaller else export.export(path, to, out, masks, names)
    files = [each for each in (written, *written.glob("*")) if each.is_file()]
    size = sum(each.stat().st_size for each in files) / 1e6
    PlainConsole().print(f"Wrote {written} ({size:.2f} MB).", soft_wrap=True)


def ticket_file(ticket: str, within: Path | None = None) -> Path:
    """The file of a ticket, given by path, id, or the first characters of its id.

    Raises:
        UserError: no ticket, or several, begin like that.
    """
    if is_bundle(Path(ticket)):
        raise UserError(
            f"{ticket} is a packed study, and no ticket: `{typed('pruning', 'list', ticket)}` shows its tickets, of "
            "which it has neither masks nor weights."
        )
    if Path(ticket).is_file():
        return Path(ticket)
    folders = [Study.open(within).path] if within else study_folders()
    found = {path.name: path for folder in folders for path in (folder / TICKETS).glob(f"*{SUFFIX}")}
    matching = [path for name, path in sorted(found.items()) if name.startswith(ticket)]
    if len(matching) == 1:
        return matching[0]
    where = ", ".join(map(str, folders)) or "sample_checkpoints/ and studies/"
    if not matching:
        shows = typed("pruning", "list", "STUDY")
        raise UserError(f"No ticket's id begins with '{ticket}' in {where}; `{shows}` shows ids.")
    ids = ", ".join(path.stem for path in matching[:5])
    raise UserError(f"'{ticket}' is the beginning of {len(matching)} ids ({ids}, ...); give more characters.")
