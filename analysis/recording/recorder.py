"""Records what a network makes of a study's test images, as a ticket of the study without masks and weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from analysis.engine.networks import AnyNetwork, Normalisation
from analysis.engine.settings import settings
from analysis.engine.subjects import images_of
from analysis.recording.inputs import IMAGENET
from analysis.recording.outside import Classifier
from analysis.recording.session import Conditions, Session
from pruning.data import checked_normalisation, load_data
from pruning.errors import UserError
from pruning.progress import Progress, as_progress, quiet, share
from pruning.recipe import Recipe
from pruning.study.folder import SUFFIX, TICKETS, Study
from pruning.tasks import get_task
from pruning.ticket import Ticket


@dataclass(frozen=True)
class Recorded:
    """What was recorded: the ticket, in its file, and sentences on what was left out."""

    ticket: Ticket
    path: Path
    problems: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        left = f"; left out: {' '.join(self.problems)}" if self.problems else ""
        return f"<Recorded '{self.ticket.recipe.label}': accuracy {self.accuracy:.4g}; {self.path}{left}>"

    @property
    def accuracy(self) -> float:
        """On the clean images, 0 to 1."""
        return self.ticket.info.accuracy


def record(
    study: Study | str | Path,
    name: str,
    model: AnyNetwork,
    loader: Any,
    *,
    parent: str | None = None,
    metrics: Mapping[str, float] | None = None,
    higher: Collection[str] = (),
    conditions: Conditions | None = None,
    classifier: Classifier | None = None,
    transform: Callable[[Tensor], Any] | None = None,
    normalisation: Normalisation | None = None,
    sparsity: float = 0.0,
    seed: int | None = None,
    layers: bool = True,
    replace: bool = False,
    root: str | Path | None = None,
    progress: Progress | bool = quiet,
) -> Recorded:
    """Store what a network makes of a study's test images, as a ticket that stands beside the others.

    The study gets logits, features and classifier under each condition, what inner layers hand on where its settings
    ask for that, and every measure that needs no more.

    Args:
        study: an existing one, or its folder.
        name: what the ticket is called on every page.
        model: a module, which is copied and run in evaluation mode; or a function of images, in any framework, that
            gives logits [n, K], or with `classifier` a pair of logits and features [n, D].
        loader: the study's test set in its order: an iterable of (images, labels), or one such pair. The network gets
            images in the form that these have: torch or numpy, bytes, in [0, 1] or normalised, channels first or last.
        parent: the ticket that it was made from, by its id.
        metrics: numbers of the user's own, which pages show as columns and axes.
        higher: the names of those metrics of which more is better.
        conditions: (corruption, severity) to record it under beside the clean images, or a dictionary from these to
            loaders of the user's own corrupted images. Left out, those of the study's settings, where the loader's
            images are the study's to the byte or `transform` is given; else none.
        classifier: class directions [K, D] and biases [K], for a function that gives features. A module's is found.
        transform: makes the network's input of bytes [n, C, H, W], for networks that want other sizes; the loader's
            images are then the study's own.
        normalisation: mean and standard deviation of the loader's images, where they are neither the data set's nor
            ImageNet's.
        sparsity: where it stands on axes of sparsity, a fraction in [0, 1).
        seed: which of the study's repetitions it belongs to; its first by default.
        layers: whether the inner layers of a module are looked into, for CKA, probes, dimension and collapse: about
            .6 MB a layer and condition, of 1,000 images.
        replace: take the place of what was recorded under this name and seed.
        root: the folder of the data sets, as for `pruning.data.load_data`.
        progress: told how far it is; True writes a line.

    Raises:
        UserError: the name is taken, images or labels are not the study's, or the network gives no finite logits of its
            classes; nothing is stored then.
        WriteError: the disk will not take it; the study is then as it was.
    """
    study = study if isinstance(study, Study) else Study.open(study)
    progress = as_progress(progress)
    data = load_data(study.config.data, root)
    recipe = _recipe(study, name, parent, sparsity, study.detail_seed if seed is None else seed, replace)
    own = _metrics(metrics or {}, higher)
    images = images_of(study, settings(study), data)
    tried = [(data.mean, data.std), *([IMAGENET] if data.shape[0] == 3 else [])]
    if normalisation is not None:
        tried = [checked_normalisation(normalisation, data.shape[0])]
    session = Session(study, data, images, model, tried, classifier, transform, layers)
    clean = session.look(loader, "loader")
    with session.taken_back():
        recording = session.record(clean, conditions, recipe.id, progress).model_copy(update=own)
        ticket = session.write(recipe, clean, recording)
    session.measure(ticket, root, share(progress, 0.9, 0.1))
    progress(1.0, "recorded")
    return Recorded(ticket, study.path / TICKETS / f"{ticket.id}{SUFFIX}", session.problems)


def _recipe(study: Study, name: str, parent: str | None, sparsity: float, seed: int, replace: bool) -> Recipe:
    """The recipe of the ticket. Raises UserError when it cannot have the name, the parent or the seed."""
    if not get_task(study.config.task).classifies_images:
        raise UserError(f"The networks of {study.path} do not classify images; only such can be recorded.")
    if not isinstance(name, str) or not name.strip():
        raise UserError("Give the ticket a name.")
    entries = study.entries()
    if parent is not None and parent not in {entry.id for entry in entries}:
        raise UserError(f"Study {study.path} has no ticket {parent} that it could be made from.")
    if seed not in study.config.seeds:
        raise UserError(
            f"The study's seeds are {', '.join(map(str, study.config.seeds))}, so seed {seed} is no choice."
        )
    recipe = Recipe(
        model="recorded", data=study.config.data, finder="recorded", called=name, parent=parent, sparsity=sparsity,
        seed=seed, name=name,
    )  # fmt: skip
    for entry in entries:
        same = entry.recipe.label == recipe.label or (entry.recipe.name, entry.recipe.sparsity) == (name, sparsity)
        if same and entry.recipe.seed == seed and not (replace and entry.id == recipe.id):
            mend = "; give another name" + (", or replace=True" if entry.id == recipe.id else "")
            raise UserError(f"The study has a ticket '{entry.recipe.label}' of seed {seed} already{mend}.")
    return recipe


def _metrics(metrics: Mapping[str, float], higher: Collection[str]) -> dict[str, Any]:
    """The user's metrics as they are stored. Raises UserError for one that is no finite number."""
    found = {}
    for key, value in metrics.items():
        try:
            found[str(key)] = float(value)
        except (TypeError, ValueError):
            raise UserError(f"The metric '{key}' is {value!r}; give a number.") from None
        if not math.isfinite(found[str(key)]):
            raise UserError(f"The metric '{key}' is {value!r}; give a finite number, or leave it out.")
    missing = [name for name in higher if name not in found]
    if missing:
        raise UserError(f"`higher` names '{missing[0]}', which is none of the metrics.")
    return {"metrics": found, "higher": list(higher)}
