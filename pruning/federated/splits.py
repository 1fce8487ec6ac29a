"""Which client has which training images.

`iid` deals the images out at random. `dirichlet:ALPHA` shares each class out by proportions drawn from a Dirichlet
distribution (Hsu et al. 2019, arXiv 1909.06335): the smaller alpha, the more one-sided the clients. `classes:K` gives
every client K classes (McMahan et al. 2017, arXiv 1602.05629). `folders` takes the sub-folders of an image folder's
classes, PATH/train/CLASS/CLIENT/*.png. `column:FILE:NAME` takes a column of a CSV file with a row for each training
image, in the order of the data set.
"""

import csv
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pruning.data import Dataset, folder
from pruning.data.folder_files import PREFIX
from pruning.errors import UserError, nearest
from pruning.files import here
from pruning.training.seeds import derived_seed

IID, DIRICHLET, CLASSES, FOLDERS, COLUMN = "iid", "dirichlet", "classes", "folders", "column"
FORMS = f"{IID}, {DIRICHLET}:ALPHA, {CLASSES}:K, {FOLDERS} or {COLUMN}:FILE:NAME"
DRAWS = 100  # how often a Dirichlet split is drawn before it is given up


def parsed(split: str) -> tuple[str, str]:
    """Set a split's kind and its argument apart, '' where it takes none.

    Raises:
        UserError: there is no such split, or its argument makes no sense.
    """
    kind, _, argument = split.partition(":")
    if kind in (IID, FOLDERS) and not argument:
        return kind, ""
    if kind == COLUMN and all(argument.rpartition(":")[::2]):
        return kind, argument
    if kind == DIRICHLET and _number(argument) > 0:
        return kind, argument
    if kind == CLASSES and argument.isdecimal() and int(argument) > 0:
        return kind, argument
    raise UserError(f"There is no split '{split}' of images over clients; give {FORMS}, such as {DIRICHLET}:0.3.")


def by_the_user(split: str) -> bool:
    """Whether the split says itself how many clients there are."""
    return parsed(split)[0] in (FOLDERS, COLUMN)


def file_of(split: str) -> str:
    """The file that the split names; "" where it names none."""
    kind, argument = parsed(split)
    return argument.rpartition(":")[0] if kind == COLUMN else ""


def shared_out(data: Dataset, split: str, clients: int | None, seed: int) -> dict[str, Tensor]:
    """Share the training images out.

    Args:
        data: whose training images they are.
        split: of `FORMS`.
        clients: how many; None where the split says it.
        seed: of what is drawn.

    Returns:
        client's name -> rows of its images, int64, rising. Each image has one client.

    Raises:
        UserError: a client would have no images, there are fewer classes than a client is to have, the column or the
            sub-folders are missing.
    """
    kind, argument = parsed(split)
    labels = data.train.labels.numpy()
    source = np.random.default_rng(derived_seed(seed, "clients", split))
    if kind in (FOLDERS, COLUMN):
        names = _sub_folders(data.name) if kind == FOLDERS else _column(argument, len(labels))
        return {name: torch.from_numpy(np.flatnonzero(names == name)) for name in np.unique(names)}
    count = clients or 1
    if count > len(labels):
        raise _no_images(f"{count:,} clients share {len(labels):,} training images", "fewer clients")
    if kind == IID:
        parts = np.array_split(source.permutation(len(labels)), count)
    elif kind == DIRICHLET:
        parts = _dirichlet(labels, count, float(argument), source)
    else:
        parts = _some_classes(labels, data.num_classes, count, int(argument), source)
    return {str(client): torch.from_numpy(np.sort(rows)) for client, rows in enumerate(parts)}


def label_counts(labels: Tensor, rows: Sequence[Tensor], classes: int) -> Tensor:
    """How many images of each class each client has, int64 [clients, classes]."""
    return torch.stack([torch.bincount(labels[own], minlength=classes) for own in rows])


def _dirichlet(labels: np.ndarray, clients: int, alpha: float, source: np.random.Generator) -> list[np.ndarray]:
    """Draw until every client has an image."""
    for _ in range(DRAWS):
        parts: list[list[np.ndarray]] = [[] for _ in range(clients)]
        for label in np.unique(labels):
            rows = source.permutation(np.flatnonzero(labels == label))
            shares = source.dirichlet(np.full(clients, alpha))
            cuts = (np.cumsum(shares)[:-1] * len(rows)).round().astype(int)
            for own, part in zip(parts, np.split(rows, cuts), strict=True):
                own.append(part)
        joined = [np.concatenate(own) for own in parts]
        if all(map(len, joined)):
            return joined
    raise _no_images(
        f"the split {DIRICHLET}:{alpha:g} leaves a client of {clients} without images in each of {DRAWS} draws",
        "fewer clients or a larger alpha",
    )


def _some_classes(
    labels: np.ndarray, classes: int, clients: int, each: int, source: np.random.Generator
) -> list[np.ndarray]:
    """Give each client `each` classes, all classes as evenly as can be; the images of a class in equal parts."""
    if each > classes:
        raise UserError(
            f"The split {CLASSES}:{each} gives a client {each} classes, and the data set has {classes}; give at most "
            f"{CLASSES}:{classes}."
        )
    owned, given = [], np.zeros(classes)
    for _ in range(clients):
        own = np.lexsort((source.random(classes), given))[:each]  # those that the fewest have, by chance among these
        given[own] += 1
        owned.append(own)
    if clients * each < classes:
        raise UserError(
            f"{clients} clients of {each} classes leave {classes - clients * each} of {classes} classes to nobody; "
            "give more clients or more classes a client."
        )
    parts: list[list[np.ndarray]] = [[] for _ in range(clients)]
    for label in range(classes):
        owners = [client for client, own in enumerate(owned) if label in own]
        rows = source.permutation(np.flatnonzero(labels == label))
        for owner, part in zip(owners, np.array_split(rows, len(owners)), strict=True):
            parts[owner].append(part)
    joined = [np.concatenate(own) for own in parts]
    if not all(map(len, joined)):
        raise _no_images(f"the split {CLASSES}:{each} leaves a client of {clients} without images", "fewer clients")
    return joined


def _sub_folders(name: str) -> np.ndarray:
    """The client of each training image of an image folder: the first folder below its class.

    Raises:
        UserError: the data set is no image folder, or an image lies in no sub-folder.
    """
    if not name.startswith(PREFIX):
        raise UserError(
            f"The split {FOLDERS} takes the sub-folders of an image folder's classes, and the data set '{name}' is "
            f"none; give {DIRICHLET}:0.3 or {COLUMN}:FILE:NAME."
        )
    names = []
    for place in folder.training_files(name):
        if len(place.parts) < 3:
            raise UserError(
                f"The image {place} of {name} lies in no client's sub-folder; put it into train/CLASS/CLIENT/."
            )
        names.append(place.parts[1])
    return np.array(names)


def _column(argument: str, images: int) -> np.ndarray:
    """The client of each training image, from a file.

    Raises:
        UserError: the file or its column is missing, its rows are not as many as images, or a row names no client.
    """
    path, _, name = argument.rpartition(":")
    try:
        with open(here(path), newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"The file {path} of the split cannot be read ({error}); give a CSV file.") from None
    if name not in columns:
        guess = nearest(name, columns)
        hint = f" Did you mean '{guess}'?" if guess else ""
        raise UserError(f"The file {path} has no column '{name}'.{hint} It has: {', '.join(columns) or 'none'}.")
    if len(rows) != images:
        raise UserError(
            f"The file {path} has {len(rows):,} rows and the data set {images:,} training images; give one row an "
            "image, in the order of the data set."
        )
    names = [(row[name] or "").strip() for row in rows]
    if "" in names:
        raise UserError(f"Row {names.index('') + 2} of {path} names no client in column '{name}'; fill it in.")
    return np.array(names)


def _no_images(what: str, instead: str) -> UserError:
    return UserError(f"A client would be without data: {what}; give {instead}.")


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if np.isfinite(value) else 0.0
