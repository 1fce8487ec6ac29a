"""Scores that sum up how tickets fare on corrupted images.

The mean corruption accuracy is what RobustBench ranks by (Croce et al. 2021). The corruption error of Hendrycks &
Dietterich (ICLR 2019) sets a network's errors in relation to those of a reference, which here is a ticket of the user's
choice, as a rule the dense network. CIFAR-10-C has 15 corruptions that count and four extra ones; whichever of the 15
were measured enter a mean, which says how many these were, and the extra ones are reported apart.

All functions read the table `conditions`: a row for each ticket, corruption and severity, with the accuracy. The
tickets' column is `ticket_id` or `ticket`, and is called the same in what is returned. ("clean", 0) is the clean set.
"""

import numpy as np
import pandas as pd

from analysis.corruptions import NAMES
from pruning.errors import UserError

COUNTED: tuple[str, ...] = NAMES[:15]
"""The corruptions over which CIFAR-10-C takes its mean."""
EXTRA: tuple[str, ...] = NAMES[15:]
"""The four that it holds back for development."""
NEGLIGIBLE = 0.005
"""Mean loss of accuracy (0 to 1) below which a corruption does not hurt a network, and a ratio to it means nothing."""


def mean_corruption_accuracy(conditions: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over the corruptions, each the mean over its severities; a row a ticket, in order of appearance.

    Returns columns: ticket (or ticket_id), accuracy (0 to 1, over those of the 15 that were measured), corruptions (how
    many these were), extra_accuracy and extra_corruptions (the same over the four extra ones), clean_accuracy. An
    accuracy of nothing measured is nan.
    """
    key = _key(conditions)
    each = conditions.groupby([key, "corruption"], sort=False)["accuracy"].mean().unstack()

    def means_of(names: tuple[str, ...]) -> tuple[list[float], np.ndarray]:
        rows = each.reindex(columns=list(names)).to_numpy(float)
        there = ~np.isnan(rows)
        means = [float(row[own].mean()) if own.any() else np.nan for row, own in zip(rows, there, strict=True)]
        return means, there.sum(axis=1)

    each = each.loc[conditions[key].unique()]
    (accuracy, counts), (extra, extra_counts), (clean, _) = map(means_of, (COUNTED, EXTRA, ("clean",)))
    rows = zip(each.index, accuracy, counts, extra, extra_counts, clean, strict=True)
    columns = [key, "accuracy", "corruptions", "extra_accuracy", "extra_corruptions", "clean_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def corruption_error(conditions: pd.DataFrame, baseline: str | pd.DataFrame) -> pd.DataFrame:
    """Corruption errors relative to a baseline, a row for each ticket and corruption.

    Args:
        conditions: the tickets' results.
        baseline: a ticket among them, or the rows of one that is not.

    Returns columns: ticket (or ticket_id), corruption, extra (whether it is one of the four that do not count),
    severities (how many both have; only these are used), error (mean over them, 0 to 1), ce and relative_ce:
        ce = sum_s error_s / sum_s baseline error_s, so below 1 means fewer mistakes than the baseline makes;
        relative_ce = sum_s (error_s - clean error) / sum_s (baseline error_s - baseline clean error).
    A ratio is nan where the baseline makes no error, or where a clean accuracy is missing; the relative one also where
    the baseline loses less than `NEGLIGIBLE` on average, for then it would be divided by noise. Not per cent.

    Raises UserError when the baseline is not there.
    """
    key = _key(conditions)
    reference = _baseline(conditions, key, baseline)
    expected = reference.set_index(["corruption", "severity"])["accuracy"]
    base_clean = _clean(reference)
    clean = {ticket: _clean(rows) for ticket, rows in conditions.groupby(key, sort=False)}
    cells = conditions[conditions["corruption"] != "clean"].join(
        expected.rename("expected"), on=["corruption", "severity"], how="inner"
    )
    found = []
    for (ticket, name), rows in cells.groupby([key, "corruption"], sort=False):
        error, base = 1 - rows["accuracy"].to_numpy(float), 1 - rows["expected"].to_numpy(float)
        loss = (base - (1 - base_clean)).sum()
        relative = _ratio((error - (1 - clean[ticket])).sum(), loss) if loss >= NEGLIGIBLE * len(rows) else np.nan
        ratio = _ratio(error.sum(), base.sum())
        found.append((ticket, name, name in EXTRA, len(rows), error.mean(), ratio, relative))
    return pd.DataFrame(found, columns=[key, "corruption", "extra", "severities", "error", "ce", "relative_ce"])


def mean_corruption_error(conditions: pd.DataFrame, baseline: str | pd.DataFrame) -> pd.DataFrame:
    """Mean corruption error (mCE) and relative mCE: the means of `corruption_error` over corruptions, a row a ticket.

    Returns columns: ticket (or ticket_id), mce, relative_mce, corruptions (how many of the 15 were measured),
    relative_corruptions (how many of them the relative mean covers), extra_mce, extra_relative_mce, extra_corruptions,
    extra_relative_corruptions (the same over the four extra ones). Corruptions whose ratio is nan are left out of that
    mean; a mean of none is nan. Raises UserError when the baseline is not there.
    """
    key = _key(conditions)
    errors = corruption_error(conditions, baseline)
    parts = []
    for prefix, rows in (("", errors[~errors["extra"]]), ("extra_", errors[errors["extra"]])):
        grouped = rows.groupby(key, sort=False)
        means = {"mce": grouped["ce"].mean(), "relative_mce": grouped["relative_ce"].mean()}
        counts = {"corruptions": grouped.size(), "relative_corruptions": grouped["relative_ce"].count()}
        parts.append(pd.DataFrame(means | counts).add_prefix(prefix))
    tickets = pd.Index(conditions[key].unique(), name=key)
    table = pd.concat([part.reindex(tickets) for part in parts], axis=1)
    whole = [column for column in table.columns if column.endswith("corruptions")]
    return (
        table.astype(dict.fromkeys(whole, float))
        .fillna(dict.fromkeys(whole, 0))
        .astype(dict.fromkeys(whole, int))
        .reset_index()
    )


def _key(conditions: pd.DataFrame) -> str:
    return "ticket_id" if "ticket_id" in conditions.columns else "ticket"


def _baseline(conditions: pd.DataFrame, key: str, baseline: str | pd.DataFrame) -> pd.DataFrame:
    if isinstance(baseline, pd.DataFrame):
        rows, name = baseline, "given"
    else:
        rows, name = conditions[conditions[key] == baseline], f"'{baseline}'"
    if rows.empty:
        raise UserError(f"The baseline {name} has no results on corrupted images; measure it, or choose another.")
    if rows.duplicated(["corruption", "severity"]).any():
        raise UserError(f"The baseline {name} has more than one result for a condition; choose a single ticket.")
    return rows


def _clean(rows: pd.DataFrame) -> float:
    """The accuracy on the clean set, nan when it was not measured."""
    return float(rows.loc[rows["corruption"] == "clean", "accuracy"].mean())


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")
