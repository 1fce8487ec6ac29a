"""The public face: from a recipe to its ticket, by way of the tickets that it descends from."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pruning.checkpoints import read
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import Dataset, load_data
from pruning.finders.base import Trainer
from pruning.finders.lineage import effort, find_step, lineage, parents_of
from pruning.finders.scoring_memory import processes_that_fit
from pruning.models import build_model
from pruning.progress import Progress, as_progress, quiet, share
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.precision import pick_device


def find_ticket(
    recipe: Recipe,
    progress: Progress | bool = quiet,
    device: str = "auto",
    root: str | Path | None = None,
    download: bool = False,
    weights: Mapping[str, Tensor] | str | Path | None = None,
    threads: int = 0,
    memory: float = 0.0,
    found: Ticket | None = None,
) -> Ticket:
    """Find the ticket of a recipe, and on the way those it descends from (the dense network, the levels of IMP).

    Args:
        recipe: what to find. The same recipe on as many threads gives the same ticket, bit for bit, on the same
            machine.
        progress: told the fraction done, in [0, 1], and what is being done; True writes a line.
        device: "auto", "cpu", "cuda", ...
        root: folder of the data set, where it is not an embedded one.
        download: fetch the data set when it is not there.
        weights: start from these trained weights instead of an initialisation: a state dict in the model's own names,
            or the file of a checkpoint as `pruning.checkpoints.read` takes it, or the folder of the study that the
            recipe's `start` is from. Without a `start` in the recipe the data set's own normalisation is used.
        threads: of the CPU. Left at 0 it is 1, and 4 for networks of 1 G multiply-adds an image or more, on any
            machine. Results differ in their last digits between numbers of threads; the ticket's `info` has its own.
        memory: GB that scoring may take; at 0 what is free.
        found: a ticket that is there already, which with all it descends from alone need not be found again.

    Raises:
        UserError: data that is missing, a loss that is not finite, a network that does not fit the data, scores that
            need more memory than there is.
    """
    progress = as_progress(progress)
    data = load_data(recipe.data, root, download, None if progress is quiet else lambda _, text: progress(0.0, text))
    imports: Path | Imported | None = None
    if weights is not None:
        recipe, imports = _with_start(recipe, weights, data)
    known = {} if found is None else {found.id: found}
    steps = _needed(recipe, known)
    total, done = sum(map(effort, steps)) or 1.0, 0.0
    processes_that_fit(steps, data, pick_device(device), free=round(1e9 * memory) or None)
    trainer = Trainer(data, pick_device(device), threads=threads, imports=imports)
    for step in steps:
        trainer.data = load_data(step.data, root, download)
        trainer.progress = share(progress, done / total, effort(step) / total, step.label)
        known[step.id] = find_step(step, known, trainer)
        done += effort(step)
    progress(1.0, "found")
    return known[recipe.id]


def _needed(recipe: Recipe, known: Mapping[str, Ticket]) -> list[Recipe]:
    """What the recipe descends from and itself, without what is known and what only that descends from."""
    wanted, open_ = set(), [recipe]
    while open_:
        step = open_.pop()
        if step.id not in known and step.id not in wanted:
            wanted.add(step.id)
            open_ += parents_of(step)
    return [step for step in lineage([recipe]) if step.id in wanted]


def _with_start(
    recipe: Recipe, weights: Mapping[str, Tensor] | str | Path, data: Dataset
) -> tuple[Recipe, Path | Imported]:
    """The recipe with the weights as its start, and where these are."""
    if isinstance(weights, Mapping):
        imported = Imported(dict(weights), {})
    elif recipe.start is not None and Path(weights).is_dir():
        return recipe, Path(weights)
    else:
        found = read(weights)
        imported = Imported(found.state, found.masks)
    mean, std = (recipe.start.mean, recipe.start.std) if recipe.start else (data.mean, data.std)
    sparsity = imported.sparsity(build_model(recipe.model, data.num_classes, data.shape, seed=0))
    start = Start(weights=imported.digest, mean=mean, std=std, sparsity=sparsity)
    # where to score was filled in for an initialisation; with trained weights it is filled in anew
    anew = {} if recipe.start or recipe.option("score_on") is None else {"score_on": None}
    return recipe.but(start=start, **anew), imported
