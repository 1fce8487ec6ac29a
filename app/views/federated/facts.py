"""What the sections of Federated read: the tickets of one setting, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.comparisons import federated
from app.shell import families
from app.shell.selection import Selection
from app.shell.theme import Style
from pruning.study.folder import Entry

COLUMNS = {
    "round": "rounds so far; 0 is before any",
    "mean": "mean over seeds [fraction]",
    "low": "lower end of the 95 % interval over seeds (Student's) [fraction]",
    "high": "upper end of the 95 % interval over seeds (Student's) [fraction]",
    "n": "training seeds",
    "bytes": "sent by all clients and to all clients so far, mean over seeds [bytes]",
    "client": "number of the client, from 1",
    "class": "the class",
    "images": "training images that the client has",
    "chance": "share of the client's most frequent class [fraction]",
    "personal": "share of the test images that the client's own network classifies right, classes weighted as the "
    "client has them [fraction]",
    "global_personal": "the same of the server's last network [fraction]",
    "rounds": "rounds; of a client, those that it took part in",
    "sent": "rounds in which the client's network came back to the server",
    "layer": "the layer's weight",
    "by_chance": "agreement expected of clients that throw coins [fraction]",
    "joining_up": "sent by a client, once [bytes]",
    "joining_down": "sent to a client, once [bytes]",
    "up": "sent by a client in a round [bytes]",
    "down": "sent to a client in a round [bytes]",
    "all_up": "sent by all clients in all rounds [bytes]",
    "all_down": "sent to all clients in all rounds [bytes]",
    "both": "sent in all [bytes]",
    "clients": "clients, of whom some may take part in a round",
}


@dataclass(frozen=True)
class View:
    """The tickets of one setting.

    Attributes:
        selection: the page's. found: key -> its seeds. styles: key -> style.
    """

    selection: Selection
    found: dict[str, list[Entry]]
    styles: dict[str, Style]

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """Rows of `comparisons.federated.rounds`."""
        return federated.rounds(self.found)

    @property
    def seeds(self) -> int:
        """Of the ticket that has most."""
        return max(len(entries) for entries in self.found.values())

    @property
    def labels(self) -> dict[str, str]:
        """Key -> name."""
        return {key: style.label for key, style in self.styles.items()}

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the tickets' names in place of their keys, for a download."""
        return families.named(rows, self.styles)

    def pick(self) -> str:
        """Let the user choose a ticket: the first that is chosen at the left, else the first."""
        default = next((key for key in self.selection.keys if key in self.found), next(iter(self.found)))
        return self.selection.pick("federated-of", "Ticket", self.labels, default=default, kind="select", width=340)

    def interval_words(self) -> str:
        """What the intervals are over, for a caption."""
        words = f"95 % intervals over {self.seeds} seeds (Student's)."
        return words if self.seeds > 1 else families.mean_words(self.seeds)


def view(selection: Selection) -> View:
    """The tickets of the setting that is chosen; a chooser where the study has several."""
    study = selection.study
    every = families.entries_of(study, list(dict.fromkeys(study.tickets["key"])))
    groups = list(federated.by_setting(every).items())
    names = {str(place): words for place, (words, _) in enumerate(groups)}
    at = "0"
    if len(groups) > 1:
        at = selection.pick("federated-setting", "Who learns together", names, kind="select", width=620)
    found = groups[int(at)][1]
    return View(selection, found, families.styles(selection, list(found)))
