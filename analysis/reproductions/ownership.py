"""Chen et al. 2021: a ticket carries its owner's mark at no cost; put to thieves who train again, and permute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.measures.ownership import CODE, INNOCENT, OWN, TRIGGERS
from analysis.metrics.attacks_on_marks import FORGED, MAGNITUDE, NONE, PERMUTED, RANDOM, REALIGNED, STEPS, TUNED
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number, weakest
from analysis.reproductions.study_results import StudyResults, accuracy
from pruning.ownership.mark import CLAIM
from pruning.study.folder import Entry

SPARSITY, LOCKED = 0.9, 0.905
TICKET, SIGNED, TRIGGERED = ("imp", SPARSITY), ("Signed", SPARSITY), ("Triggered", SPARSITY)
FIFTH, HALF, MOST = STEPS[2], STEPS[4], STEPS[5]  # 20, 48.8 and 59 % of the kept weights
PROOF = "orders of magnitude that the p value lies below 1e-6, corrected for all windows"
OFTEN = 50.0
"""Per cent of the seeds: what is read in more is read."""


class Marks:
    """What was measured of the marks of a study, the worst of the rows where there are several."""

    def __init__(self, study: StudyResults) -> None:
        self.study, self.rows = study, study.results.table("ownership")

    def of(self, entry: Entry, scheme: str, relation: str, attack: str, strength: float | None) -> pd.DataFrame:
        """The rows on the mark of a signed ticket, whoever is suspected; a strength of None stands for any."""
        rows = self.rows[(self.rows["other"] == entry.id) & (self.rows["scheme"] == scheme)]
        rows = rows[(rows["relation"] == relation) & (rows["attack"] == attack)]
        return rows if strength is None else rows[np.isclose(rows["strength"], strength)]

    def after(
        self,
        of: Callable[[pd.DataFrame], float],
        attack: str,
        strength: float | None = 0.0,
        unit: str = "orders",
        scheme: str = CODE,
        relation: str = OWN,
    ) -> Number:
        """A number of the rows after an attack, a value a seed."""
        signed = SIGNED if scheme == CODE else TRIGGERED
        values = self.study.values(*signed, lambda entry: of(self.of(entry, scheme, relation, attack, strength)))
        return self.study.over_seeds(values, unit)


def proof(rows: pd.DataFrame) -> float:
    """By how many orders of magnitude the claim holds."""
    return float(np.log10(CLAIM / rows["p_value"].max()))


def doubt(rows: pd.DataFrame) -> float:
    """By how many orders of magnitude the claim fails, of whom it fails least for."""
    return float(np.log10(rows["p_value"].min() / CLAIM))


def read(rows: pd.DataFrame) -> float:
    """Per cent that a QR reader reads."""
    return 100 * float(rows["decoded"].mean())


def claims(study: StudyResults) -> list[Claim]:
    """What a mark costs, what it proves, and what thieves do about it."""
    marks = Marks(study)
    return [*_signed(study, marks), *_pruned(study, marks), *_permuted(marks), *_keys(study), *_triggers(study, marks)]


def _signed(study: StudyResults, marks: Marks) -> list[Claim]:
    return [
        Claim(
            "A code in the mask costs no accuracy: the signed ticket is as good as the ticket, within a point.",
            "-0.11 to -0.29 points",
            "accuracy, signed minus ticket",
            study.gap(SIGNED, TICKET),
            beyond=-1.0,
        ),
        Claim("The mark proves its owner.", "", PROOF, marks.after(proof, NONE)),
        Claim(
            "Neither an unsigned ticket nor a forged code passes.",
            "",
            "orders of magnitude that the smallest p value lies above 1e-6: of unsigned tickets and of 50 forged codes "
            "(the least sure)",
            weakest([marks.after(doubt, NONE, relation=INNOCENT), marks.after(doubt, FORGED)]),
            why="What texts of one length share, format, length and padding, is not compared; a forger who tries "
            "millions of texts still finds one that passes, so that the date of the text's SHA-256 decides.",
        ),
        Claim(
            "The code is read after fine-tuning.",
            "",
            "share of the seeds that a QR reader reads",
            marks.after(read, TUNED, None, "%"),
            beyond=OFTEN,
            uncounted="It could not have come out otherwise: fine-tuning keeps the mask, and with it the code.",
        ),
    ]


def _pruned(study: StudyResults, marks: Marks) -> list[Claim]:
    def paid(rows: pd.DataFrame) -> float:
        return 100 * float(rows["retrained"].mean())

    before = study.values(*SIGNED, accuracy)
    lost = study.over_seeds(before - np.array(marks.after(paid, MAGNITUDE, MOST).values))
    return [
        Claim(
            "A QR reader still reads the code when a fifth of the weights is pruned by magnitude.",
            "decoded up to 20 %",
            "share of the seeds that it reads",
            marks.after(read, MAGNITUDE, FIFTH, "%"),
            beyond=OFTEN,
            why="Level H puts a third of its codewords right, which about 4 % of wrong modules use up; "
            "weights that were revived for the code are pruned among the first.",
        ),
        *(
            Claim(
                f"The p value proves the mark when {100 * share:.3g} % are pruned by magnitude.",
                "",
                PROOF,
                marks.after(proof, MAGNITUDE, share),
            )
            for share in (FIFTH, HALF)
        ),
        Claim(
            "The p value proves the mark when 20 % are pruned at random.",
            "",
            PROOF,
            marks.after(proof, RANDOM, FIFTH),
        ),
        Claim(
            "Who prunes enough to endanger the mark pays: more than a point at 59 % by magnitude, trained again.",
            "91.7 % to 88.0 % at 20 %, 36.6 % at 50 %",
            "accuracy, signed ticket minus the pruned one after two epochs",
            lost,
            beyond=1.0,
            why="The paper's thief does not train again.",
        ),
        Claim(
            "The proof outlives that too.",
            "",
            f"{PROOF}, at 59 % by magnitude",
            marks.after(proof, MAGNITUDE, MOST),
        ),
    ]


def _permuted(marks: Marks) -> list[Claim]:
    return [
        Claim(
            "Permuting channels, which changes no output, hides the mark.",
            "not tried",
            "orders of magnitude that the p value lies above 1e-6",
            marks.after(doubt, PERMUTED),
        ),
        Claim(
            "Realigning the channels to the owner's ticket, the code's window left out, proves it again.",
            "",
            PROOF,
            marks.after(proof, REALIGNED),
            why="It counts where that ticket was deposited before the dispute.",
        ),
    ]


def _keys(study: StudyResults) -> list[Claim]:
    rules = ("paths", "betweenness", "magnitude")
    return [
        Claim(
            "Without its key, 5 % of the kept weights, the ticket loses more than two points; chance loses less than "
            "each rule.",
            "about 10 % is key enough",
            "accuracy, key by chance minus key by paths, betweenness or magnitude (the least sure)",
            weakest([study.gap(("Locked_random", LOCKED), (f"Locked_{rule}", LOCKED)) for rule in rules], 2.0),
            beyond=2.0,
        ),
        Claim(
            "Nor can a thief train it again: it stays more than a point behind.",
            "",
            "accuracy, ticket minus the ticket trained again without the key (the least sure of the same three)",
            weakest([study.gap(TICKET, (f"Thief_{rule}", LOCKED)) for rule in rules], 1.0),
            beyond=1.0,
            why="A ticket of these digits can spare 5 % of its weights, wherever they are; the thief trains it for as "
            "long as the ticket was trained.",
        ),
    ]


def _triggers(study: StudyResults, marks: Marks) -> list[Claim]:
    return [
        Claim(
            "Trigger images cost no accuracy either, within a point.",
            "-0.2 points",
            "accuracy, triggered minus ticket",
            study.gap(TRIGGERED, TICKET),
            beyond=-1.0,
        ),
        Claim(
            "They prove the owner after fine-tuning, after pruning by a fifth, and after permuting channels.",
            "91 % of the labels known, 16 % by chance",
            "orders of magnitude that the p value lies below 1e-6 (the least sure)",
            weakest(
                [
                    marks.after(proof, TUNED, None, scheme=TRIGGERS),
                    marks.after(proof, MAGNITUDE, FIFTH, scheme=TRIGGERS),
                    marks.after(proof, PERMUTED, scheme=TRIGGERS),
                ]
            ),
        ),
    ]


REPRODUCTION = Reproduction(
    "ownership",
    "You are caught stealing my winning lottery ticket",
    "Chen et al. 2021, arXiv 2111.00162",
    2021,
    "Three convolutions of 32 channels, 20,000 weights, on digits of 8x8 pixels, 10 epochs, 10 % of the weights kept, "
    "instead of ResNets on CIFAR; the smallest QR code (21x21, seven letters); a thief trains again for two epochs. "
    "Bounds were chosen after seeds 0 to 2 had been seen; these are seeds 3 to 5.",
    claims,
    ("ownership",),
)
