"""The studies that ship with the project."""

from pathlib import Path

from pruning.study.config import read_config
from pruning.tasks import get_task
from tests import ROOT

EVERY = sorted(path.parent for path in (ROOT / "sample_checkpoints").glob("*/study.toml"))
CLASSIFIERS: list[Path] = [
    folder for folder in EVERY if get_task(read_config(folder / "study.toml").task).classifies_images
]
"""Those of networks that classify images, which have what is measured of classifiers."""

CORRUPTED = [
    folder
    for folder in CLASSIFIERS
    if [] not in map(read_config(folder / "study.toml").analysis.get, ("families", "corruptions"))
]
"""Those of them that were shown corrupted images."""
