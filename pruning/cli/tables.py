"""What the command line shows of studies and tickets."""

import math
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pruning.cli.console import readable
from pruning.errors import UserError, few
from pruning.finders.density_search import manual_lines
from pruning.finders.lineage import parents_of
from pruning.granularity.layer import LAYER, blocks_gone
from pruning.masks import by_part
from pruning.models import MODELS, choices, skeleton
from pruning.models.blame import blamed
from pruning.models.unpruned import coverage, in_words
from pruning.models.user_file import is_user_file
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.study.known import study_folders
from pruning.tasks import Score, Task, get_task
from pruning.ticket import Ticket
from pruning.training.recording import of_elsewhere


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
            table.add_row(str(folder), Text(readable(str(error)), "red"), "", "", "")
            continue
        there = [*study.entries(), *study.elsewhere()]
        share = f"{sum(study.asks_for(entry.recipe) for entry in there)} of {study.size}"
        table.add_row(str(folder), study.config.title, study.config.model, study.config.data, share)
    return table


def tickets_table(study: Study) -> Table:
    """The tickets of a study."""
    table = Table(box=None, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("ticket")  # wrapped before anything is cut
    task = looked_at(study.config.task)
    for column in (
        "seed",
        "kept",
        "of",
        *(f"{part}\nkept" for part in task.parts),
        task.score.name.replace(" ", "\n"),
        "seconds",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("note")
    for entry in [*study.entries(), *study.elsewhere()]:
        table.add_row(*_row(entry, task))
    return table


class Unrun(Task):
    """A task of the user's own, of which no code was run."""

    name = label = "own"
    score = Score("score")


def looked_at(task: str | None) -> Task:
    """A task of the project's; `Unrun` for a user's own, as nothing runs only because a study is looked at."""
    return Unrun() if task is not None and is_user_file(task) else get_task(task)


def _row(entry: Entry, task: Task) -> tuple[str, ...]:
    collapsed = few(entry.info.collapsed)
    parts = by_part(entry.info.layers, task.parts)
    return (
        entry.id,
        entry.recipe.label,
        str(entry.recipe.seed),
        *(("–", "–") if of_elsewhere(entry.info.recording) else (f"{entry.kept:,}", f"{entry.total:,}")),
        *(f"{100 * parts[part][0] / parts[part][1]:.1f} %" if part in parts else "all" for part in task.parts),
        task.score.text(entry.info.accuracy),
        f"{entry.info.seconds:.1f}",
        f"layer collapse: {collapsed}" if collapsed else "",
    )


def ticket_view(path: Path) -> Group:
    """One ticket in full: head, recipe, lineage, layers, training curve."""
    ticket = Ticket.load(path)
    info, task = ticket.info, looked_at(ticket.recipe.task)
    head = (
        f"{ticket.recipe.label}, seed {ticket.recipe.seed}  ({path})\n"
        f"keeps {ticket.kept:,} of {ticket.total:,} prunable weights, {task.score.name} "
        f"{task.score.text(info.accuracy, 2)}, "
        f"found in {info.seconds:.1f} s ({info.own_seconds:.1f} s its own step) on {info.created}\n"
        + (f"made on {info.made_on}\n" if info.made_on else "")
        + f"{' '.join(in_words(coverage(ticket.model(), info.shape)))}\n"
        + f"descends from: {' -> '.join(_ancestors(ticket.recipe))}"
        f"{_blocks(ticket)}{_by_hand(ticket)}"
    )
    layers, history = _layers_table(ticket, task), _history_table(ticket, task)
    return Group(head, "", _recipe_table(ticket.recipe), "", layers, "", history)


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


def _by_hand(ticket: Ticket) -> str:
    """The method that gives a searched ticket's masks without a search, for a study file; '' for another ticket."""
    lines = manual_lines(ticket)
    return f"\nthe same without a search, in a study file:\n{lines}" if lines else ""


def _recipe_table(recipe: Recipe) -> Table:
    table = Table("recipe", "", box=None, pad_edge=False)
    for key, value in recipe.canonical().items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {inner}" for name, inner in value.items() if not isinstance(inner, dict))
        table.add_row(key, str(value))
    return table


def _layers_table(ticket: Ticket, task: Task) -> Table:
    table = Table("layer", "kept", "of", "sparsity", box=None, pad_edge=False)
    parts = {f"{part} (part)": count for part, count in by_part(ticket.info.layers, task.parts).items()}
    for name, (kept, total) in {**ticket.info.layers, **parts}.items():
        table.add_row(name, f"{kept:,}", f"{total:,}", f"{100 * (1 - kept / total):.1f} %")
    return table


def _history_table(ticket: Ticket, task: Task) -> Table:
    counts = task.classifies_images or any(not math.isnan(row.train_accuracy) for row in ticket.info.history)
    training = ["training accuracy"] if counts else []
    table = Table("epoch", "loss", *training, f"test {task.score.name}", box=None, pad_edge=False)
    for row in ticket.info.history:
        right = [f"{100 * row.train_accuracy:.1f} %"] if counts else []
        table.add_row(f"{row.epoch:g}", f"{row.loss:.4f}", *right, task.score.text(row.test_accuracy))
    return table
