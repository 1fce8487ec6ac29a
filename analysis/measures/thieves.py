"""What a thief has and does, and what a forger has of a key that a ticket lacks: rows of the table `ownership`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field
from scipy.stats import hypergeom

from analysis.engine.base import Context
from analysis.metrics.attacks_on_marks import FORGED_KEY, NONE, THIEF, TRUE_KEY
from analysis.metrics.theft import Loot, for_thief
from pruning.data import Dataset, Split
from pruning.masks import Masks
from pruning.ticket import Ticket
from pruning.training.config import Training

Row = dict[str, object]

UNTRAINED: Row = {
    "strength": 0.0, "accuracy": np.nan, "retrained": np.nan, "retrained_ber": np.nan, "retrained_p_value": np.nan
}  # fmt: skip
"""What a row says of training where nobody trained."""


class OwnershipOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        thief_epochs: how long a thief trains again after an attack; left out, a fifth of the ticket's own training.
        forgeries: how many codes of other texts are looked for in a signed ticket.
    """

    thief_epochs: Annotated[float, Field(ge=0)] | None = None
    forgeries: Annotated[int, Field(ge=0)] = 50


@dataclass(frozen=True)
class Thief:
    """What a thief has: the data, and a while of the ticket's own training."""

    data: Dataset
    training: Training
    seed: int

    @classmethod
    def of(cls, context: Context) -> Thief:
        """One who takes the ticket of a context."""
        assert context.images.data is not None
        assert isinstance(context.settings, OwnershipOptions)
        info, own = context.ticket.info, context.ticket.recipe
        test = Split(context.images.images, context.images.labels)
        data = replace(context.images.data, test=test, mean=tuple(info.mean), std=tuple(info.std))
        asked = context.settings.thief_epochs
        return cls(data, for_thief(own.training, own.training.epochs / 5 if asked is None else asked), own.seed)

    def accuracy(self, loot: Loot) -> float:
        """Of what was taken, as it is."""
        return loot.accuracy(self.data, self.training.precision)

    def retrained(self, loot: Loot) -> tuple[Loot, float]:
        """The same trained again, and its accuracy."""
        return loot.retrained(self.data, self.training, self.seed)


def unlocked(context: Context, owner: Ticket) -> Iterator[Row]:
    """What a ticket without its key is worth as it is, with the key, and with one that a forger takes for it."""
    thief, loot, recipe = Thief.of(context), Loot.of(context.ticket), context.ticket.recipe
    whole = Loot.of(owner)
    count = sum(int((mask & ~loot.masks[name]).sum()) for name, mask in whole.masks.items())
    forged = loot.with_forged_key(recipe.option("by"), count, thief.data, thief.training, THIEF)
    for number, (attack, seen) in enumerate({NONE: loot, TRUE_KEY: whole, FORGED_KEY: forged}.items()):
        context.progress(number / 3, f"attack '{attack}' on {context.entry.recipe.label}")
        row = guessed(loot.masks, whole.masks, seen.masks, count)
        again = thief.retrained(seen)[1]
        yield {**row, "attack": attack, **UNTRAINED, "accuracy": thief.accuracy(seen), "retrained": again}


def guessed(shipped: Masks, whole: Masks, seen: Masks, count: int) -> Row:
    """How many weights of the key are back, against as many that are drawn from all that were pruned."""
    pruned = sum(int((~mask).sum()) for mask in shipped.values())
    hits = sum(int((seen[name] & whole[name] & ~mask).sum()) for name, mask in shipped.items())
    given = sum(int((seen[name] & ~mask).sum()) for name, mask in shipped.items())
    chance = float(hypergeom.sf(hits - 1, pruned, count, given)) if given else 1.0
    row: Row = {"n": count, "matches": hits, "windows": 1, "ber": 1 - hits / count, "limit": 1 - count / pruned}
    return {**row, "p_value": chance, "undated": np.nan, "limit_undated": np.nan, "decoded": False}
