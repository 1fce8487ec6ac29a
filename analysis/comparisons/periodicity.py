"""How periodic the neurons of networks over tokens are, and what these noted on their way.

What was noted is read from the headers of the tickets' files. A network that cannot say what its neurons see (a method
`token_weights`, see `pruning.tasks`) notes no spectrum, and gives no rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from analysis.comparisons.grokking import Found
from analysis.statistics.replication import bands
from pruning.errors import UserError
from pruning.study.folder import Entry
from pruning.tasks.spectrum import Spectrum, amplitudes, spectrum
from pruning.tasks.spectrum import shares as shares_of
from pruning.ticket import Ticket

LOOKS = "observed/iteration"
NOTED = {"spectrum": ("entropy", "strongest", "dead"), "norms": ("l1", "l2")}
VALUES = [name for names in NOTED.values() for name in names]
"""What has one number a look: entropy of the spectrum (nats, mean over live neurons), share of a neuron's strongest
frequency (mean), dead neurons, L1 and L2 norm of the prunable weights, pruned ones 0."""


def looks(entry: Entry) -> np.ndarray:
    """The iterations at which the network was looked at, float64 [T]."""
    return np.array(entry.info.record.get(LOOKS, []), dtype=np.float64)


def noted(found: Found) -> pd.DataFrame:
    """What was noted at each look: key, seed, step (iterations), and the columns of `VALUES`, NaN where it was not."""
    frames = []
    for key, entries in found.items():
        for entry in entries:
            columns = {
                name: _table(entry, f"{table}/{name}", 1)[:, 0] for table, names in NOTED.items() for name in names
            }
            frames.append(pd.DataFrame({"key": key, "seed": entry.recipe.seed, "step": looks(entry), **columns}))
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=["key", "seed", "step", *VALUES])


def over_seeds(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Average one of `VALUES` over seeds at each step: key, step, mean, low, high (95 %, Student's), n.

    Trainings end at their own time, so that fewer seeds count later on. A step at which only some of the trainings
    that were still running were looked at, as the end of one of them, is left out.
    """
    table = bands(rows, ["key", "step"], value)
    ends = rows.groupby(["key", "seed"], sort=False)["step"].max()
    running = [(ends[row.key] >= row.step).sum() for row in table.itertuples()]
    return table[table["n"] == running].sort_values(["key", "step"], ignore_index=True)


def first_and_last(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Average one of `VALUES` over seeds at the first and at the last look of each: key, at, mean, low, high, n.

    `at` is "first" or "last"; the bounds are Student's (95 %), NaN for one seed.
    """
    ordered = rows.dropna(subset=[value]).sort_values("step", kind="stable").groupby(["key", "seed"], sort=False)
    both = pd.concat([ordered.head(1).assign(at="first"), ordered.tail(1).assign(at="last")])
    return bands(both, ["key", "at"], value)


def shares(entry: Entry) -> np.ndarray:
    """Each frequency's share of the spectrum at each look, mean over the live neurons: float64 [T, F], or [T, 0]."""
    return _table(entry, "spectrum_mean/share")


@dataclass(frozen=True)
class Neurons:
    """Some hidden neurons' weights over the tokens, on the way.

    Attributes:
        steps: float64 [T], iterations.
        rows: int64 [n], which neurons.
        weights: float64 [T, n, p].
    """

    steps: np.ndarray
    rows: np.ndarray
    weights: np.ndarray

    def at(self, step: float) -> tuple[float, np.ndarray]:
        """The look nearest to a step (the last where it is beyond the end): its iteration, and the weights [n, p]."""
        place = int(np.abs(self.steps - step).argmin())
        return float(self.steps[place]), self.weights[place]


def neurons(entry: Entry) -> Neurons | None:
    """The neurons that a training noted; None where it noted none."""
    rows, weights = _table(entry, "neuron_rows/row"), _table(entry, "neurons/weight")
    if not rows.size or not weights.size:
        return None
    count = rows.shape[1]
    return Neurons(looks(entry), rows[0].astype(np.int64), weights.reshape(len(weights), count, -1))


def _table(entry: Entry, column: str, width: int | None = None) -> np.ndarray:
    """A recorded column as [looks, numbers a look]; NaN, or of no width, where it was not noted.

    Raises:
        UserError: its numbers do not go into the looks.
    """
    steps, values = looks(entry), entry.info.record.get(column, [])
    if not values:
        return np.full((len(steps), width or 0), np.nan)
    if not len(steps) or len(values) % len(steps) or (width is not None and len(values) != width * len(steps)):
        raise UserError(
            f"Ticket {entry.id} is damaged: '{column}' has {len(values)} numbers for {len(steps)} looks; delete its "
            "file and run the study again."
        )
    return np.array(values, dtype=np.float64).reshape(len(steps), -1)


def neuron_shares(ticket: Ticket) -> np.ndarray | None:
    """Each hidden neuron's spectrum over the tokens, at the end of the ticket's training.

    Returns float64 [neurons, F], shares of its amplitudes at the frequencies 1 to F (`pruning.tasks.spectrum`),
    NaN throughout for a dead neuron; None where the network cannot say what its neurons see.
    """
    weights = getattr(ticket.model(), "token_weights", None)
    return None if weights is None else np.asarray(shares_of(amplitudes(weights().detach())))


def by_strongest(share: np.ndarray) -> np.ndarray:
    """The order in which neurons of one strongest frequency stand together, the purest first; dead ones last.

    Args:
        share: [neurons, F], as of `neuron_shares`.

    Returns int64 [neurons].
    """
    dead = np.isnan(share).any(axis=1)
    filled = np.where(np.isnan(share), 0, share)
    return np.lexsort((-filled.max(axis=1), filled.argmax(axis=1), dead))


def spectrum_of(weights: np.ndarray) -> Spectrum:
    """Sum up the spectra of neurons by their weights over the tokens, [n, p]."""
    return spectrum(torch.from_numpy(weights))
