"""Which pixels tickets lean on, with their seeds as noise, and whether on others than the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.comparisons.attribution import MEASURES, Attribution
from analysis.statistics.map_shapes import compare_shapes
from analysis.statistics.verdicts import LEVEL

Places = Mapping[str, Mapping[int, int]]
"""Key of a ticket -> seed -> place of its network."""


@dataclass(frozen=True, eq=False)
class Floored:
    """A mean over seeds, and images, with what chance makes of it.

    Attributes:
        mean: [...].
        reach: half the width of the 95 % interval, element by element; nan of one network on one image.
    """

    mean: np.ndarray
    reach: np.ndarray

    @property
    def beyond(self) -> np.ndarray:
        """Where the interval leaves out 0, or where there is none: bool [...]."""
        return np.asarray(~(np.abs(self.mean) <= self.reach))


def floored(effects: np.ndarray, level: float = LEVEL) -> Floored:
    """The mean of effects [S, N, ...] of S seeds on N images; its error is the sum of that over seeds and over images.

    Student's interval, element by element, with the degrees of freedom of the seeds; of one seed, of the images.
    """
    seeds, images = effects.shape[:2]
    squares = np.zeros(effects.shape[2:])
    if seeds > 1:
        squares = squares + effects.mean(axis=1).var(axis=0, ddof=1) / seeds
    if images > 1:
        squares = squares + effects.mean(axis=0).var(axis=0, ddof=1) / images
    groups = seeds if seeds > 1 else images
    factor = t.isf((1 - level) / 2, groups - 1) if groups > 1 else np.nan
    return Floored(effects.mean(axis=(0, 1)), factor * np.sqrt(squares))


@dataclass(frozen=True)
class Lost:
    """What a ticket loses with a part of the images: the mean over seeds, the least and the most of a seed.

    `place` is that of the patch; None where it is the whole content.
    """

    key: str
    mean: float
    low: float
    high: float
    place: int | None = None

    @classmethod
    def over_seeds(cls, key: str, values: np.ndarray, place: int | None = None) -> Lost:
        """From what each seed loses, [S]."""
        return cls(key, float(values.mean()), float(values.min()), float(values.max()), place)


@dataclass(frozen=True, eq=False)
class TicketMaps:
    """The attributions of images, by ticket and seed.

    Attributes:
        found: one an image, of the same networks.
        places: which network is of which ticket and seed.
        baseline: one of the tickets.
    """

    found: Sequence[Attribution]
    places: Places
    baseline: str

    @property
    def others(self) -> list[str]:
        """The tickets but the baseline."""
        return [key for key in self.places if key != self.baseline]

    @property
    def seeds(self) -> int:
        """The most seeds that a ticket has."""
        return max(len(each) for each in self.places.values())

    def whole(self, key: str) -> np.ndarray:
        """Gap and length of the images, [S, N, 2]."""
        return np.stack([[each.whole[place] for each in self.found] for place in self.places[key].values()])

    def predictions(self, key: str) -> np.ndarray:
        """What each seed takes each image for, int64 [S, N]."""
        return np.stack([[each.predictions[place] for each in self.found] for place in self.places[key].values()])

    def effect(self, key: str, measure: str) -> Floored:
        """A ticket's map [H, W]: of the gap in degrees, of the length in per cent."""
        return floored(self._stacked(key, measure, list(self.places[key])))

    def against_baseline(self, key: str, measure: str) -> Floored:
        """A ticket's map minus the baseline's [H, W], over the seeds that both have; of all where they share none."""
        common = sorted(self.places[key].keys() & self.places[self.baseline].keys())
        if not common:
            own, base = self.effect(key, measure), self.effect(self.baseline, measure)
            return Floored(own.mean - base.mean, np.hypot(own.reach, base.reach))
        return floored(self._stacked(key, measure, common) - self._stacked(self.baseline, measure, common))

    def shapes(self, measure: str) -> pd.DataFrame:
        """Whether tickets lean on other pixels than the baseline: `statistics.map_shapes.compare_shapes`."""
        maps = {
            key: {seed: self._stacked(key, measure, [seed])[0].reshape(len(self.found), -1) for seed in each}
            for key, each in self.places.items()
        }
        return compare_shapes(maps, self.baseline)

    def hidden_at(self, key: str, measure: str, place: int) -> Lost:
        """What is lost with the patch of that place, means over the images."""
        return Lost.over_seeds(key, self._hidden(key, measure)[:, place], place)

    def content(self, key: str, measure: str) -> Lost:
        """What is lost with the whole content of the images, means over them."""
        at, own = MEASURES.index(measure), self.places[key].values()
        return Lost.over_seeds(
            key, np.mean([[each.emptied[place, at] for place in own] for each in self.found], axis=0)
        )

    def strongest(self, measure: str) -> Lost | None:
        """The patch that most is lost with, and the ticket, not the baseline unless it is alone, that loses it.

        By the mean over seeds and images; None where nothing was hidden, or is lost with any patch.
        """
        if any(each.hidden is None for each in self.found):
            return None
        means = {key: self._hidden(key, measure).mean(axis=0) for key in self.others or [self.baseline]}
        most = {key: float(np.nanmax(each)) for key, each in means.items() if np.isfinite(each).any()}
        if not most or max(most.values()) <= 0:
            return None
        key = max(most, key=lambda each: most[each])
        return self.hidden_at(key, measure, int(np.nanargmax(means[key])))

    def table(self, measure: str) -> pd.DataFrame:
        """A row a ticket: the rows of `shapes`, with gap and length, means over seeds and images."""
        whole = {key: self.whole(key).mean(axis=(0, 1)) for key in self.places}
        means = pd.DataFrame(whole, index=list(MEASURES)).T.rename_axis("key").reset_index()
        return means.merge(self.shapes(measure), on="key")

    def _stacked(self, key: str, measure: str, seeds: Sequence[int]) -> np.ndarray:
        """Maps [S, N, H, W]."""
        at, own = MEASURES.index(measure), self.places[key]
        return np.stack([[each.maps[own[seed], at] for each in self.found] for seed in seeds])

    def _hidden(self, key: str, measure: str) -> np.ndarray:
        """What is lost with each patch, means over the images: [S, P]."""
        at = MEASURES.index(measure)
        found = [each.hidden for each in self.found if each.hidden is not None]
        return np.stack([np.mean([each[place, at] for each in found], axis=0) for place in self.places[key].values()])


def position(corner: Sequence[int], patch: int, size: Sequence[int]) -> str:
    """Where a patch lies in an image of `size` (H, W), in words: `upper right`, `centre`, `left`."""
    thirds = [min(2, int(3 * (start + min(patch, side) / 2) / side)) for start, side in zip(corner, size, strict=True)]
    row, column = ("upper", "", "lower")[thirds[0]], ("left", "", "right")[thirds[1]]
    if row and column:
        return f"{row} {column}"
    return column or {"upper": "top", "lower": "bottom"}.get(row, "centre")


def telling(clean: Mapping[str, np.ndarray], shown: Mapping[str, np.ndarray], baseline: str) -> np.ndarray:
    """The images that say most of why tickets are lost, most telling first.

    Args:
        clean: key -> which images are classified right when clean, bool [N].
        shown: the same under the condition looked at.
        baseline: one of the keys.

    Returns int64: first those that the baseline has right under the condition, by how many tickets have them wrong;
    then others that a ticket loses to the condition, by how many do. The rest are left out.
    """
    others = [key for key in shown if key != baseline]
    wrong = np.sum([np.zeros_like(shown[baseline], int), *(~shown[key] for key in others)], axis=0)
    lost = np.sum([clean[key] & ~shown[key] for key in shown], axis=0)
    score = np.where(shown[baseline], wrong * (len(shown) + 1), 0) + lost
    order = np.argsort(-score, kind="stable")
    return np.asarray(order[score[order] > 0])
