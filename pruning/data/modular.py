"""Modular arithmetic as a data set: two tokens in, their sum, difference or product modulo P out (Power et al. 2022).

``modular:add:67:0.4`` are all pairs of 0 .. 66, of which the share 0.4 is for training; ``modular:add:67:0.4:1`` splits
them by another seed. Where the order does not matter (``add``, ``mul``) the pairs are i <= j, P (P + 1) / 2 of them, as
in the published code of Grokking Tickets (arXiv 2310.19470); for ``sub`` they are all P x P. An image is two one-hot
rows, uint8 [1, 2, P] of 0 and 255, which no normalisation changes.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from pruning.data.base import LEVELS, Dataset, DataSource, Split
from pruning.errors import UserError, unknown

PREFIX = "modular:"
FORM = f"{PREFIX}OP:P:SHARE"
OPERATIONS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": lambda first, second: first + second,
    "sub": lambda first, second: first - second,
    "mul": lambda first, second: first * second,
}
LARGEST = 997  # the pairs of larger moduli fill the memory
CLOSE = 1e-9


@dataclass(frozen=True)
class ModularData(DataSource):
    """All pairs of a modulus.

    Attributes:
        name: what the data set was called.
        operation: one of `OPERATIONS`.
        modulus: 2 to 997.
        share: that of the training pairs, in (0, 1); a fraction of a pair goes to the test pairs.
        seed: of the split.
    """

    name: str
    operation: str
    modulus: int
    share: float
    seed: int = 0

    @classmethod
    def named(cls, name: str) -> Self:
        """The data set that ``modular:OP:P:SHARE`` or ``modular:OP:P:SHARE:SEED`` names.

        Raises:
            UserError: there is none of that name.
        """
        parts = name.removeprefix(PREFIX).split(":")
        if len(parts) not in (3, 4):
            raise UserError(f"The data set '{name}' should be {FORM} or {FORM}:SEED, such as {PREFIX}add:67:0.4.")
        try:
            modulus, share, seed = int(parts[1]), float(parts[2]), int(parts[3]) if len(parts) > 3 else 0
        except ValueError:
            raise UserError(
                f"The data set '{name}' should be {FORM} or {FORM}:SEED with numbers, such as {PREFIX}add:67:0.4."
            ) from None
        found = cls(name, parts[0], modulus, share, seed)
        found._check()
        return found

    def _check(self) -> None:
        if self.operation not in OPERATIONS:
            raise unknown("operation of modular arithmetic", self.operation, tuple(OPERATIONS))
        if not 2 <= self.modulus <= LARGEST:
            raise UserError(f"The modulus of '{self.name}' is {self.modulus}; give one of 2 to {LARGEST}.")
        if self.seed < 0:
            raise UserError(f"The seed of the split of '{self.name}' is {self.seed}; give 0 or more.")
        pairs = self.modulus**2 if self.operation == "sub" else self.modulus * (self.modulus + 1) // 2
        if not 0 < self.share < 1 or not 0 < self._training(pairs) < pairs:
            raise UserError(
                f"The share {self.share:g} of '{self.name}' leaves no training or no test pairs of {pairs}; "
                "give one between 0 and 1, such as 0.4."
            )

    def _training(self, pairs: int) -> int:
        """How many of the pairs are for training."""
        return int(self.share * pairs + CLOSE)

    def pairs(self) -> np.ndarray:
        """All pairs, int64 [N, 2], those for training first.

        Their order is that of a hash of the seed and the pair, so no version of a library changes the split.
        """
        ordered = np.indices((self.modulus, self.modulus)).reshape(2, -1).T
        if self.operation != "sub":
            ordered = ordered[ordered[:, 0] <= ordered[:, 1]]
        hashes = [hashlib.sha256(f"{self.seed}:{i}:{j}".encode()).digest() for i, j in ordered.tolist()]
        return ordered[sorted(range(len(ordered)), key=hashes.__getitem__)]

    def read(self, root: Path) -> Dataset:
        """The data set; it is made, and nothing is read."""
        pairs = self.pairs()
        results = OPERATIONS[self.operation](pairs[:, 0], pairs[:, 1]) % self.modulus
        images = torch.zeros(len(pairs), 1, 2, self.modulus, dtype=torch.uint8)
        images.scatter_(3, torch.from_numpy(pairs)[:, None, :, None], LEVELS - 1)
        labels, first = torch.from_numpy(results), self._training(len(pairs))
        return Dataset(
            name=self.name,
            classes=tuple(str(number) for number in range(self.modulus)),
            train=Split(images[:first], labels[:first]),
            test=Split(images[first:], labels[first:]),
            mean=(0.0,),
            std=(1.0,),
        )
