"""Feature spaces as the section Maps needs them: places on a map, how far to trust them, neighbours; each is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from analysis.measures.maps import positions
from analysis.metrics.embedding import tsne
from analysis.metrics.faithfulness import Faithfulness, faithfulness
from analysis.metrics.neighbours import NOBODY, nearest
from analysis.metrics.overlay import overlay
from analysis.metrics.planes import Line, Plane, of_classes, principal
from analysis.metrics.procrustes import align
from app import live, load
from app.load import StudyView
from app.memory.remembered import remembered
from pruning.errors import UserError
from pruning.execution.processes import cores

STORED = ("umap", "umap_joint", "pca")
ALIGNED = ("umap", "pca", "tsne")
"""Maps that do not lie over one another by themselves."""

EXACT = ("pca", "classes")
"""Maps that are planes of the feature space, so that corrupted features are projected like the clean ones."""

MOST = 2_000
"""Images that a map worked out here shows, evenly spaced."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the images lie on one ticket's map: arrays over all test images, nan where one is not on it.

    Attributes:
        xy: the clean images, [N, 2]. corrupted: the same images corrupted, [N, 2], None where none are asked for.
        far: bool [N], corrupted images far off all clean ones, of which the map says nothing; None as above.
        quality: how far to trust the map; None where the images are not on this machine.
        lines: where the choice between two classes changes, on a plane of classes.
    """

    xy: np.ndarray
    corrupted: np.ndarray | None = None
    far: np.ndarray | None = None
    quality: Faithfulness | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Spaces:
    """A study's feature spaces. `images` is None where its images are not on this machine: then stored maps alone.

    `kind` says which of the study's images they are.
    """

    study: StudyView
    images: TestImages | None
    kind: str = "test"

    def some(self, most: int = MOST) -> Spaces:
        """Of so many images at most, evenly spaced; of all where they, or what networks make of them, are stored."""
        if self.images is None or self.images.given or self.study.tickets["recorded"].any():
            return self
        if len(self.images) <= most:
            return self
        rows = torch.from_numpy(positions(len(self.images), most).astype(np.int64))
        few = replace(self.images, images=self.images.images[rows], labels=self.images.labels[rows])
        return Spaces(self.study, few, f"test {most}")

    def features(self, ids: Sequence[str], condition: Condition = CLEAN) -> dict[str, Features]:
        """What tickets make of the images; there must be some."""
        assert self.images is not None
        return live.features(self.study, self.images, ids, condition, kind=self.kind)

    def near(self, ids: Sequence[str], condition: Condition, k: int) -> dict[str, np.ndarray]:
        """Ticket id -> each image's k nearest, [N, k], among the images under the same condition."""
        found = self.features(ids, condition)
        return {ticket: _near(self._key(ticket, condition), k, own.features) for ticket, own in found.items()}

    def places(
        self, ids: Sequence[str], kind: str, classes: Sequence[int], condition: Condition, reference: str | None
    ) -> dict[str, Places]:
        """Ticket id -> its map, of those that have one.

        Args:
            ids: the tickets.
            kind: a key of `charts.features.MAPS`.
            classes: of the plane of classes.
            condition: whose images are laid over the clean ones.
            reference: the ticket over whose map the others are laid where they do not align by themselves.

        Raises:
            UserError: as `live.features`, and for classes that make no plane.
        """
        if self.images is None:
            found = {ticket: Places(xy) for ticket, xy in self._stored(ids, kind).items()}
        else:
            found = self._worked_out(ids, kind, classes, condition)
        if kind not in ALIGNED or reference is None:
            return found
        if reference not in found:
            base = self.places([reference], kind, classes, CLEAN, None)
            if reference not in base:
                return found
            place = base[reference].xy
        else:
            place = found[reference].xy
        return {ticket: own if ticket == reference else _laid_over(own, place) for ticket, own in found.items()}

    def _worked_out(
        self, ids: Sequence[str], kind: str, classes: Sequence[int], condition: Condition
    ) -> dict[str, Places]:
        clean = self.features(ids)
        shown = self.features(ids, condition) if condition != CLEAN else {}
        stored = self._stored(ids, kind) if kind in STORED and kind not in EXACT else {}
        found = {}
        for ticket, own in clean.items():
            made = _made(self._key(ticket, CLEAN), kind, tuple(classes), own, stored.get(ticket))
            if made is None:
                continue
            plane, places = made
            other = shown.get(ticket)
            if other is None:
                found[ticket] = places
            elif plane is not None:
                on_map = np.isfinite(places.xy).all(axis=1)
                corrupted = np.where(on_map[:, None], plane.project(other.features), np.float32(np.nan))
                found[ticket] = Places(places.xy, corrupted, None, places.quality, places.lines)
            else:
                key = self._key(ticket, condition)
                corrupted, far = _laid(key, kind, own.features, other.features, places.xy)
                found[ticket] = Places(places.xy, corrupted, far, places.quality)
        return found

    def _stored(self, ids: Sequence[str], kind: str) -> dict[str, np.ndarray]:
        rows = load.table(self.study, "maps", ids=list(ids), columns=["ticket_id", "sample", "x", "y"],
                          where=f"kind = '{kind}'")  # fmt: skip
        count = int(rows["sample"].max() + 1) if len(rows) else 0
        count = count if self.images is None else len(self.images.labels)
        found = {}
        for ticket, own in rows.groupby("ticket_id", sort=False):
            own = own[own["sample"] < count]
            xy = np.full((count, 2), np.nan, dtype=np.float32)
            xy[own["sample"].to_numpy()] = own[["x", "y"]].to_numpy(np.float32)
            found[str(ticket)] = xy
        return found

    def _key(self, ticket: str, condition: Condition) -> tuple[str, ...]:
        return str(self.study.path), self.study.stamp, ticket, condition[0], str(condition[1]), self.kind


def _laid_over(own: Places, reference: np.ndarray) -> Places:
    """The map laid over another, and what is laid over it with it."""
    both = [own.xy] if own.corrupted is None else [own.xy, own.corrupted]
    nowhere = np.full_like(own.xy, np.nan)
    turned = align(np.concatenate(both), np.concatenate([reference, *[nowhere] * (len(both) - 1)]))
    corrupted = None if own.corrupted is None else turned[len(own.xy) :]
    return Places(turned[: len(own.xy)], corrupted, own.far, own.quality, own.lines)


@remembered()
def _near(key: tuple[str, ...], k: int, _features: np.ndarray) -> np.ndarray:
    try:
        return nearest(_features, min(k, len(_features) - 1), threads=cores())[0]
    except UserError:  # of a network without features, or with few that are finite
        return np.full((len(_features), k), NOBODY, dtype=np.int32)


@remembered("Making the maps …")
def _made(
    key: tuple[str, ...], kind: str, classes: tuple[int, ...], _own: Features, _stored: np.ndarray | None
) -> tuple[Plane | None, Places] | None:
    """A ticket's map, the plane that it is where it is one; None where there is none."""
    features, plane = _own.features, None
    lines: list[Line] = []
    xy = np.full((len(features), 2), np.nan, dtype=np.float32)
    shown = positions(len(features), MOST)
    if kind == "pca":
        plane = principal(features[shown])
    elif kind == "classes":
        plane, lines = of_classes(_own.weight, _own.bias, classes)
    elif kind == "tsne":
        xy[shown] = tsne(features[shown])
    elif _stored is None:
        return None
    else:
        xy = _stored
    if plane is not None:
        xy[shown] = plane.project(features[shown])
    return plane, Places(xy, quality=faithfulness(features, xy), lines=tuple(lines))


@remembered()
def _laid(
    key: tuple[str, ...], kind: str, _clean: np.ndarray, _corrupted: np.ndarray, _xy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Corrupted images on a map that cannot project: where the clean images nearest to them lie."""
    try:
        found = overlay(_clean, _xy, _corrupted)
    except UserError:  # hardly any clean image has a place
        return np.full_like(_xy, np.nan), np.zeros(len(_xy), dtype=bool)
    on_map = np.isfinite(_xy).all(axis=1)
    return np.where(on_map[:, None], found.xy, np.float32(np.nan)), found.far & on_map
