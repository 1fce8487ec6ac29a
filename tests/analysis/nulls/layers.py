"""Networks drawn layer by layer, as unit vectors whose inner products are their CKA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

LAYERS = ("conv1", "conv2", "fc1", "fc2")
WIDTH = 60
SPREAD = (0.3, 0.5, 0.7, 0.9)
"""How far trainings lie about their method's mean, by layer, that being 1 long."""
IMAGES = 400


@dataclass(frozen=True)
class Networks:
    """Tables as a study stores them.

    Attributes:
        alignment: as `measures.alignment`.
        clean, corrupted: as `measures.representations`, on clean images and under one corruption.
        seeds: key -> ids of its seeds; "ticket 0" is dense.
    """

    alignment: pd.DataFrame
    clean: pd.DataFrame
    corrupted: pd.DataFrame
    seeds: dict[str, list[str]]

    @classmethod
    def draw(
        cls, rng: np.random.Generator, seeds: int, tickets: int = 6, apart: tuple[float, ...] = (0.0,) * len(LAYERS),
        louder: float = 1.0,
    ) -> Self:  # fmt: skip
        """Tickets whose means lie `apart` from dense, layer by layer; under corruption each is like another seed.

        Trainings of a ticket lie `louder` times as far about its mean as the dense ones do.
        """
        ids = {f"ticket {t}": [f"{t}-{s}" for s in range(seeds)] for t in range(tickets)}
        frames, shown = [], []
        for position, (layer, spread, off) in enumerate(zip(LAYERS, SPREAD, apart, strict=True)):
            mean, ways = _unit(rng.standard_normal(WIDTH)), rng.standard_normal((tickets, WIDTH)) / WIDTH**0.5
            ways[0] = 0
            loud = spread * np.where(np.arange(tickets) > 0, louder, 1.0)[:, None, None] / WIDTH**0.5
            centres = (mean + off * ways)[:, None]
            drawn, under = (_unit(centres + loud * rng.standard_normal((tickets, seeds, WIDTH))) for _ in range(2))
            pairs = [(t, s, 0, s, "dense") for t in range(1, tickets) for s in range(seeds)]
            if seeds > 1:
                pairs += [(t, s, t, (s + 1) % seeds, "seed") for t in range(tickets) for s in range(seeds)]
            frames += [
                (f"{a}-{s}", f"{b}-{r}", relation, layer, position, layer, drawn[a, s] @ drawn[b, r])
                for a, s, b, r, relation in pairs
            ]
            luck = 0.01 * rng.standard_normal((2, tickets, seeds))
            read = rng.binomial(IMAGES, np.array([0.9, 0.6])[:, None, None] + luck) / IMAGES
            shown += [
                (f"{t}-{s}", layer, position, IMAGES, drawn[t, s] @ under[t, s], *read[:, t, s])
                for t in range(tickets)
                for s in range(seeds)
            ]
        columns = ["ticket_id", "other", "relation", "layer", "position", "other_layer", "cka"]
        rows = pd.DataFrame(shown, columns=["ticket_id", "layer", "position", "n", "cka", "clean", "corrupted"])
        clean, corrupted = (rows.assign(ridge=rows[name]) for name in ("clean", "corrupted"))
        return cls(pd.DataFrame(frames, columns=columns), clean.assign(cka=1.0), corrupted, ids)


def _unit(vectors: np.ndarray) -> np.ndarray:
    found: np.ndarray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found
