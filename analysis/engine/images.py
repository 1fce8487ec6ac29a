"""What a study's tickets are shown: its test images, and where the corrupted ones come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from analysis.corruptions.arrays import Arrays, Images
from analysis.corruptions.conditions import Condition
from analysis.corruptions.photographs import Photographs
from analysis.engine.settings import AnalysisConfig
from pruning.data import Dataset
from pruning.study.folder import Study


@dataclass(frozen=True)
class Material:
    """Test images uint8 [N, C, H, W] with their labels int64 [N], images that are given, and photographs of frost."""

    images: Tensor
    labels: Tensor
    given: Mapping[Condition, Images]
    frost: Photographs | None

    @classmethod
    def of(cls, study: Study, config: AnalysisConfig, data: Dataset) -> Material:
        """As many images as the settings say. Raises UserError when a folder they name does not hold what it should."""
        given = given_images(study, config, data)
        rows = used_rows(len(data.test.labels), config.samples)
        given = {condition: Images(images.pixels[rows]) for condition, images in given.items()}
        frost = None if config.frost is None else Photographs.open(place(study, config.frost))
        if frost is not None:
            frost.check(*data.shape[1:])
        return cls(data.test.images[rows], data.test.labels[rows], given, frost)


def used_rows(images: int, samples: int | None) -> slice:
    """The rows of the test set that a study uses when it asks for `samples` of them: every k-th, so that a set that is
    sorted by class keeps all its classes; all rows when it asks for no fewer than there are."""
    if samples is None or samples >= images:
        return slice(None)
    step = images // samples
    return slice(0, step * samples, step)


def given_images(study: Study, config: AnalysisConfig, data: Dataset) -> Mapping[Condition, Images]:
    """All images of the folder of arrays; none where the settings name no folder. Raises UserError as `Arrays.open`."""
    if config.arrays is None:
        return {}
    test = data.test
    return Arrays.open(place(study, config.arrays), tuple(test.images.shape), test.labels)


def place(study: Study, folder: str) -> Path:
    """A folder named in the settings, found from that of the study file."""
    return study.source.parent / Path(folder).expanduser()
