"""What the parts of Ownership read: whose mark is looked for in which tickets, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.comparisons import ownership
from analysis.measures.ownership import is_signed
from app import load
from app.load import StudyView
from app.shell import families
from app.shell.selection import Selection
from pruning.errors import UserError
from pruning.ownership.code import Code
from pruning.ownership.texts import code_of


@dataclass(frozen=True)
class View:
    """A signed ticket that is looked at, with all that was measured of its mark.

    Attributes:
        key: of the signed ticket. label: its name.
        rows: of the table `ownership` on its mark, with the suspects' key, label, method and seed.
        labels: key -> a ticket's name.
    """

    key: str
    label: str
    rows: pd.DataFrame
    labels: Mapping[str, str]

    @property
    def own(self) -> pd.DataFrame:
        """What the attacks leave of it: its own rows, forged codes left out."""
        return self.rows[(self.rows["relation"] == ownership.OWN) & (self.rows["attack"] != ownership.FORGED)]

    @property
    def shipped(self) -> pd.DataFrame:
        """The mark as it was made, a row a seed."""
        return self.own[self.own["attack"] == ownership.NONE]

    @property
    def innocent(self) -> pd.DataFrame:
        """Tickets that neither carry the mark nor descend from one that does, as they are."""
        return self.rows[(self.rows["relation"] == ownership.INNOCENT) & (self.rows["attack"] == ownership.NONE)]

    @property
    def forged(self) -> pd.DataFrame:
        """Codes of other texts in the signed ticket."""
        return self.rows[self.rows["attack"] == ownership.FORGED]

    @property
    def seeds(self) -> int:
        """How many seeds are signed."""
        return int(self.shipped["seed"].nunique())


def measured(study: StudyView, scheme: str) -> pd.DataFrame:
    """Rows of the table of one scheme, with key, label, method and seed of the suspect, and the owner's key."""
    tickets = study.tickets[["ticket_id", "key", "label", "method", "seed"]]
    rows = load.table(study, "ownership", where=f"scheme = '{scheme}'").merge(tickets, on="ticket_id")
    owners = tickets.rename(columns={"ticket_id": "other", "key": "owner"})[["other", "owner"]]
    return rows.merge(owners, on="other")


def view(selection: Selection, scheme: str = ownership.CODE) -> View | None:
    """The signed ticket asked for, the first where none is; None where nothing was measured."""
    study = selection.study
    rows = measured(study, scheme)
    owners = list(dict.fromkeys(rows.loc[rows["relation"] == ownership.OWN, "owner"]))
    if not owners:
        return None
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    key = selection.option(f"owner_{scheme}", owners[0], owners)
    return View(key, labels[key], rows[rows["owner"] == key], labels)


def signed(study: StudyView) -> list[str]:
    """Ids of the tickets that are signed."""
    return [key for key, entry in families.entries(study).items() if is_signed(entry.recipe)]


def locked(study: StudyView) -> bool:
    """Whether any ticket of the study lacks a key that its owner keeps."""
    return any(entry.recipe.option("key") is not None for entry in families.entries(study).values())


def owners_code(study: StudyView, ticket_id: str) -> Code | None:
    """The code that a ticket carries; None where the owner's text is not on this machine."""
    try:
        return code_of(families.entries(study)[ticket_id].recipe.option("code_sha256"))
    except UserError:
        return None
