"""What a ticket is worth without the key that its owner keeps, and what a thief makes of it."""

from __future__ import annotations

from analysis.comparisons import ownership
from app.shell import families, layout
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import keys as charts
from app.views.ownership.facts import measured

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
    "forged": "mean accuracy with as many weights given back as a forger takes for the key [fraction]",
    "forged_low": "lower end of its 95 % interval over seeds",
    "forged_high": "upper end of the same",
    "guessed": "mean share of the key that the forger's has [fraction]",
    "guessed_low": "lower end of its 95 % interval over seeds",
    "guessed_high": "upper end of the same",
    "chance": "share of the key that as many drawn weights would have [fraction]",
}


def card(selection: Selection) -> None:
    """Draw the card; nothing where no ticket of the study is locked."""
    entries = families.entries(selection.study).values()
    rows, whole = ownership.keys(entries)
    if rows.empty:
        return
    forged = ownership.forged_keys(measured(selection.study, ownership.KEY), entries)
    rows = rows.merge(forged.drop(columns="seeds"), on=["by", "share"], how="left")
    rows["name"] = [words.key(by, share) for by, share in zip(rows["by"], rows["share"], strict=True)]
    seeds = int(rows["seeds"].max())
    layout.card(
        "A ticket without its key",
        lambda: charts.missing(rows, whole, selection.theme),
        rows[list(MEANINGS)],
        "keys",
        folded=True,
        help="The owner keeps part of the weights back as a key. A thief has the rest, and may train it again as long "
        "as the ticket was trained. A forger who knows how the key was chosen trains all weights for a while, looks "
        "for a key of his own among those that were pruned, and gives it back.",
        caption=f"{words.keys(rows, whole)} " + (f"Means over {seeds} seeds." if seeds > 1 else "One seed."),
        config=layout.QUIET,
        meanings=MEANINGS,
    )
