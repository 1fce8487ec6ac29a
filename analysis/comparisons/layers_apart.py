"""Where inside a network something parts from something else: the first layer beyond the noise of the seeds.

Three questions, each asked of every layer of every ticket at once (Holm's correction over all of them):

- `from_dense`: are a ticket and its dense network less alike than two trainings of one method are? The scale is the
  mean distance, 1 - CKA, of two seeds of the ticket's method and of two dense seeds. CKA is an inner product of unit
  vectors (see `metrics.cka`), so the distance beyond that scale is half the squared distance of the two methods' means,
  which is 0 where they train the same networks, whatever the noise of each. Ticket and dense network begin at the same
  weights: that is the careful side.
- `from_clean`: are a ticket's corrupted features less like its clean ones than those of another seed are?
- `behind_dense`: does a ridge probe, fitted on clean features, lose more to the corruption than the dense network's?

The first two are asked of ratios of distances: on that scale seeds vary alike in layers that are nearly the same and in
layers that are not. The trainings are what is repeated. Their variances are moderated over the cells
(`statistics.moderation`), with no more degrees of freedom than tickets give, as the layers of one ticket vary together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.measures.alignment import DENSE, SEED
from analysis.statistics.moderation import moderated
from analysis.statistics.replication import bands
from analysis.statistics.verdicts import DIFFERS, LEVEL, Gap, judge

CELL = ["key", "layer", "position"]
JUDGED = ["difference", "low", "high", "p_holm"]
SAME = 1e-18
"""A squared error that is nothing but rounding."""
SMALLEST = 5e-4
"""Distance 1 - CKA below which nothing is told apart: that of the digits that are stored."""
TENTH = 10.0

Seeds = Mapping[str, Sequence[str]]
"""Ticket's key -> the ids of its seeds."""


def from_dense(alignment: pd.DataFrame, seeds: Seeds, level: float = LEVEL) -> pd.DataFrame:
    """Hold each ticket against its dense network, layer by layer.

    Args:
        alignment: rows of the table `alignment`.
        seeds: the tickets asked about; those without a dense network do not count.
        level: 1 minus the chance that any cell is claimed falsely.

    Returns:
        a row a ticket and layer, in their order: key, layer, position; value, the mean CKA over seeds, with value_low
        and value_high (95 %, Student's; NaN for one seed); noise, the CKA between seeds as described above, with
        noise_low and noise_high, the smallest and largest of the seeds; seeds; times, how many times as far apart as
        seeds the two are (a geometric mean), with the interval times_low and times_high that decides, p_holm, and
        beyond, whether it is shown to be more than once. NaN, and nothing beyond, where one seed says nothing of noise.
    """
    own, same = _siblings(alignment), _same_layer(alignment, DENSE)
    rows = same.merge(own, on=["ticket_id", "layer"], how="left")
    rows = rows.merge(own.rename(columns={"ticket_id": "other", "own": "others"}), on=["other", "layer"], how="left")
    return _times(rows.assign(value=rows["cka"], noise=(rows["own"] + rows["others"]) / 2), seeds, level)


def from_clean(alignment: pd.DataFrame, rows: pd.DataFrame, seeds: Seeds, level: float = LEVEL) -> pd.DataFrame:
    """Hold each ticket's features under a condition against its clean ones, layer by layer.

    Args:
        alignment: rows of the table `alignment`.
        rows: of the table `representations`, under one condition, or under several, whose mean then counts.
        seeds: the tickets asked about.
        level: as for `from_dense`.

    Returns:
        as `from_dense`; noise is the CKA between two seeds of the ticket's method on clean images.
    """
    means = rows.groupby(["ticket_id", "layer", "position"], as_index=False, sort=False)["cka"].mean()
    found = means.merge(_siblings(alignment), on=["ticket_id", "layer"], how="left")
    return _times(found.assign(value=found["cka"], noise=found["own"]), seeds, level)


def behind_dense(clean: pd.DataFrame, rows: pd.DataFrame, seeds: Seeds, dense: Mapping[str, str],
                 level: float = LEVEL) -> pd.DataFrame:  # fmt: skip
    """Hold what each ticket's probes lose under a condition against what the dense network's lose.

    Args:
        clean: rows of the table `representations` on clean images.
        rows: of the same tickets under one condition, or several, whose mean then counts.
        seeds: the tickets asked about; those without a dense network do not count.
        dense: ticket id -> the id of its dense network.
        level: as for `from_dense`.

    Returns:
        as `from_dense`, but with difference, low and high in place of times: value is the accuracy of the ticket's
        probe under the condition less that on clean images, and noise the same of the dense network; difference is
        noise - value. Its error takes in the images too.
    """
    at = ["ticket_id", "layer", "position"]
    found = clean[[*at, "ridge", "n"]].merge(
        rows.groupby(at, as_index=False, sort=False)["ridge"].mean(), on=at, suffixes=("_clean", "")
    )
    found["value"] = found["ridge"] - found["ridge_clean"]
    found["images"] = (found["ridge"] * (1 - found["ridge"])).clip(lower=0) / found["n"]
    found["other"] = found["ticket_id"].map(dense).astype(object)  # also where no ticket has a dense network
    others = found[["ticket_id", "layer", "value", "images"]].rename(
        columns={"ticket_id": "other", "value": "noise", "images": "others"}
    )
    pairs = found[found["other"] != found["ticket_id"]].merge(others, on=["other", "layer"])
    # how far the same images are wrong for both is not stored; as if they were others is the careful side
    pairs = pairs.assign(images=pairs["images"] + pairs["others"], gap=pairs["noise"] - pairs["value"])
    return _judged(pairs, seeds, level)


def first_beyond(table: pd.DataFrame) -> dict[str, str | None]:
    """The first layer of each ticket that is beyond noise; None where there is none."""
    found: dict[str, str | None] = dict.fromkeys(table["key"].drop_duplicates())
    for key, own in table[table["beyond"]].sort_values("position").groupby("key", sort=False):
        found[str(key)] = str(own["layer"].iloc[0])
    return found


def dense_of(alignment: pd.DataFrame) -> dict[str, str]:
    """Ticket id -> the id of its dense network, where it has one; the dense network is its own."""
    rows = alignment[alignment["relation"] == DENSE].drop_duplicates("ticket_id")
    found = dict(zip(rows["ticket_id"], rows["other"], strict=True))
    return found | {other: other for other in found.values()}


def _same_layer(alignment: pd.DataFrame, relation: str) -> pd.DataFrame:
    return alignment[(alignment["relation"] == relation) & (alignment["layer"] == alignment["other_layer"])]


def _siblings(alignment: pd.DataFrame) -> pd.DataFrame:
    """ticket_id, layer, own: how alike each training is to the other seeds that it was held against, on average."""
    rows = _same_layer(alignment, SEED)
    both = pd.concat([rows, rows.assign(ticket_id=rows["other"])])
    return both.groupby(["ticket_id", "layer"], as_index=False)["cka"].mean().rename(columns={"cka": "own"})


def _times(rows: pd.DataFrame, seeds: Seeds, level: float) -> pd.DataFrame:
    """The table of `from_dense`, from a row a training and layer: value and noise."""
    value, noise = (np.log((1 - rows[name]).clip(lower=SMALLEST)) for name in ("value", "noise"))
    # verdicts take differences between -1 and 1
    table = _judged(rows.assign(gap=(value - noise) / TENTH), seeds, level)
    table[JUDGED[:3]] = np.exp(TENTH * table[JUDGED[:3]].astype(float))
    return table.rename(columns={"difference": "times", "low": "times_low", "high": "times_high"})


def _judged(rows: pd.DataFrame, seeds: Seeds, level: float) -> pd.DataFrame:
    """The table of `behind_dense`, from a row a training and layer: value, noise, gap, and images, a squared error."""
    key_of = {ticket: key for key, ids in seeds.items() for ticket in ids}
    order = {key: place for place, key in enumerate(seeds)}
    rows = rows.assign(key=rows["ticket_id"].map(key_of)).dropna(subset=["key", "value"])
    rows = rows.assign(images=rows.get("images", 0.0), order=rows["key"].map(order))
    rows = rows.sort_values(["order", "position"], kind="stable")
    table = bands(rows, CELL, "value").rename(
        columns={"mean": "value", "low": "value_low", "high": "value_high", "n": "seeds"}
    )
    cells = rows.groupby(CELL, sort=False).agg(
        noise=("noise", "mean"), noise_low=("noise", "min"), noise_high=("noise", "max"),
        gap=("gap", "mean"), variance=("gap", "var"), images=("images", "mean"), gaps=("gap", "count"),
    )  # fmt: skip
    table = table.merge(cells.reset_index(), on=CELL)
    # trainings that agree to the last digit, as those of one imported network do, show no spread to go by
    told = (table["gaps"] > 1) & (table["variance"] + table["images"] > SAME)
    table = table.assign(**dict.fromkeys(JUDGED, np.nan), beyond=False)
    if told.any():
        found = _verdicts(table[told], level)
        table.loc[told, JUDGED] = found[JUDGED].to_numpy()
        table.loc[told, "beyond"] = ((found["verdict"] == DIFFERS) & (found["difference"] > 0)).to_numpy()
    return table.drop(columns=["gap", "gaps", "variance", "images"])


def _verdicts(cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """A verdict a cell, all of one family."""
    seeds = int(cells["gaps"].min())
    most = cells["key"].nunique() * (seeds - 1)
    variances, freedom = moderated(cells["variance"].to_numpy(float), seeds - 1, most)
    mean = cells["gap"].to_numpy(float)
    error = np.sqrt(variances / cells["gaps"].to_numpy() + cells["images"].to_numpy())
    return judge([Gap(mean, mean, error, seeds, freedom)], level=level)
