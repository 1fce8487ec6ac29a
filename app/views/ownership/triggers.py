"""What signed tickets answer to the owner's trigger images: the claim that needs no look at the mask."""

from __future__ import annotations

import pandas as pd

from analysis.comparisons import ownership
from app.shell import families, layout
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import triggers as charts
from app.views.ownership.facts import View

MOST = 0.6
"""The strongest attack that is drawn; the download has all."""

MEANINGS = {
    "attack": "what was done to the signed ticket",
    "strength": "share of the weights that is pruned or given back, or epochs of fine-tuning",
    "seeds": "training seeds",
    "known": "mean share of the trigger images whose label is known [fraction]",
    "known_low": "lower end of its 95 % interval over seeds",
    "known_high": "upper end of the same",
    "p_value": "the largest of the seeds' p values: how likely a network that was never shown the labels knows as many",
    "claimed": "seeds whose p value is below 1e-6",
    "accuracy": "mean share of the test images that are right after the attack [fraction]",
    "again": "mean share of the labels known after the attack and the thief's training [fraction]",
    "again_low": "lower end of its 95 % interval over seeds",
    "again_high": "upper end of the same",
    "retrained_claimed": "seeds whose p value is below 1e-6 after the attack and the thief's training",
    "retrained": "mean share of the test images that are right after both [fraction]",
}


def card(selection: Selection, view: View) -> None:
    """Draw the card; nothing where the ticket was not shown trigger images."""
    attacks = ownership.by_attack(view.own)
    if attacks.empty:
        return
    for name, wrong in (("known", "ber"), ("again", "retrained_ber")):
        for end, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
            attacks[name + end] = 1 - attacks[wrong + other]
    drawn = attacks[attacks["strength"].le(MOST) | (attacks["attack"] == ownership.TUNED)]
    names = {place: words.attack(row["attack"], row["strength"]) for place, row in drawn.iterrows()}
    layout.card(
        f"Trigger images: what {layout.plain(view.label)} answers",
        lambda: charts.known(drawn, 1 - view.innocent["ber"], names, selection.theme),
        attacks[list(MEANINGS)],
        "triggers",
        folded=True,
        help="The owner asks for the labels of images that mean nothing and that only the owner's text gives; no look "
        "at the mask is needed. Full marks: p is below 1e-6 in every seed. Permuting channels changes no answer. Who "
        "may try millions of texts finds one whose labels any network knows, so the text's date decides here too.",
        caption=_caption(view, attacks),
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _caption(view: View, attacks: pd.DataFrame) -> str:
    shown = int(view.shipped["n"].iloc[0])
    said = [f"{shown} images. {families.mean_words(view.seeds)}"]
    tuned = attacks[attacks["attack"] == ownership.TUNED]
    if len(tuned):
        row = tuned.iloc[0]
        said.append(
            f"After fine-tuning, which cannot touch masks, {100 * row['known']:.0f} % are known; the claim holds in "
            f"{row['claimed']} of {row['seeds']}."
        )
    both = ownership.outlived(attacks, ownership.MAGNITUDE, "retrained_claimed")
    if both is not None:
        said.append(
            f"After pruning by magnitude and training again it holds up to {100 * both['strength']:.3g} %, where "
            f"the thief has {100 * both['retrained']:.1f} %."
        )
    return " ".join(said)
