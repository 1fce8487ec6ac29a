"""What comparisons ask about, of a study that is opened: its tickets, their results, who is right where.

from pruning import Study
from analysis import comparisons

study = Study.open("studies/mine")
comparisons.flips.flips_from_clean(comparisons.of_study.predictions(study))
comparisons.ranking.ranking(comparisons.of_study.outcomes(study), reference="dense")
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.stored_conditions import stored_outcomes, stored_predictions
from analysis.corruptions import AVAILABLE
from analysis.results.store import Results
from pruning.errors import UserError, unknown
from pruning.recipe import Recipe
from pruning.study.commands import measuring
from pruning.study.config import DENSE
from pruning.study.folder import Entry, Study
from pruning.training.recording import of_elsewhere

COLUMNS = (
    "ticket_id",
    "key",
    "method",
    "method_label",
    "label",
    "sparsity",
    "seed",
    "kept",
    "total",
    "seconds",
    "recorded",
)


def rows_of(entries: Iterable[Entry]) -> pd.DataFrame:
    """Give a row a ticket, in their order.

    Returns:
        `COLUMNS`: `key` is the same for all seeds of one method and sparsity, such as `imp-90`, `sparsity` as asked (0
        to 1), `seconds` nan where that is not known, `recorded` whether a ticket's results alone are here, no masks, no
        weights.
    """
    rows: list[dict[str, Any]] = []
    families: dict[str, str] = {}
    named: dict[tuple[str, ...], tuple[str, str, str, str]] = {}
    for entry, recipe in ((entry, entry.recipe) for entry in entries):
        same = recipe.family, recipe.name, recipe.of.name if recipe.of else ""  # whatever the seed
        names = named.get(same) or named.setdefault(same, _names(recipe))
        key, recorded = names[0], of_elsewhere(entry.info.recording)
        if families.setdefault(key, recipe.family) != recipe.family:  # found with other settings than the study's
            key = f"{key}-{recipe.family[:4]}"
            families[key] = recipe.family
        rows.append(
            {
                "ticket_id": entry.id,
                "key": key,
                **dict(zip(("method", "method_label", "label"), names[1:], strict=True)),
                "sparsity": recipe.sparsity,
                "seed": recipe.seed,
                "kept": entry.kept if recorded is None else recorded.weights or np.nan,
                "total": entry.total if recorded is None else np.nan,
                "seconds": entry.info.seconds if recorded is None else np.nan,
                "recorded": entry.info.recording is not None,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _names(recipe: Recipe) -> tuple[str, str, str, str]:
    """Key, method, its label, and the ticket's label."""
    key = DENSE if recipe.is_dense and recipe.method == DENSE else f"{recipe.method}-{100 * recipe.sparsity:g}"
    return re.sub(r"[^\w.-]+", "_", key), recipe.method, recipe.method_label, recipe.label


def tickets(study: Study) -> pd.DataFrame:
    """Give a row a ticket that was found, in the study's order: `COLUMNS`; see `rows_of`."""
    return rows_of(study.entries())


def table(study: Study, name: str) -> pd.DataFrame:
    """Give a table of the results, with the `key`, `ticket` (its label) and `seed` of each row's ticket.

    Raises:
        UserError: there is no such table, or nothing of it was measured.
    """
    rows = Results(study.path).table(name)
    if rows.empty:
        raise UserError(f"Study {study.path} has no results in the table '{name}': {measuring(study.path)}")
    found = tickets(study)[["ticket_id", "key", "label", "seed"]].rename(columns={"label": "ticket"})
    return rows.merge(found, on="ticket_id")


def outcomes(study: Study, keys: Collection[str] | None = None, corruptions: Sequence[str] = AVAILABLE) -> Outcomes:
    """Give who is right where.

    Args:
        study: one that is measured.
        keys: of the tickets asked about; None: all.
        corruptions: those asked about; the clean images come with them.

    Raises:
        UserError: nothing was measured, not on the same images, or there is no such ticket.
    """
    found = tickets(study)
    return stored_outcomes(_measured(study), _by_key(found, keys), corruptions, _seeds(found))


def predictions(
    study: Study, keys: Collection[str] | None = None, corruptions: Sequence[str] = AVAILABLE
) -> Predictions:
    """Give which class each ticket gives each image; arguments and errors as for `outcomes`."""
    entries, results = study.entries(), _measured(study)
    found = rows_of(entries)
    classes = len(entries[0].info.classes)
    return stored_predictions(results, _by_key(found, keys), corruptions, classes, _seeds(found))


def _measured(study: Study) -> Results:
    results = Results(study.path)
    if not results.ids("conditions"):
        raise UserError(f"Study {study.path} is not measured yet: {measuring(study.path)}")
    return results


def _seeds(found: pd.DataFrame) -> dict[str, int]:
    """Ticket's id -> the number of its seed."""
    return dict(zip(found["ticket_id"], found["seed"].astype(int), strict=True))


def _by_key(found: pd.DataFrame, keys: Collection[str] | None) -> dict[str, list[str]]:
    """Key -> the ids of its seeds."""
    groups = {str(key): list(ids) for key, ids in found.groupby("key", sort=False)["ticket_id"]}
    for key in keys or ():
        if key not in groups:
            raise unknown("ticket", key, groups)
    return {key: ids for key, ids in groups.items() if keys is None or key in keys}
