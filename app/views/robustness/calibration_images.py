"""Of the section Calibration: single images, of which the results keep those of one seed."""

from __future__ import annotations

import pandas as pd

from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.stored_conditions import averaged_corruptions
from analysis.corruptions.conditions import CLEAN
from app import load
from app.views.robustness.compared_tickets import ComparedTickets

COLUMNS = ["ticket_id", "sample", "prediction", "confidence"]


def rows(compared: ComparedTickets, key: str, family: str, corruption: str, level: int) -> pd.DataFrame:
    """A ticket's images at the selected seed, under a condition or under all corruptions that count.

    Returns ticket_id, corruption, severity, sample, confidence, right; no row where none are kept.
    """
    ids = [compared.seeds[key][compared.seed_place(key)]]
    if level == 0:
        found = load.table(compared.selection.study, "samples", ids=ids, columns=COLUMNS)
        found = found.assign(corruption=CLEAN[0], severity=0)
    else:
        names = averaged_corruptions(compared.measured[family]) if corruption == MEAN else [corruption]
        listed = ", ".join("'" + each.replace("'", "''") + "'" for each in names)
        found = load.table(compared.selection.study, "corrupted", ids=ids, columns=[*COLUMNS, "corruption", "severity"],
                           where=f"corruption IN ({listed}) AND severity = {level}")  # fmt: skip
    found = found.assign(right=found["prediction"].to_numpy() == compared.labels[found["sample"].to_numpy()])
    return found[found["sample"].isin(compared.images)] if compared.images else found
