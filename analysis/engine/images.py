"""What a study's tickets are shown: its test images, and where the corrupted ones come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import FAMILIES, corrupt, family_of
from analysis.corruptions.arrays import Arrays, Images
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.frost import needled
from analysis.corruptions.photographs import Photographs
from analysis.engine.settings import AnalysisConfig
from pruning.data import Dataset
from pruning.data.base import used_rows
from pruning.data.lazy import LazyImages, whole
from pruning.files import user_path
from pruning.study.folder import Study
from pruning.training.precision import settled


class Stack(Protocol):
    """Images uint8 [N, C, H, W] that may lie on the disk: a tensor, or what `corruptions.arrays` reads."""

    @property
    def shape(self) -> torch.Size:
        """(N, C, H, W)."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the values."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Tensor: ...


HASHED = 64  # images at once
Given = Mapping[Condition, Stack]
"""Corrupted images that are there already."""


@dataclass(frozen=True)
class TestImages:
    """Test images uint8 [N, C, H, W] with their labels int64 [N], and what is shown under each condition.

    `given` are corrupted images that are not made; `frost` are photographs; `data` is the data set they are from, which
    has the training images; `seed` is that of the corruptions.
    """

    __test__ = False  # the name is no test's

    images: Tensor
    labels: Tensor
    given: Given = field(default_factory=dict)
    frost: Photographs | None = None
    data: Dataset | None = None
    seed: int = 0

    @classmethod
    def of(cls, study: Study, config: AnalysisConfig, data: Dataset) -> TestImages:
        """As many images as the settings say. Raises UserError when a folder they name does not hold what it should."""
        given = given_images(study, config, data)
        rows = used_rows(len(data.test.labels), config.samples)
        given = {condition: images.only(rows) for condition, images in given.items()}
        frost = None if config.frost is None else Photographs.open(place(study, config.frost))
        if frost is not None:
            frost.check(*data.shape[1:])
        return cls(data.test.images[rows], data.test.labels[rows], given, frost, data)

    def __len__(self) -> int:
        return len(self.labels)

    def attacks(self, condition: Condition) -> bool:
        """Whether the images are made for each network, as those of an attack are."""
        family = FAMILIES.get(family_of(condition[0]))
        return family is not None and family.needs_network and condition not in self.given

    def batch(self, condition: Condition, part: slice, device: torch.device, macs: int) -> Tensor:
        """A part of the images under a condition that is no attack, on the device.

        They are made on as many threads as networks of `macs` multiply-adds use: a change of their number between two
        batches would cost more than it gains.
        """
        if condition == CLEAN or condition in self.given:
            return whole(self.given.get(condition, self.images)[part]).to(device)
        index = torch.arange(len(self))[part]
        with settled(macs):
            clean = whole(self.images[part]).to(device)
            return corrupt(clean, *condition, seed=self.seed, index=index, frost=self.frost)

    def some(self, condition: Condition, rows: Tensor, device: torch.device, macs: int) -> Tensor:
        """Images by place, int64 [n], under a condition that is no attack: as `batch` has them."""
        if condition in self.given:
            return torch.cat([self.given[condition][row : row + 1] for row in rows.tolist()]).to(device)
        images = whole(self.images[rows]).to(device)
        if condition == CLEAN:
            return images
        with settled(macs):
            return corrupt(images, *condition, seed=self.seed, index=rows, frost=self.frost)

    @cached_property
    def digest(self) -> str:
        """16 hex digits of the clean images and their labels."""
        if isinstance(self.images, LazyImages):
            return self.images.remembered("shown", self.labels.numpy().tobytes(), self._digest)
        return self._digest()

    def _digest(self) -> str:
        return _digest(self.images, self.labels)

    @cached_property
    def training_digest(self) -> str:
        """16 hex digits of the training images and their labels; "" where they are not here."""
        if self.data is None:
            return ""
        train = self.data.train
        if isinstance(train.images, LazyImages):
            text = train.labels.numpy().tobytes()
            return train.images.remembered("training", text, lambda: _digest(train.images, train.labels))
        return _digest(train.images, train.labels)

    def source(self, condition: Condition) -> str:
        """Where a condition's images come from when they are not made by the corruption alone; else ""."""
        if condition in self.given:
            given = self.given[condition]
            return "array " + _digest(given if isinstance(given, Images) else given[:])
        if condition[0] == "frost" and self.frost is not None:
            return "photographs " + _digest(*self.frost.pixels)
        # Frost of large images was mended, that of small ones stayed: one version of the corruption cannot say so.
        return "needles" if condition[0] == "frost" and needled(*self.images.shape[2:]) else ""


def given_images(study: Study, config: AnalysisConfig, data: Dataset) -> Mapping[Condition, Images]:
    """All images of the folder of arrays; none where the settings name no folder. Raises UserError as `Arrays.open`."""
    if config.arrays is None:
        return {}
    test = data.test
    return Arrays.open(place(study, config.arrays), tuple(test.images.shape), test.labels)


def place(study: Study, folder: str) -> Path:
    """A folder named in the settings, found from that of the study file."""
    return study.source.parent / user_path(folder)


def _digest(*arrays: Tensor | Images) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        pixels = array.pixels if isinstance(array, Images) else array
        kind = str(pixels.dtype).removeprefix("torch.")
        digest.update(f"{kind} {(len(array), *pixels.shape[1:])}\n".encode())
        # arrays may lie on the disk
        for part in array if isinstance(array, Images) else map(whole, array.split(HASHED)):
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
