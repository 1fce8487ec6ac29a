"""What a run measures: what is asked for, the tickets that fit a study's data, the data beside them, the images."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from analysis.engine.base import measures
from analysis.engine.images import TestImages, place
from analysis.engine.settings import AnalysisConfig, settings
from pruning.data import Dataset, load_data
from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.study.commands import finding
from pruning.study.folder import Entry, Study
from pruning.tasks import get_task


def check(study: Study) -> None:
    """Look at what the study file asks to be measured, before there are tickets and without the data.

    What the data decide (whether arrays are of their images, `samples` leave out a class) is seen when it is measured.

    Raises:
        UserError: a key, name or value is not known, what is said does not fit together, or a folder is not there.
    """
    config, where = settings(study), f"{study.source}, [analysis]"
    try:
        config.conditions(None if config.arrays else ())
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    for key, folder in (("arrays", config.arrays), ("frost", config.frost)):
        if folder is not None and not (there := place(study, folder)).is_dir():
            raise UserError(f"{where}: `{key}` is to be a folder of images, and there is no folder {there}.")


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
