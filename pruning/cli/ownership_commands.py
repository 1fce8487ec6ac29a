"""Commands of owners: `sign`, `verify`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pruning.api import find_ticket
from pruning.cli.console import PlainConsole
from pruning.cli.options import Device, Download, Root, Threads, TicketId, Within
from pruning.cli.progress_bar import ProgressBar
from pruning.cli.ticket_commands import ticket_file
from pruning.errors import UserError
from pruning.ownership import texts
from pruning.ownership.code import Code
from pruning.ownership.mark import CLAIM, Evidence
from pruning.ownership.triggers import Answers
from pruning.ownership.verification import TRIGGERS, Verdict, verify
from pruning.recipe import Recipe
from pruning.study.folder import SUFFIX
from pruning.tasks import get_task
from pruning.ticket import Ticket

Text = Annotated[
    str | None,
    typer.Option("--code", help="The owner's text, which the shell then remembers.", show_default=False),
]
TextFile = Annotated[
    Path | None,
    typer.Option("--code-file", help="A file with the text; - is standard input.", show_default=False),
]


def code_given(text: str | None, file: Path | None) -> Code:
    """Return the code of a text, given itself or in a file, whose last end of line does not count.

    Raises:
        UserError: neither or both are given, the file cannot be read, or no code holds the text.
    """
    if (text is None) == (file is None):
        raise UserError("Give the owner's text once: by --code-file FILE (- is standard input), or by --code TEXT.")
    if file is not None:
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The file {file} with the owner's text cannot be read: {error}.") from None
        text = text.removesuffix("\n").removesuffix("\r")
    assert text is not None
    return Code(text)


def signed_recipe(of: Recipe, code: Code, triggers: int) -> Recipe:
    """Return the recipe of a ticket that is signed with a code, and of trigger images as well."""
    shared = ("model", "data", "task", "start", "classifier", "prune_classifier", "scope", "training", "seed")
    fields = {name: getattr(of, name) for name in shared}
    return Recipe(**fields, finder="marked", of=of, code_sha256=code.digest, triggers=triggers)


def sign_ticket(
    ticket: TicketId,
    code: Text = None,
    code_file: TextFile = None,
    triggers: Annotated[int, typer.Option(min=0, help="Trigger images that it learns besides.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="ID.safetensors")
    ] = None,
    study: Within = None,
    device: Device = "auto",
    root: Root = None,
    download: Download = False,
    threads: Threads = 0,
) -> None:
    """Write the owner's QR code into a ticket's mask and train it again; the ticket holds only the text's SHA-256."""
    owner, found = code_given(code, code_file), Ticket.load(path := ticket_file(ticket, study))
    texts.tell(owner)
    recipe = signed_recipe(found.recipe, owner, triggers)
    weights = path.parent.parent if recipe.start is not None else None
    with ProgressBar(f"{recipe.label}, seed {recipe.seed}") as bar:
        signed = find_ticket(recipe, bar.tell, device, root, download, weights, threads, found=found)
    written = out or Path(f"{signed.id}{SUFFIX}")
    signed.save(written)
    score = get_task(recipe.task).score
    _say(
        f"Wrote {written}: {score.name} {score.text(signed.info.accuracy, 2)}, "
        f"unsigned {score.text(found.info.accuracy, 2)}. Keep the text and this file: whoever has both can claim it."
    )


def verify_ticket(
    ticket: TicketId,
    code: Text = None,
    code_file: TextFile = None,
    reference: Annotated[
        str | None,
        typer.Option(help="The owner's signed ticket, to whose channels those of TICKET are matched first."),
    ] = None,
    triggers: Annotated[int, typer.Option(min=1, help="Trigger images to ask for.")] = TRIGGERS,
    study: Within = None,
) -> None:
    """Put a claim to the test: is the owner's code in the ticket's mask, does the ticket know the trigger images?

    Exit status 1 where neither proves the claim.
    """
    owner, suspect = code_given(code, code_file), Ticket.load(ticket_file(ticket, study))
    own = Ticket.load(ticket_file(reference, study)) if reference else None
    verdict = verify(suspect, owner, own, triggers)
    for line in white_words(verdict.white, own is not None):
        _say(line)
    if verdict.black is not None:
        _say(black_words(verdict.black))
    _say(verdict_words(verdict))
    if not verdict.holds:
        raise typer.Exit(1)


def verdict_words(verdict: Verdict) -> str:
    """Return whether the claim holds, and whether it needs a date, in a sentence."""
    if not verdict.holds:
        return f"The claim is not proven: no p value is below {CLAIM:g}."
    if verdict.undated:
        return f"The claim holds: a p value is below {CLAIM:g}, even if every text had been tried that a code can hold."
    return (
        f"The claim holds, as p is below {CLAIM:g}, if the text or its SHA-256 was deposited before the network "
        "could be looked at: who may search for a text afterwards finds one."
    )


def white_words(found: Evidence, realigned: bool) -> list[str]:
    """Return what the mask says, in sentences."""
    place, wrong = found.place, found.bits - found.matches
    looked = (
        "where the reference has it, its channels matched first" if realigned else f"best of {found.windows:,} windows"
    )
    return [
        f"Mask: {wrong} of {found.bits} modules are wrong ({100 * found.ber:.1f} %; chance is about 50 %), at kernel "
        f"{place.row}, {place.column} of {place.layer} ({looked}).",
        f"      p = {found.p_value:.2g}, the chance that a mask which knows nothing of the code agrees as well; a QR "
        + (f"reader reads {found.text!r}." if found.text is not None else "reader reads nothing."),
    ]


def black_words(found: Answers) -> str:
    """Return what the answers say, in a sentence."""
    return (
        f"Answers: {found.hits} of {found.count} trigger images get the owner's label (chance is "
        f"{100 / found.classes:.0f} %), p = {found.p_value:.2g}."
    )


def _say(text: str) -> None:
    PlainConsole().print(text, highlight=False, soft_wrap=True)
