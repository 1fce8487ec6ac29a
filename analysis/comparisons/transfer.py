"""Tickets on other data sets: curves over sparsity, and who transfers better or worse than the dense network.

A family is asked by its seeds; of one seed the draws of the few images are what was repeated, and where these too are
one, the test images. A claim of a difference follows `verdicts`: of accuracies by images and seeds, of calibration
errors, which are no means over images, by seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import verdicts
from analysis.comparisons.outcomes import PerImage
from analysis.comparisons.scores import Scores
from analysis.statistics.intervals import mean_interval, wilson
from pruning.tasks import Score

SEEDS, DRAWS, IMAGES, NOTHING = "seeds", "draws", "images", "nothing"
CURVE = ["key", "method", "sparsity", "kind", "way", "shots", "value", "low", "high", "seeds", "draws", "over"]
VALUES = ("accuracy", "ece", "scaled_ece", "nll", "scaled_nll", "brier", "scaled_brier")
AGAINST = ["kind", "way", "shots", *verdicts.COLUMNS]


def curves(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """A value of each family, way and budget, with its interval.

    Args:
        rows: of the table `transfer`, with key, method, sparsity and seed of each ticket.
        value: one of `VALUES`.

    Returns:
        A row a key, target, way and budget, in the order given: the mean over seeds of the means over draws, low and
        high (Student's 95 % interval over seeds; of one seed over draws; of one draw too Wilson's over images, which
        only the accuracy has), seeds, draws, over ("seeds", "draws", "images" or "nothing").
    """
    found = []
    known = rows[np.isfinite(rows[value])]
    for (key, kind, way, shots), own in known.groupby(["key", "kind", "way", "shots"], sort=False):
        by_seed = own.groupby("seed")[value].mean()
        draws, first = int(own.groupby("seed").size().max()), own.iloc[0]
        over = SEEDS if len(by_seed) > 1 else DRAWS if draws > 1 else IMAGES if value == "accuracy" else NOTHING
        mean, low, high = mean_interval(by_seed if over == SEEDS else own[value])
        if over == IMAGES:
            low, high = map(float, wilson(round(mean * first["n"]), first["n"]))
        most = 1.0 if value == "accuracy" or value.endswith("ece") else np.inf
        ends = max(low, 0.0), min(high, most)
        place = key, first["method"], float(first["sparsity"]), kind, way, int(shots)
        found.append((*place, mean, *ends, len(by_seed), draws, over))
    return pd.DataFrame(found, columns=CURVE)


def against(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], value: str) -> pd.DataFrame:
    """How much more of a value a has than b, and whether that is beyond chance; all that are asked are one family.

    Args:
        rows: as for `curves`.
        pairs: keys (a, b), such as each ticket and the dense network; those not transferred alike are left out.
        value: "accuracy", or a calibration error, "ece" or "scaled_ece".

    Returns:
        kind, way, shots, and the columns of `comparisons.verdicts`, a row a pair, target, way and budget.
    """
    places = list(rows.groupby(["kind", "way", "shots"], sort=False))
    asked = [(_name(place, a), _name(place, b)) for place, _ in places for a, b in pairs]
    told: PerImage | Scores
    if value == "accuracy":
        told = {_name(place, str(key)): _shares(own) for place, each in places for key, own in each.groupby("key")}
    else:
        means = {
            _name(place, str(key)): own.groupby("seed")[value].mean().to_dict()
            for place, each in places
            for key, own in each.groupby("key")
        }
        told = Scores(Score(value, "%", higher=False), means)
    table = verdicts.of_pairs(told, asked)
    if table.empty:
        return pd.DataFrame(columns=AGAINST)
    named = {_name(place, key): (*place, key) for place, each in places for key in each["key"].unique()}
    parts = pd.DataFrame([named[a] for a in table["a"]], columns=["kind", "way", "shots", "key"])
    told_of = table.assign(**{name: parts[name] for name in ("kind", "way", "shots")})
    return told_of.assign(a=parts["key"], b=[named[b][-1] for b in table["b"]])[AGAINST]


def right(packed: bytes, images: int) -> np.ndarray:
    """Which test images are classified right, bool [n], of a row of the table."""
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8))[:images].astype(bool)


def _shares(own: pd.DataFrame) -> dict[int, np.ndarray]:
    """Seed -> of each test image in how many of the draws it is classified right, a share."""
    return {
        int(seed): np.mean([right(row.right, row.n) for row in each.itertuples()], axis=0)  # type: ignore[call-overload]
        for seed, each in own.groupby("seed")
    }


def _name(place: object, key: str) -> str:
    return f"{place} {key}"


def levelled(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean accuracy of each ticket, way and budget beside what it reaches upstream.

    Args:
        rows: as for `curves`, with the column upstream: accuracy on the source's test images.

    Returns:
        key, method, sparsity, seed, kind, way, shots, upstream, accuracy; a row a ticket, not a family.
    """
    by = ["key", "method", "sparsity", "seed", "kind", "way", "shots"]
    return rows.groupby(by, sort=False)[["upstream", "accuracy"]].mean().reset_index()
