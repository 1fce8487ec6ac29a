"""What a ticket is worth without the key that its owner keeps, and what a thief makes of it."""

from __future__ import annotations

from analysis.comparisons import ownership
from app.shell import families, layout
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import keys as charts

MEANINGS = {
    "name": "how the key was chosen, and its share of the kept weights",
    "by": "how the key was chosen",
    "share": "part of the kept weights that is the key [fraction]",
    "seeds": "training seeds",
    "locked": "mean accuracy without the key [fraction]",
    "locked_low": "lower end of its 95 % interval over seeds",
    "locked_high": "upper end of the same",
    "retrained": "mean accuracy when a thief has trained it again without the key [fraction]",
    "retrained_low": "lower end of its 95 % interval over seeds",
    "retrained_high": "upper end of the same",
}


def card(selection: Selection) -> None:
    """Draw the card; nothing where no ticket of the study is locked."""
    rows, whole = ownership.keys(families.entries(selection.study).values())
    if rows.empty:
        return
    rows["name"] = [words.key(by, share) for by, share in zip(rows["by"], rows["share"], strict=True)]
    seeds = int(rows["seeds"].max())
    layout.card(
        "A ticket without its key",
        charts.missing(rows, whole, selection.theme),
        rows[list(MEANINGS)],
        "keys",
        help="The owner keeps part of the weights back as a key. A thief has the rest, and may train it again as long "
        "as the ticket was trained.",
        caption=f"{words.keys(rows, whole)} " + (f"Means over {seeds} seeds." if seeds > 1 else "One seed."),
        config=layout.QUIET,
        meanings=MEANINGS,
    )
