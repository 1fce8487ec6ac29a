"""What the command line shows of studies and tickets."""

from pathlib import Path

from rich.console import Group
from rich.table import Table

from pruning.errors import UserError, few
from pruning.finders.lineage import parents_of
from pruning.granularity.layer import LAYER, blocks_gone
from pruning.models import MODELS, choices, skeleton
from pruning.models.blame import blamed
from pruning.models.unpruned import coverage, in_words
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study, study_folders
from pruning.ticket import Ticket


def studies_table() -> Table:
    """The studies there are, with what they ask for and have."""
    table = Table(box=None, pad_edge=False)
    table.add_column("study", no_wrap=True, overflow="fold")
    for column in ("title", "model", "data", "tickets"):
        table.add_column(column)
    for folder in study_folders():
        try:
            study = Study.open(folder)
        except UserError as error:
            table.add_row(str(folder), f"[red]{error}[/red]", "", "", "")
            continue
        have = {entry.id for entry in study.entries()}
        asked = [recipe.id for recipe in study.recipes()]
        share = f"{sum(key in have for key in asked)} of {len(asked)}"
        table.add_row(str(folder), study.config.title, study.config.model, study.config.data, share)
    return table


def tickets_table(study: Study) -> Table:
    """The tickets of a study."""
    table = Table(box=None, pad_edge=False)
    for column in ("id", "ticket"):
        table.add_column(column, no_wrap=True)
    for column in ("seed", "kept", "of", "accuracy", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("note")
    for entry in study.entries():
        table.add_row(*_row(entry))
    return table


def _row(entry: Entry) -> tuple[str, ...]:
    collapsed = few(entry.info.collapsed)
    return (
        entry.id,
        entry.recipe.label,
        str(entry.recipe.seed),
        f"{entry.kept:,}",
        f"{entry.total:,}",
        f"{100 * entry.info.accuracy:.1f} %",
        f"{entry.info.seconds:.1f}",
        f"layer collapse: {collapsed}" if collapsed else "",
    )


def ticket_view(path: Path) -> Group:
    """One ticket in full: head, recipe, lineage, layers, training curve."""
    ticket = Ticket.load(path)
    info = ticket.info
    head = (
        f"{ticket.recipe.label}, seed {ticket.recipe.seed}  ({path})\n"
        f"keeps {ticket.kept:,} of {ticket.total:,} prunable weights, accuracy {100 * info.accuracy:.2f} %, "
        f"found in {info.seconds:.1f} s ({info.own_seconds:.1f} s its own step) on {info.created}\n"
        + (f"made on {info.made_on}\n" if info.made_on else "")
        + f"{' '.join(in_words(coverage(ticket.model(), info.shape)))}\n"
        + f"descends from: {' -> '.join(_ancestors(ticket.recipe))}"
        f"{_blocks(ticket)}"
    )
    return Group(head, "", _recipe_table(ticket.recipe), "", _layers_table(ticket), "", _history_table(ticket))


def models_table() -> Table:
    """The project's own networks with their size on 32x32 colour images of ten classes; torchvision's come on top."""
    table = Table("model", "parameters", "prunable", "multiply-adds", "of these prunable", box=None, pad_edge=False)
    for name in MODELS:
        try:
            with blamed(name):
                of = coverage(skeleton(name, 10, (3, 32, 32)), (3, 32, 32))
        except UserError:  # one of the user's, for other images
            table.add_row(name)
            continue
        table.add_row(name, f"{of.parameters:,}", f"{of.prunable:,}", f"{of.macs:,.0f}", f"{of.prunable_macs:,.0f}")
    for name in choices()[len(MODELS) :]:
        table.add_row(name)
    return table


def _ancestors(recipe: Recipe) -> list[str]:
    line = [recipe.label]
    parents = parents_of(recipe)
    while parents:
        line.append(parents[0].label)
        parents = parents_of(parents[0])
    return line[::-1]


def _blocks(ticket: Ticket) -> str:
    """Which residual blocks went, on a line of its own; '' where the structure is another."""
    if ticket.recipe.granularity.name != LAYER.name:
        return ""
    gone, total = blocks_gone(ticket.model(), ticket.masks)
    return f"\nwithout {len(gone)} of {total} residual blocks" + (f": {', '.join(gone)}" if gone else "")


def _recipe_table(recipe: Recipe) -> Table:
    table = Table("recipe", "", box=None, pad_edge=False)
    for key, value in recipe.canonical().items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {inner}" for name, inner in value.items() if not isinstance(inner, dict))
        table.add_row(key, str(value))
    return table


def _layers_table(ticket: Ticket) -> Table:
    table = Table("layer", "kept", "of", "sparsity", box=None, pad_edge=False)
    for name, (kept, total) in ticket.info.layers.items():
        table.add_row(name, f"{kept:,}", f"{total:,}", f"{100 * (1 - kept / total):.1f} %")
    return table


def _history_table(ticket: Ticket) -> Table:
    table = Table("epoch", "loss", "training accuracy", "test accuracy", box=None, pad_edge=False)
    for row in ticket.info.history:
        table.add_row(
            f"{row.epoch:g}", f"{row.loss:.4f}", f"{100 * row.train_accuracy:.1f} %", f"{100 * row.test_accuracy:.1f} %"
        )
    return table
