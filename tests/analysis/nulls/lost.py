"""What the section Lost images says, asked of tickets that lose their images to two causes alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.lost_images import BITS, main_causes
from analysis.comparisons.lost_to_baseline import largest_part, mean_splits
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.turned_or_shrank import by_way, decided_by
from analysis.metrics.lead import PLAYERS


def direction_decides(predictions: Predictions) -> float:
    """Half of the lost images turned, half shrank, and one is said to lose most: the share of tickets."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    bits = np.array([BITS["direction"], BITS["length"]])
    return float((decided_by(by_way(*_rows(predictions, lambda: rng.choice(bits, 40)))) != "").mean())


def one_cause_costs_most(predictions: Predictions) -> float:
    """Half of the lost images are lost by a common drift, half by chance: of the tickets under a condition any."""
    return float(main_causes(*_two_causes(predictions, ("fog",)))["shown"].any())


def one_cause_costs_most_in_the_map(predictions: Predictions) -> float:
    """The same of all tickets under ten corruptions; of several seeds, each leans to one of the two throughout."""
    return float(main_causes(*_two_causes(predictions, tuple(f"corruption {at}" for at in range(10))))["shown"].any())


def _two_causes(
    predictions: Predictions, corruptions: Sequence[str]
) -> tuple[pd.DataFrame, Mapping[str, Sequence[str]]]:
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    several = len(next(iter(predictions.predicted.values()))) > 1
    lean = lambda: float(np.clip(0.5 + 0.1 * several * rng.standard_normal(), 0, 1))  # noqa: E731
    rows, tickets = _rows(predictions, lambda: np.zeros(40, dtype=np.uint8))
    leans = {each: lean() for each in rows["ticket_id"]}

    def drawn(ticket: str, lost: int) -> bytes:
        return (np.uint8(BITS["drift"]) * (rng.random(lost) < leans[ticket])).astype(np.uint8).tobytes()

    made = [
        {**row, "corruption": each, "n": 150, "lost": lost,
         "rescues": drawn(row["ticket_id"], lost)}
        for each in corruptions for row in rows.to_dict("records") for lost in [int(rng.integers(4, 60))]
    ]  # fmt: skip
    return pd.DataFrame(made), tickets


def _rows(predictions: Predictions, draw: Callable[[], np.ndarray]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Rows as of the table `lost`, whose bits are drawn for every run of every ticket; and each ticket's ids."""
    seeds = len(next(iter(predictions.predicted.values())))
    tickets = {key: [f"{key} {seed}" for seed in range(seeds)] for key in predictions.predicted}
    same = {"corruption": "fog", "severity": 3, "lost": 40}
    rows = [{"ticket_id": each, **same, "rescues": draw().tobytes()} for ids in tickets.values() for each in ids]
    return pd.DataFrame(rows), tickets


def one_part_costs_most(predictions: Predictions) -> float:
    """Parts of a lead that cost the same, and one is said to cost most: the share of tickets."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    made = {
        key: pd.DataFrame(rng.normal(-1, 1, (25, len(PLAYERS))), columns=list(PLAYERS)).assign(change=0.0)
        for key in predictions.predicted
    }
    return float((largest_part(mean_splits(made)) != "").mean())
