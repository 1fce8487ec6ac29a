"""What a run measures: what is asked for, the tickets that fit a study's data, the data beside them, the images."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from analysis.engine.base import measures
from analysis.engine.images import TestImages, place
from analysis.engine.settings import AnalysisConfig, settings
from pruning.data import Dataset, load_data
from pruning.errors import UserError
from pruning.finders.lineage import lineage
from pruning.models import skeleton
from pruning.progress import Progress, quiet
from pruning.study.commands import finding
from pruning.study.folder import Entry, Study
from pruning.tasks import get_task
from pruning.training.feeding import refuse_single_images

ANY = 10, (3, 32, 32)
"""Classes and images of a network of which it is only asked what layers it has."""


def check(study: Study) -> None:
    """Look at what the study file asks to be trained and measured, before there are tickets and without the data.

    What the data decide (whether arrays are of their images, `samples` leave out a class) is seen when it is measured.

    Raises:
        UserError: a key, name or value is not known, what is said does not fit together (as batches of one image and
            batch norms), or a folder is not there.
    """
    config, where = settings(study), f"{study.source}, [analysis]"
    try:
        config.conditions(None if config.arrays else ())
        for key, folder in (("arrays", config.arrays), ("frost", config.frost)):
            if folder is not None and not (there := place(study, folder)).is_dir():
                raise UserError(f"`{key}` is to be a folder of images, and there is no folder {there}.")
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    _check_batches(study)


def _check_batches(study: Study) -> None:
    """Raise UserError where a network with batch norms is to be trained on one image at a time; asks for no data."""
    single = {
        recipe.model: recipe
        for recipe in reversed(lineage(study.recipes()))
        if any(training.batch_size == 1 and training.epochs for training in recipe.trainings)
    }
    for model, recipe in single.items():
        try:
            network = skeleton(model, *ANY)
        except UserError:
            continue  # it is for other images, or its code may not run: the training says so
        try:
            refuse_single_images(network.train())
        except UserError as error:
            raise UserError(f"{study.source}, {recipe.label}: {error}") from None


def subjects(
    study: Study, root: str | Path | None, download: bool, progress: Progress = quiet
) -> tuple[list[Entry], list[str], Dataset]:
    """The tickets that can be measured, a sentence for each other one, and the data they are measured on.

    Raises:
        UserError: there are none, or the data are not there.
    """
    entries, problems = study.scan()
    if not entries:
        raise UserError(
            f"Study {study.path} has no tickets yet; `{finding(study.source)}` finds them."
            + (f" ({problems[0]})" if problems else "")
        )
    data = load_data(study.config.data, root, download, progress)
    fitting = []
    for entry in readable(entries, problems):
        if entry.recipe.data != study.config.data:
            problems.append(f"Ticket {entry.id} is for '{entry.recipe.data}', not '{data.name}'; it is left out.")
        elif tuple(entry.info.shape) != data.shape or len(entry.info.classes) != data.num_classes:
            problems.append(
                f"Ticket {entry.id} is for {len(entry.info.classes)} classes of images {tuple(entry.info.shape)}, but "
                f"'{data.name}' has {data.num_classes} of {data.shape}; it is left out."
            )
        else:
            fitting.append(entry)
    if not fitting:
        raise UserError(f"No ticket of study {study.path} fits its data: {problems[-1]}")
    return fitting, problems, data


def fetched(config: AnalysisConfig, tables: Sequence[str], root: str | Path | None) -> list[str]:
    """Fetch the data sets that tables need beside the study's; a sentence for each that cannot be had."""
    problems = []
    for name in dict.fromkeys(name for table in tables for name in measures()[table].datasets(config)):
        try:
            load_data(name, root, download=True)
        except UserError as error:
            problems.append(str(error))
    return problems


def readable(entries: Iterable[Entry], problems: list[str]) -> list[Entry]:
    """The tickets whose content is known; the others' sentences join the problems."""
    found = []
    for entry in entries:
        try:
            if entry.digest:
                found.append(entry)
        except UserError as error:
            problems.append(str(error))
    return found


def images_of(study: Study, config: AnalysisConfig, data: Dataset) -> TestImages:
    """The images of a study. Raises UserError when a class is missing among them, or a folder of images."""
    images = TestImages.of(study, config, data)
    # A test set that is sorted by class must not be cut to its first classes unnoticed.
    left = len(torch.unique(data.test.labels)) - len(torch.unique(images.labels))
    if left and get_task(study.config.task).classifies_images:
        raise UserError(
            f"The {len(images)} test images used of '{data.name}' leave out {left} of its classes; raise `samples` "
            "in [analysis]."
        )
    return images
